import TestSupport
import Testing

/// Goal: a store that cannot work says why and what to do, and loses nothing. Method: stores broken in each way.
@Suite("Stores that cannot work") struct BrokenStoreTests {
    private let store: StoreFixture

    init() throws { store = try StoreFixture("broken") }

    private func expectFailure(_ status: Int32, _ words: String..., arguments: [String] = ["volume", "create", "v"])
        throws
    {
        let result = try store.holdfast.run(arguments)
        #expect(result.status == status, "\(result)")
        for word in words { #expect(result.errorText.contains(word), "\(result)") }
        #expect(result.output.isEmpty)
    }

    @Test("a relative root is a wrong command line")
    func relativeRoot() throws { try expectFailure(2, "absolute", arguments: ["volume", "ls", "--root", "store"]) }

    @Test("a file in the way")
    func fileInTheWay() throws {
        try TreeBuilder(store.directory.path).file("store", "not a directory")
        try expectFailure(5, "store")
    }

    @Test("a catalog that is no database")
    func damagedCatalog() throws {
        try store.holdfast("volume", "create", "v").check()
        try TreeBuilder(store("store")).file("catalog.sqlite", String(repeating: "garbage ", count: 2000))
        try Tool.run("rm", "-f", store("store/catalog.sqlite-wal"), store("store/catalog.sqlite-shm")).check()
        try expectFailure(7, "catalog.sqlite")
    }

    @Test("a store of a newer version is left alone", .enabled(if: Tool.exists("sqlite3")))
    func newerStore() throws {
        try store.holdfast("volume", "create", "v").check()
        try Tool.run("sqlite3", store("store/catalog.sqlite"), "PRAGMA user_version = 999").check()
        try expectFailure(1, "newer", "999", arguments: ["volume", "ls"])
    }

    @Test("a full disk: the error says so, nothing half-made stays", .enabled(if: Environment.isRoot))
    func fullDisk() throws {
        let path = try store.directory.makeDirectory("store")
        let mounted = try Tool.run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", path)
        try #require(mounted.status == 0, "tests of a full disk need the right to mount a tmpfs")
        defer { _ = try? Tool.run("umount", "-l", path) }
        let builder = try store.makeVolume("v")
        _ = try? builder.file(Array("filler".utf8), [UInt8](repeating: 1, count: 4 << 20))
        let result = try store.holdfast("volume", "create", "w")
        #expect(result.status == 1, "\(result)")
        #expect(result.errorText.contains("ENOSPC"), "\(result)")
        #expect(result.errorText.contains("hint: "))
        try builder.remove(Array("filler".utf8))
        #expect(try store.names() == ["v"])
        #expect(try store.leftovers(in: "staging").isEmpty)
        try store.holdfast("volume", "create", "w").check()
    }

    @Test("a read-only store", .enabled(if: Environment.isRoot))
    func readOnly() throws {
        let path = try store.directory.makeDirectory("store")
        try store.holdfast("volume", "create", "v").check()
        try #require(try Tool.run("mount", "--bind", path, path).status == 0, "needs the right to mount")
        defer { _ = try? Tool.run("umount", "-l", path) }
        try Tool.run("mount", "-o", "remount,bind,ro", path).check()
        try expectFailure(1, "EROFS", "read-only", arguments: ["volume", "create", "w"])
        #expect(try store.names() == ["v"])
    }
}
