import TestSupport
import Testing

/// Goal: `backup create|ls|contents|cat` do what they promise. Method: the built binary against `find`, `cat` and `tar`.
@Suite("backup commands") struct BackupCommandTests {
    private let store: StoreFixture

    init() throws { store = try StoreFixture("backup") }

    /// A directory `data` beside the store, with a few files.
    private func makeData() throws -> TreeBuilder {
        let builder = try TreeBuilder(store("data"))
        try builder.directory("etc")
        try builder.file("etc/hosts", "127.0.0.1 localhost\n")
        try builder.file("etc/big", String(repeating: "0123456789abcdef", count: 200_000))
        try builder.symbolicLink("link", to: "etc/hosts")
        try builder.hardLink("second", to: "etc/hosts")
        return builder
    }

    private func backUp(_ arguments: String...) throws -> ProcessResult {
        try store.holdfast.run(["backup", "create"] + arguments)
    }

    @Test("archives lie at DEST/engine/name/time, two within a second have two names")
    func names() throws {
        _ = try makeData()
        try store.holdfast("volume", "create", "v").check()
        let paths = try (0..<3).map { _ in try backUp("holdfast:v", "--to", store("b")).check().lines[0] }
        #expect(Set(paths).count == 3)
        for path in paths {
            #expect(path.hasPrefix(store("b/holdfast/v/")))
            #expect(path.hasSuffix(".tar.zst"))
            #expect(path.contains(/\/\d{8}T\d{6}Z/))
        }
        let path = try backUp("dir:" + store("data"), "--to", store("b")).check().lines[0]
        let folder = store("data").split(separator: "/").joined(separator: "%2F")
        #expect(path.hasPrefix(store("b/dir/%2F\(folder)/")), "\(path)")
    }

