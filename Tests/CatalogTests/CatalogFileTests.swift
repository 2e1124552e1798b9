import Catalog
import FileTree
import StorageModel
import TestSupport
import Testing

/// Goal: a catalog is what its file says it is, and anything else is refused with a text that helps.
/// Method: the file's header is read and changed byte by byte (sqlite.org/fileformat.html), without SQLite.
@Suite("The catalog's file") struct CatalogFileTests {
    @Test("the schema is the one that was agreed on")
    func schema() throws {
        let dump = try CatalogFixture().open().schemaDump()
        let golden = try Tool.run("cat", String(#filePath).replacingLastComponent("schema.sql"))
        #expect(dump == golden.text, "after a deliberate change put this into Tests/CatalogTests/schema.sql:\n\(dump)")
    }

    @Test("a new catalog is private, in WAL mode, and says whose it is and which version")
    func header() throws {
        let fixture = try CatalogFixture()
        try fixture.open().close()
        let bytes = try fixture.bytes()
        #expect(Array(bytes[0..<15]) == Array("SQLite format 3".utf8))
        #expect(Array(bytes[18..<20]) == [2, 2], "write and read version 2 mean WAL")
        #expect(Array(bytes[60..<64]) == [0, 0, 0, 5], "user_version")
        #expect(Array(bytes[68..<72]) == Array("HFLD".utf8), "application_id")
        #expect(try Tool.run("stat", "-c", "%a", fixture.file).text == "600\n")
    }

    @Test("a mode that lets others read is taken back")
    func modeReasserted() throws {
        let fixture = try CatalogFixture()
        try fixture.open().close()
        try Tool.run("chmod", "644", fixture.file).check()
        try fixture.open().close()
        #expect(try Tool.run("stat", "-c", "%a", fixture.file).text == "600\n")
    }

    @Test("a catalog of a newer version is refused, naming both versions, and not changed")
    func newer() throws {
        let fixture = try CatalogFixture()
        try fixture.open().close()
        try fixture.patch([0, 0, 0, 42], at: 60)
        let before = try fixture.bytes()
        let failure = try #require(fixture.failureToOpen())
        #expect(failure.code == .tooNew)
        #expect(failure.message.contains("version 42") && failure.message.contains("up to 5"))
        #expect(failure.hint?.contains("newer holdfast") == true)
        #expect(try fixture.bytes() == before)
    }

    @Test("the database of another program is refused and not changed")
    func foreign() throws {
        let fixture = try CatalogFixture()
        try fixture.open().close()
        try fixture.patch(Array("ABCD".utf8), at: 68)
        let before = try fixture.bytes()
        let failure = try #require(fixture.failureToOpen())
        #expect(failure.code == .conflict)
        #expect(failure.message.contains("another program"))
        #expect(try fixture.bytes() == before)
    }

    @Test("a file that is not SQLite is called damaged")
    func garbage() throws {
        let fixture = try CatalogFixture()
        try Tool.script("head -c 8192 /dev/urandom > \"$1\"", fixture.file).check()
        let failure = try #require(fixture.failureToOpen())
        #expect(failure.code == .damaged)
        #expect(failure.object == fixture.file)
    }

    @Test("a directory in the catalog's place is a conflict")
    func directory() throws {
        let fixture = try CatalogFixture()
        try Tool.run("mkdir", fixture.file).check()
        #expect(fixture.failureToOpen()?.code == .conflict)
    }

    @Test("which of its files cannot be opened is said, with the error number")
    func unopenableFile() throws {
        let fixture = try CatalogFixture()
        try fixture.open().close()
        try Tool.script("rm -f \"$1\" && mkdir \"$1\"", fixture.file + "-wal").check()
        let failure = try #require(fixture.failureToOpen())
        #expect(failure.errno == .isDirectory)
        #expect(failure.causes.contains { $0.contains("catalog.sqlite-wal") }, "\(failure.causes)")
    }

    @Test("a damaged page is noticed and said, the program does not crash")
    func damagedPage() throws {
        let fixture = try CatalogFixture()
        let catalog = try fixture.open()
        for index in 0..<200 {
            try catalog.transaction { transaction throws(StorageError) in
                try transaction.insert(
                    Volume(name: VolumeName("volume-\(index)"), createdAt: .now, labels: ["k": "v"]))
            }
        }
        try catalog.close()
        let pages = try fixture.bytes().count / 4096
        for page in 1..<pages { try fixture.patch([UInt8](repeating: 0xa5, count: 64), at: page * 4096) }
        let failure = #expect(throws: StorageError.self) { try fixture.open().volumes() }
        #expect(failure?.code == .damaged)
    }

    @Test("an empty file, left by a crash, becomes a catalog")
    func empty() throws {
        let fixture = try CatalogFixture()
        try Tool.run("touch", fixture.file).check()
        #expect(try fixture.open().volumes().isEmpty)
    }

    @Test("a catalog whose migration was interrupted is migrated by the next open")
    func migration() throws {
        let fixture = try CatalogFixture()
        let catalog = try fixture.open()
        try catalog.transaction { transaction throws(StorageError) in try transaction.insert(.sample("kept")) }
        try catalog.close()
        // Version 0 with all tables is no state that a crash leaves: each migration is one transaction.
        try fixture.patch([0, 0, 0, 0], at: 60)
        try fixture.patch([0, 0, 0, 0], at: 68)
        #expect(fixture.failureToOpen()?.code == .conflict)
        try fixture.patch([0, 0, 0, 3], at: 60)
        try fixture.patch(Array("HFLD".utf8), at: 68)
        #expect(try fixture.open().volumes().map(\.name.rawValue) == ["kept"])
    }
}

extension String {
    /// The path of a sibling.
    fileprivate func replacingLastComponent(_ name: String) -> String {
        guard let slash = lastIndex(of: "/") else { return name }
        return self[...slash] + name
    }
}
