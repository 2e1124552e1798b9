import TestSupport
import Testing

/// Goal: `backup restore` puts things where they belong and nothing else anywhere. Method: the built binary, foreign archives made
/// by `tar`.
@Suite("backup restore") struct RestoreCommandTests {
    private let store: StoreFixture
    private let archive: String

    init() throws {
        store = try StoreFixture("restore")
        archive = store("a.tar.zst")
        let builder = try TreeBuilder(store("data"))
        try builder.directory("d")
        try builder.file("d/one", "1")
        try builder.file("d/two", "22")
        try builder.file("top", "333")
        try builder.symbolicLink("link", to: "d/one")
        try store.holdfast("backup", "create", "dir:" + store("data"), "--to", archive).check()
    }

    private func restore(_ arguments: String...) throws -> ProcessResult {
        try store.holdfast.run(["backup", "restore", archive] + arguments)
    }

    @Test("what is not empty needs --replace or --merge")
    func notEmpty() throws {
        try store.makeVolume("v").file("old", "x")
        let refusal = try restore("--to", "v")
        #expect(refusal.status == 5)
        #expect(refusal.errorText.contains("--replace") && refusal.errorText.contains("--merge"))
        try restore("--to", "v", "--merge").check()
        let merged = try Tool.run("ls", "-A", store.mountpoint("v")).check().lines
        #expect(merged == ["d", "link", "old", "top"])
        try restore("--to", "v", "--replace").check()
        try expectSameTree(store.mountpoint("v"), store("data"))
        #expect(try store.leftovers(in: "trash").isEmpty)
    }

    @Test("a directory: missing, empty, not empty")
    func intoDirectory() throws {
        try restore("--to", "dir:" + store("new")).check()
        try expectSameTree(store("new"), store("data"))
        let empty = try store.directory.makeDirectory("empty")
        try restore("--to", "dir:" + empty).check()
        try expectSameTree(empty, store("data"))
        #expect(try restore("--to", "dir:" + empty).status == 5)
        try TreeBuilder(empty).file("extra", "x")
        try restore("--to", "dir:" + empty, "--replace").check()
        try expectSameTree(empty, store("data"))
    }

    @Test("--merge replaces links and never writes through them")
    func mergeOverLinks() throws {
        let canary = try TreeBuilder(store("canary"))
        try canary.file("one", "untouched")
        let before = try TreeFingerprint(canary.root)
        let builder = try store.makeVolume("v")
        try builder.symbolicLink("d", to: canary.root)
        try builder.symbolicLink("top", to: canary.root + "/one")
        try restore("--to", "v", "--merge").check()
        #expect(try TreeFingerprint(canary.root).difference(from: before).isEmpty)
        #expect(try Tool.run("stat", "-c", "%F", store.mountpoint("v") + "/top").check().text == "regular file\n")
    }

    @Test("--path restores a part, what is not there exits with 4")
    func parts() throws {
        try restore("--to", "v", "--path", "d/two", "--path", "top").check()
        let files = try Tool.run("find", ".", "-type", "f", in: store.mountpoint("v")).check().lines.sorted()
        #expect(files == ["./d/two", "./top"])
        #expect(try restore("--to", "w", "--path", "nix").status == 4)
        #expect(try store.names() == ["v"])
    }

    @Test("--path restores the content of a hard link whose first name is not selected")
    func partWithLinks() throws {
        let builder = try TreeBuilder(store("linked"))
        try builder.directory("a")
        try builder.directory("z")
        try builder.file("a/first", "shared content")
        try builder.hardLink("z/second", to: "a/first")
        try builder.hardLink("z/third", to: "a/first")
        let linked = store("linked.tar.zst")
        try store.holdfast("backup", "create", "dir:" + store("linked"), "--to", linked).check()
        try store.holdfast("backup", "restore", linked, "--to", "v", "--path", "z").check()
        let place = try store.mountpoint("v")
        #expect(try Tool.run("cat", place + "/z/second").check().text == "shared content")
        let inodes = try Tool.run("stat", "-c", "%i %h", place + "/z/second", place + "/z/third").check().lines
        #expect(Set(inodes).count == 1 && inodes[0].hasSuffix(" 2"))
        #expect(try Tool.run("ls", place).check().lines == ["z"])
    }

    @Test("a volume that a process holds open is replaced only with --force", .enabled(if: Environment.isRoot))
    func heldOpen() throws {
        try store.makeVolume("v").file("old", "x")
        let holder = try ChildProcess(
            ["sleep", "60"].map { Array($0.utf8) }, input: .file(store.mountpoint("v") + "/old"))
        defer {
            holder.send(9)
            _ = try? holder.wait()
        }
        let refusal = try restore("--to", "v", "--replace")
        #expect(refusal.status == 5, "\(refusal)")
        #expect(refusal.errorText.contains("\(holder.identifier)"))
        #expect(try Tool.run("cat", store.mountpoint("v") + "/old").check().text == "x")
        try restore("--to", "v", "--replace", "--force").check()
        try expectSameTree(store.mountpoint("v"), store("data"))
    }

    @Test("archives of other tools", arguments: ["", "gzip", "xz", "bzip2", "zstd", "lz4"])
    func foreign(compressor: String) throws {
        try #require(compressor.isEmpty || Tool.exists(compressor), "\(compressor) is not installed")
        let file = store("foreign.tar")
        let pipe = compressor.isEmpty ? "cat" : compressor + " -c"
        try Tool.script("tar -c --numeric-owner -C \"$1\" . | \(pipe) > \"$2\"", store("data"), file).check()
        try store.holdfast("backup", "restore", file, "--to", "v").check()
        try expectSameTree(store.mountpoint("v"), store("data"), [.ignoringTimes])
        #expect(try store.holdfast("backup", "verify", file).status == 3)
        #expect(try store.holdfast("backup", "contents", file).check().lines.count == 6)
        #expect(try store.holdfast("backup", "cat", file, "d/two").check().text == "22")
        let bytes = try Tool.run("cat", file).check().output
        try store.holdfast("backup", "restore", "-", "--to", "w", input: .bytes(bytes)).check()
        try expectSameTree(store.mountpoint("w"), store.mountpoint("v"))
    }

    @Test("entries that would reach out of the target do not", arguments: ["absolute", "dotdot", "through-link"])
    func hostile(attack: String) throws {
        let canary = try store.directory.makeDirectory("outside")
        let file = store("hostile.tar")
        let script =
            switch attack {
            case "absolute": "echo evil > evil; tar -cPf \"$1\" --transform \"s,^evil,$2/planted,\" evil"
            case "dotdot":
                "echo evil > evil; tar -cPf \"$1\" --transform 's,^evil,../../../../../../../../$2/planted,' evil"
            default:
                "mkdir a b; ln -s \"$2\" a/x; mkdir b/x; echo evil > b/x/planted; tar -cf \"$1\" -C a x; tar -rf \"$1\" -C b x/planted"
            }
        let work = try store.directory.makeDirectory("work")
        try Tool.script(script, file, canary, in: work).check()
        _ = try store.holdfast("backup", "restore", file, "--to", "v")
        #expect(try Tool.run("ls", "-A", canary).check().output.isEmpty)
    }
}