    @Test("the report has exactly the promised keys, and true figures")
    func report() throws {
        _ = try makeData()
        let report = try JSON(parsing: backUp("dir:" + store("data"), "--to", store("b"), "--json").check().text)[0]
        #expect(
            Set(report.keys).isSuperset(of: [
                "archive", "archiveBytes", "changedDuringRead", "entries", "newFrames", "reusedBytes", "reusedFrames",
                "seconds", "source", "sourceBytes", "tableDigest",
            ]))
        let archive = try #require(report["archive"].text)
        #expect(try Tool.run("stat", "-c", "%s", archive).check().text == "\(report["archiveBytes"].integer ?? -1)\n")
        #expect(report["entries"].integer == 6)
        #expect(report["sourceBytes"].integer == 3_200_020)
        #expect(report["source"].text == "dir:" + store("data"))
    }

    @Test("ls tells what the archives say, without reading them whole")
    func list() throws {
        _ = try makeData()
        #expect(try store.holdfast("backup", "ls", store("none")).status == 4)
        let archive = try backUp("dir:" + store("data"), "--to", store("b")).check().lines[0]
        try TreeBuilder(store("b")).file("foreign.tar.zst", "not an archive")
        let rows = try JSON(parsing: store.holdfast("backup", "ls", store("b"), "--json").check().text)
        let row = try #require(rows.elements.first { $0["archive"].text == archive })
        #expect(row["source"].text == "dir:" + store("data"))
        #expect(row["entries"].integer == 6)
        #expect(row["state"] == "complete")
        let foreign = try #require(rows.elements.first { $0["archive"].text?.hasSuffix("foreign.tar.zst") == true })
        #expect(foreign["state"].text != "complete" && foreign["source"].isNull)
        #expect(try store.holdfast("backup", "ls", store("b")).check().text.contains(archive))
    }

    @Test("contents lists what tar lists, below a path too, and JSON has the promised keys")
    func contents() throws {
        try makeData().fill(seed: 11, RandomTreeOptions(entries: 60, largestFileBytes: 9000))
        let archive = try backUp("dir:" + store("data"), "--to", store("b")).check().lines[0]
        let rows = try JSON(parsing: store.holdfast("backup", "contents", archive, "--json").check().text).elements
        let names = try Tool.script("zstd -dcq \"$1\" | tar -t --quoting-style=escape | wc -l", archive).check().text
        #expect(rows.count == Int(names.dropLast()))
        let hosts = try #require(rows.first { $0["path"] == "etc/hosts" })
        #expect(
            hosts.keys == ["digest", "gid", "linkTarget", "mode", "modifiedAt", "path", "sizeBytes", "type", "uid"])
        #expect(hosts["sizeBytes"].integer == 20)
        let digest = try Tool.run("sha256sum", store("data/etc/hosts")).check().text.prefix(64)
        #expect(hosts["digest"].text == "sha256:\(digest)")
        let below = try JSON(parsing: store.holdfast("backup", "contents", archive, "etc/", "--json").check().text)
            .elements
        #expect(below.map { $0["path"].text } == ["etc", "etc/big", "etc/hosts"])
        let lines = try store.holdfast("backup", "contents", archive).check()
        #expect(lines.lines.count == rows.count)
        #expect(!lines.output.contains(0x1b))
        #expect(try store.holdfast("backup", "contents", archive, "no/such").status == 4)
    }

    @Test("cat writes exactly the file, whatever its name")
    func cat() throws {
        let builder = try makeData()
        let names: [[UInt8]] = [
            [0xff, 0xfe], Array("a\nb".utf8), Array("-dash".utf8), Array("ünï".utf8),
            [UInt8](repeating: 0x78, count: 255),
        ]
        var generator = SeededGenerator(seed: 1)
        let content = generator.bytes(5_000_000)
        for name in names { try builder.file(name, Array(content.prefix(1000))) }
        try builder.file(Array("etc/large".utf8), content)
        let archive = Array(try backUp("dir:" + store("data"), "--to", store("b")).check().lines[0].utf8)
        let command = ["backup", "cat"].map { Array($0.utf8) }
        for name in names {
            let result = try store.holdfast.start(command + [archive, Array("./".utf8) + name]).wait().check()
            #expect(result.output == Array(content.prefix(1000)))
        }
        let large = try store.holdfast.start(command + [archive, Array("etc/large".utf8)]).wait().check()
        #expect(large.output == content)
        let reported = try store.holdfast.start(
            command + [archive, Array("etc/large".utf8), Array("--json".utf8)]
        ).wait().check()
        #expect(reported.output == content)
        #expect(try JSON(parsing: reported.errorText)["sizeBytes"].integer == 5_000_000)
        for (path, status) in [("no/such", 4), ("etc", 2)] as [(String, Int32)] {
            let result = try store.holdfast.start(command + [archive, Array(path.utf8)]).wait()
            #expect(result.status != 0 && result.output.isEmpty)
            if status == 4 { #expect(result.status == 4, "\(result)") }
            #expect(result.errorText.contains(path))
        }
    }

    @Test("to standard output: an archive like any other; the report goes to standard error")
    func toStandardOutput() throws {
        _ = try makeData()
        let result = try backUp("dir:" + store("data"), "--to", "-", "--json").check()
        #expect(try JSON(parsing: result.errorText)[0]["archive"] == "-")
        let verify = try store.holdfast("backup", "verify", "-", input: .bytes(result.output)).check()
        #expect(verify.text.contains("intact"))
        let listed = try store.holdfast("backup", "contents", "-", "etc", input: .bytes(result.output)).check()
        #expect(listed.lines.count == 3)
        let file = try store.holdfast("backup", "cat", "-", "etc/hosts", input: .bytes(result.output)).check()
        #expect(file.text == "127.0.0.1 localhost\n")
    }

    @Test("an existing file is refused without --force, and kept if the backup fails")
    func existingFile() throws {
        _ = try makeData()
        let file = store("a.tar.zst")
        try backUp("dir:" + store("data"), "--to", file).check()
        let before = try Tool.run("sha256sum", file).check().text
        #expect(try backUp("dir:" + store("data"), "--to", file).status == 5)
        #expect(try backUp("dir:" + store("nix"), "--to", file, "--force").status == 4)
        #expect(try Tool.run("sha256sum", file).check().text == before)
        try backUp("dir:" + store("data"), "--to", file, "--force").check()
    }

    @Test("a destination inside of the source is refused, and nothing is left there")
    func destinationInside() throws {
        _ = try makeData()
        let before = try TreeFingerprint(store("data"))
        for destination in ["data", "data/etc", "data/etc/x.tar.zst", "data/new/below", "data/etc/../new"] {
            let result = try backUp("dir:" + store("data"), "--to", store(destination))
            #expect(result.status == 5, "\(result)")
            #expect(result.errorText.contains("'\(store(destination))'"), "\(result)")
        }
        #expect(try TreeFingerprint(store("data")) == before)
    }

    @Test("what is missing exits with 4, and one failure does not stop the other sources")
    func missing() throws {
        _ = try makeData()
        let result = try backUp("nix", "dir:" + store("data"), "dir:" + store("nix"), "--to", store("b"))
        #expect(result.status == 4)
        #expect(result.lines.count == 1)
        #expect(result.errorText.contains("'nix'") && result.errorText.contains(store("nix")))
        for command in ["verify", "contents"] {
            #expect(try store.holdfast("backup", command, store("no.tar.zst")).status == 4)
        }
        #expect(try store.holdfast("backup", "cat", store("no.tar.zst"), "x").status == 4)
        #expect(try store.holdfast("backup", "restore", store("no.tar.zst"), "--to", "w").status == 4)
        #expect(try store.holdfast("backup", "create", "nix", "--to", store("b")).status == 4)
        #expect(try store.names().isEmpty)
    }

    @Test("a file that grows while it is read is kept, listed, and the status is 3")
    func changingFile() throws {
        let builder = try makeData()
        try builder.file(Array("log".utf8), [UInt8](repeating: 0x61, count: 80 << 20))
        let writer = try ChildProcess(
            ["bash", "-c", "while :; do echo more; done >> '\(builder.root)/log'"].map { Array($0.utf8) })
        defer {
            writer.send(9)
            _ = try? writer.wait()
        }
        let result = try backUp("dir:" + store("data"), "--to", store("b"), "--json")
        #expect(result.status == 3, "\(result)")
        let report = try JSON(parsing: result.text)[0]
        #expect(report["changedDuringRead"].elements.map { $0["path"].text } == ["log"])
        let archive = try #require(report["archive"].text)
        try store.holdfast("backup", "verify", archive).check()
        try Tool.script("zstd -dcq \"$1\" | tar -t > /dev/null", archive).check()
    }

    @Test("files that may not be read are skipped, listed, and the status is 3", .enabled(if: Environment.isRoot))
    func unreadable() throws {
        let builder = try makeData()
        try builder.file("secret", "x", mode: 0o600)
        let (asNobody, out) = try store.asNobody()
        let result = try Tool.run(
            asNobody + ["backup", "create", "dir:" + store("data"), "--to", out, "--json"])
        #expect(result.status == 3, "\(result)")
        let report = try JSON(parsing: result.text)[0]
        #expect(report["skipped"].elements.map { $0["path"].text } == ["secret"])
        #expect(report["entries"].integer == 6)
    }
}
