import Catalog
import FileTree
import StorageModel
import TestSupport

/// A catalog in a directory of its own.
struct CatalogFixture {
    let directory: TemporaryDirectory
    var file: String { directory("catalog.sqlite") }

    init() throws { directory = try TemporaryDirectory("catalog") }

    func open() throws -> Catalog {
        try Catalog(in: Descriptor.openDirectory(atHostPath: directory.path), hostPath: directory.path)
    }

    /// Opens the catalog where that must fail, and returns why.
    func failureToOpen() -> StorageError? {
        do {
            _ = try open()
            return nil
        } catch {
            return error as? StorageError
        }
    }

    /// The bytes of the closed database file: an oracle that needs no SQLite.
    func bytes() throws -> [UInt8] { try Tool.run("cat", file).check().output }

    /// Overwrites part of the closed file. Its journal, all of which is in the file by then, would hide the change.
    func patch(_ bytes: [UInt8], at offset: Int) throws {
        try Tool.run("rm", "-f", file + "-wal", file + "-shm").check()
        let octal = bytes.map { "\\" + String($0, radix: 8) }.joined()
        try Tool.script(
            "printf \"$1\" | dd of=\"$2\" bs=1 seek=\"$3\" conv=notrunc status=none", octal, file, "\(offset)"
        )
        .check()
    }
}

extension Volume {
    static func sample(_ name: String, labels: [String: String] = [:]) throws(StorageError) -> Volume {
        Volume(name: try VolumeName(name), createdAt: Timestamp(seconds: 1_700_000_000), labels: labels)
    }
}
