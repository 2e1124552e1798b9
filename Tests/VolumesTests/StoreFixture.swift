import FileTree
import Glibc
import Holdfast
import StorageModel
import TestSupport
import Testing

/// A store in a directory of its own, and what a test needs to look into it from outside.
struct StoreFixture {
    let directory: TemporaryDirectory
    let root: String

    /// - Parameter name: the last component of the store's path.
    init(_ name: String = "store") throws {
        directory = try TemporaryDirectory("volumes")
        root = directory(name)
    }

    func open() throws -> Store { try Store.open(at: root) }

    func data(_ volume: String) -> String { "\(root)/volumes/\(volume)/_data" }

    /// Whether a path exists, a dangling link included.
    func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// The names in a directory, sorted.
    func names(_ path: String) throws -> [String] { try Tool.run("ls", "-A", path).check().lines }

    /// Writes a file into a volume.
    func write(_ text: String, to file: String, of volume: String) throws {
        try TreeBuilder(data(volume)).file(file, text)
    }

    /// Writes a file below the store's root, past Holdfast.
    func plant(_ text: String, at path: String) throws {
        try Tool.script("mkdir -p \"$(dirname \"$1\")\" && printf %s \"$2\" > \"$1\"", "\(root)/\(path)", text).check()
    }

    func read(_ file: String, of volume: String) throws -> String {
        try Tool.run("cat", "\(data(volume))/\(file)").check().text
    }

    /// Expects what must hold of a store at any time once it was opened: every row has its directory with `_data`, every
    /// directory has its row, and nothing is left in staging and trash.
    func expectOrder(_ location: SourceLocation = #_sourceLocation) throws {
        let store = try open()
        #expect(store.leftovers.isEmpty, sourceLocation: location)
        let rows = try store.volumes().map(\.name.rawValue)
        #expect(try names("\(root)/volumes").sorted() == rows.sorted(), sourceLocation: location)
        for row in rows { #expect(exists(data(row)), "\(row) has no data", sourceLocation: location) }
        #expect(try names("\(root)/staging").isEmpty, sourceLocation: location)
        #expect(try names("\(root)/trash").isEmpty, sourceLocation: location)
    }
}

extension Store {
    /// Makes a volume with the defaults.
    @discardableResult
    func create(_ name: String, labels: [String: String] = [:]) throws -> VolumeCreation {
        try createVolume(VolumeRequest(name: VolumeName(name), labels: labels))
    }

    func remove(_ name: String, force: Bool = false) throws { try removeVolume(VolumeName(name), force: force) }
}
