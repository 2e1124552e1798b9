import TestSupport
import Testing

/// Goal: encrypted archives do all that plain ones do, `age` and `tar` read them too, and without the key they tell nothing.
/// Method: the built binary against Debian's `age`.
@Suite("Encrypted backups", .enabled(if: Tool.exists("age") && Tool.exists("age-keygen"), "age is not installed"))
struct EncryptedBackupTests {
    private let store: StoreFixture
    private let recipient: String
    private let identity: String

    init() throws {
        store = try StoreFixture("encrypted")
        identity = store("key.txt")
        try Tool.run("age-keygen", "-o", identity).check()
        recipient = try Tool.run("age-keygen", "-y", identity).check().lines[0]
    }

    /// A directory `data` beside the store: small files, and a large one of several chunks.
    private func makeData() throws -> TreeBuilder {
        let builder = try TreeBuilder(store("data"))
        try builder.directory("etc")
        try builder.file("etc/hosts", "127.0.0.1 localhost\n")
        var generator = SeededGenerator(seed: 8)
        try builder.file(Array("large".utf8), generator.bytes(2_500_000))
        try builder.hardLink("second", to: "etc/hosts")
        return builder
    }

    @discardableResult
    private func backUp(_ destination: String, _ arguments: String...) throws -> String {
        let result = try store.holdfast.run(
            ["backup", "create", "dir:" + store("data"), "--to", destination, "--recipient", recipient] + arguments)
        return try result.check().lines.first ?? ""
    }

    private func read(_ arguments: String..., input: ChildInput = .nothing) throws -> ProcessResult {
        try store.holdfast.run(["backup"] + arguments + ["--identity", identity], input: input)
    }

    @Test("below a destination they end in .age; the report's figures are true; age and tar read them")
    func oracle() throws {
        _ = try makeData()
        let report = try JSON(
            parsing: store.holdfast(
                "backup", "create", "dir:" + store("data"), "--to", store("b"), "--recipient", recipient, "--json"
            ).check().text)[0]
        let archive = try #require(report["archive"].text)
        #expect(archive.contains(/\/\d{8}T\d{6}Z\.tar\.zst\.age$/))
        #expect(try Tool.run("stat", "-c", "%s", archive).check().text == "\(report["archiveBytes"].integer ?? -1)\n")
        try Tool.run("mkdir", store("out")).check()
        try Tool.script(
            "age -d -i \"$1\" \"$2\" | tar --zstd -x -C \"$3\"", identity, archive, store("out")
        ).check()
        try expectSameTree(store("out"), store("data"))
        try Tool.script("age -d -i \"$1\" \"$2\" | zstd -tq", identity, archive).check()
    }

    @Test("with the identity, what is unchanged is taken from the encrypted archive before; without it, that is said")
    func reuse() throws {
        let data = try makeData()
        try Tool.run("sleep", "3.1").check()
        let source = "dir:" + store("data")
        func create(_ options: String...) throws -> JSON {
            let arguments = ["backup", "create", source, "--to", store("b"), "--json", "--why-changed"]
            return try JSON(parsing: store.holdfast.run(arguments + options).check().text)[0]
        }
        let first = try create("--recipient", recipient)
        let blind = try create("--recipient", recipient)
        #expect(blind["previous"].isNull && blind["reusedFrames"].integer == 0)
        #expect(blind["notices"][0].text?.contains("--identity") == true)
        let seeing = try create("--recipient", recipient, "--identity", identity)
        #expect(seeing["previous"].text == blind["archive"].text)
        #expect(seeing["newFrames"].integer == 0 && seeing["reasons"].elements.isEmpty)
        try data.file("etc/hosts", "changed")
        let changed = try create("--recipient", recipient, "--identity", identity)
        #expect(changed["reusedFrames"].integer ?? 0 > 0 && changed["newFrames"].integer ?? 9 <= 2)
        let plain = try create("--identity", identity)
        #expect(plain["previous"].text == changed["archive"].text)
        for report in [first, seeing] {
            try Tool.script(
                "age -d -i \"$1\" \"$2\" | zstd -dc | sha256sum > \"$3\"", identity, report["archive"].text ?? "",
                store("sum-" + (report["archive"].text?.split(separator: "/").last.map { String($0) } ?? ""))
            ).check()
        }
        #expect(try Tool.script("cat \"$1\"/sum-* | sort -u | wc -l", store.directory.path).check().text == "1\n")
        try read("verify", try #require(changed["archive"].text)).check()
        // A passphrase opens what it encrypted.
        try TreeBuilder(store("keys")).file("passphrase", "one two three\n")
        let phrase = store("keys/passphrase")
        func locked() throws -> JSON {
            let arguments = ["backup", "create", source, "--to", store("p"), "--json", "--passphrase-file", phrase]
            return try JSON(parsing: store.holdfast.run(arguments).check().text)[0]
        }
        #expect(try locked()["previous"].isNull)
        #expect(try locked()["reusedFrames"].integer ?? 0 > 0)
    }

    @Test("every reading command reads them, from a file and from standard input", arguments: [false, true])
    func reading(fromStandardInput: Bool) throws {
        _ = try makeData()
        let file = store("a.tar.zst.age")
        try backUp(file)
        let bytes = try Tool.run("cat", file).check().output
        let archive = fromStandardInput ? "-" : file
        let input: ChildInput = fromStandardInput ? .bytes(bytes) : .nothing
        let verify = try JSON(parsing: read("verify", archive, "--json", input: input).check().text)[0]
        #expect(verify["verdict"] == "intact")
        #expect(verify["archiveBytes"].integer == bytes.count && verify["validBytes"].integer == bytes.count)
        #expect(try read("contents", archive, "etc", input: input).check().lines.count == 2)
        #expect(try read("cat", archive, "etc/hosts", input: input).check().text == "127.0.0.1 localhost\n")
        let large = try Tool.run("cat", store("data/large")).check().output
        #expect(try read("cat", archive, "large", input: input).check().output == large)
        try read("restore", archive, "--to", "dir:" + store("out"), input: input).check()
        try expectSameTree(store("out"), store("data"))
        try read("restore", archive, "--to", "v", input: input).check()
        try expectSameTree(store.mountpoint("v"), store("data"))
        try read("restore", archive, "--to", "part", "--path", "etc/hosts", input: input).check()
        #expect(try Tool.run("find", store.mountpoint("part"), "-type", "f").check().lines.count == 1)
    }

    /// What arrives by a pipe cannot be read at any place.
    @Test("every reading command reads them from a pipe, armored ones too", arguments: ["cat", "age -a -r"])
    func pipe(command: String) throws {
        _ = try makeData()
        let file = store("a.tar.zst.age")
        try backUp(file)
        let source =
            command == "cat" ? "cat '\(file)'" : "age -d -i '\(identity)' '\(file)' | age -a -r \(recipient)"
        let holdfast = "'\(CommandRunner.binary)' backup"
        let environment = ["HOLDFAST_ROOT": store("store")]
        let key = "--identity '\(identity)'"
        func run(_ words: String) throws -> ProcessResult {
            try Tool.script("\(source) | \(holdfast) \(words) \(key)", environment: environment)
        }
        #expect(try run("contents - etc").check().lines.count == 2)
        #expect(try run("cat - etc/hosts").check().text == "127.0.0.1 localhost\n")
        #expect(try run("verify - --json").status == 3)
        try run("restore - --to v").check()
        try expectSameTree(store.mountpoint("v"), store("data"))
        let merged = try run("restore - --to v --merge")
        #expect(merged.status == 5, "\(merged)")
        let armored = store("armored.age")
        try Tool.script("\(source) > '\(armored)'").check()
        #expect(try read("contents", armored, "etc").check().lines.count == 2)
    }

    @Test("an archive of age around any tar is read like one of ours")
    func foreign() throws {
        _ = try makeData()
        for (suffix, filter) in [("tar.age", "cat"), ("tar.gz.age", "gzip"), ("tar.zst.age", "zstd -q")] {
            let file = store("foreign.\(suffix)")
            try Tool.script(
                "tar --format=pax -C \"$1\" -c . | \(filter) | age -r \(recipient) > \"$2\"", store("data"), file
            ).check()
            try read("restore", file, "--to", "dir:" + store("out"), "--replace", "--force").check()
            try expectSameTree(store("out"), store("data"))
        }
    }

    @Test("ls names source and time from the path without a key, and everything with it")
    func list() throws {
        _ = try makeData()
        try store.makeVolume("v").file("a", "b")
        let archive = try backUp(store("b"))
        let ofVolume = try store.holdfast(
            "backup", "create", "v", "--to", store("b"), "--recipient", recipient
        ).check().lines[0]
        let closed = try JSON(parsing: store.holdfast("backup", "ls", store("b"), "--json").check().text).elements
        #expect(closed.map { $0["archive"].text } == [archive, ofVolume])
        #expect(closed.map { $0["source"].text } == ["dir:" + store("data"), "holdfast:v"])
        #expect(closed.allSatisfy { $0["state"] == "encrypted" && $0["entries"].isNull })
        let time = try #require(closed[0]["createdAt"].text)
        let compact = time.filter { $0 != "-" && $0 != ":" }
        #expect(archive.contains(compact), "\(time) in \(archive)")
        let open = try JSON(parsing: read("ls", store("b"), "--json").check().text).elements
        #expect(open.allSatisfy { $0["state"] == "complete" && !$0["entries"].isNull })
        #expect(open.map { $0["source"].text } == closed.map { $0["source"].text })
    }

    @Test("without a key, with a wrong one and with the other kind: status 1, what to do, and nothing made")
    func wrongKeys() throws {
        _ = try makeData()
        let file = store("a.tar.zst.age")
        try backUp(file)
        try Tool.run("age-keygen", "-o", store("other.txt")).check()
        try TreeBuilder(store.directory.path).file("pass", "wrong\n")
        let cases: [([String], String)] = [
            ([], "--identity"), (["--identity", store("other.txt")], "not encrypted for the identity"),
            (["--passphrase-file", store("pass")], "--identity"),
        ]
        for (keys, said) in cases {
            for command in [
                ["verify", file], ["contents", file], ["cat", file, "large"], ["restore", file, "--to", "w"],
                ["restore", file, "--to", "dir:" + store("out")],
            ] {
                let result = try store.holdfast.run(["backup"] + command + keys)
                #expect(result.status == 1 && result.output.isEmpty, "\(result)")
                #expect(result.errorText.contains(said) && result.errorText.contains(file), "\(result)")
            }
        }
        #expect(try store.names().isEmpty)
        #expect(try Tool.run("test", "-e", store("out")).status != 0)
    }

    @Test("a passphrase closes and opens an archive, and is named as what is missing")
    func passphrase() throws {
        _ = try makeData()
        try TreeBuilder(store.directory.path).file("pass", "correct horse\nnot this\n")
        let file = store("p.tar.zst.age")
        try store.holdfast(
            "backup", "create", "dir:" + store("data"), "--to", file, "--passphrase-file", store("pass")
        ).check()
        let result = try store.holdfast("backup", "cat", file, "etc/hosts", "--passphrase-file", store("pass"))
        #expect(try result.check().text == "127.0.0.1 localhost\n")
        let missing = try read("contents", file)
        #expect(missing.status == 1 && missing.errorText.contains("--passphrase-file"), "\(missing)")
    }

    @Test(
        "a truncated archive is never taken for a whole one, and leaves nothing", arguments: [1, 17, 70_000, 1_300_000])
    func truncated(bytes count: Int) throws {
        _ = try makeData()
        let file = store("a.tar.zst.age")
        try backUp(file)
        let bytes = Array(try Tool.run("cat", file).check().output.dropLast(count))
        try TreeBuilder(store.directory.path).file(Array("cut.age".utf8), bytes)
        let verify = try read("verify", store("cut.age"), "--json")
        #expect(verify.status == 7, "\(verify)")
        let report = try JSON(parsing: verify.text)[0]
        #expect(["truncated", "damaged"].contains(report["verdict"].text))
        #expect((report["validBytes"].integer ?? .max) <= bytes.count)
        for archive in [store("cut.age"), "-"] {
            let input: ChildInput = archive == "-" ? .bytes(bytes) : .nothing
            for target in ["w", "dir:" + store("out")] {
                let result = try read("restore", archive, "--to", target, input: input)
                #expect(result.status == 7, "\(result)")
            }
            #expect(try read("contents", archive, input: input).status == 7)
            #expect(try read("cat", archive, "etc/hosts", input: input).status == 7)
        }
        try expectNothingWasMade()
    }

    @Test("the same by a pipe, where the end is seen last")
    func truncatedPipe() throws {
        _ = try makeData()
        let file = store("a.tar.zst.age")
        try backUp(file)
        for target in ["w", "'dir:\(store("out"))'"] {
            let result = try Tool.script(
                "head -c -1 \"$1\" | '\(CommandRunner.binary)' backup restore - --to \(target) --identity \"$2\"", file,
                identity, environment: ["HOLDFAST_ROOT": store("store")])
            #expect(result.status == 7, "\(result)")
        }
        try expectNothingWasMade()
    }

    private func expectNothingWasMade() throws {
        #expect(try store.names().isEmpty)
        #expect(try Tool.run("find", store("out"), "-type", "f").output.isEmpty)
    }

    @Test("one flipped bit is found wherever it is", arguments: [30, 150, 220, 5000, 1_000_000, -1, -40])
    func tampered(position: Int) throws {
        _ = try makeData()
        let file = store("a.tar.zst.age")
        try backUp(file)
        var bytes = try Tool.run("cat", file).check().output
        bytes[position < 0 ? bytes.count + position : position] ^= 4
        try TreeBuilder(store.directory.path).file(Array("bad.age".utf8), bytes)
        // In the header the stanza is then another's; everywhere else it is damage.
        let expected: Set<Int32> = position < 200 && position >= 0 ? [1, 7] : [7]
        #expect(expected.contains(try read("verify", store("bad.age")).status))
        let restore = try read("restore", store("bad.age"), "--to", "w")
        #expect(expected.contains(restore.status), "\(restore)")
        #expect(try store.names().isEmpty)
    }

    @Test("a damaged archive is not merged, not even the part before the damage")
    func damagedMerge() throws {
        _ = try makeData()
        let file = store("a.tar.zst.age")
        try backUp(file)
        var bytes = try Tool.run("cat", file).check().output
        bytes[bytes.count / 2] ^= 1
        try TreeBuilder(store.directory.path).file(Array("bad.age".utf8), bytes)
        try store.makeVolume("v").file("kept", "here")
        #expect(try read("restore", store("bad.age"), "--to", "v", "--merge").status == 7)
        #expect(try Tool.run("ls", "-A", store.mountpoint("v")).check().lines == ["kept"])
        try read("restore", file, "--to", "v", "--merge").check()
        #expect(try Tool.run("ls", "-A", store.mountpoint("v")).check().lines == ["etc", "kept", "large", "second"])
    }

    @Test("names, recipients and files that do not fit are refused before anything is written")
    func refusals() throws {
        _ = try makeData()
        let source = "dir:" + store("data")
        let secret = String(try Tool.run("tail", "-1", identity).check().text.dropLast())
        try TreeBuilder(store.directory.path).file("bad.txt", "# keys\n\(recipient)\n\(secret)\n")
        let cases: [([String], Int32, String)] = [
            (["--to", store("x.tar.zst.age")], 2, "--recipient"),
            (["--to", store("b"), "--recipient", "age1qqqq"], 2, "recipient"),
            (["--to", store("b"), "--recipient", secret], 2, "secret identity"),
            (["--to", store("b"), "--recipients-file", store("bad.txt")], 2, "line 3"),
            (["--to", store("b"), "--recipients-file", store("none.txt")], 4, "none.txt"),
            (["--to", store("b"), "--recipient", recipient, "--passphrase-file", store("bad.txt")], 2, "age format"),
        ]
        for (arguments, status, said) in cases {
            let result = try store.holdfast.run(["backup", "create", source] + arguments)
            #expect(result.status == status, "\(result)")
            #expect(result.errorText.contains(said), "\(result)")
            #expect(!result.errorText.contains(secret.dropFirst(16)) && !result.text.contains(secret.dropFirst(16)))
        }
        for name in ["b", "x.tar.zst.age"] { #expect(try Tool.run("test", "-e", store(name)).status != 0) }
    }

    @Test("no output shows a key or a passphrase, whatever goes wrong")
    func nothingLeaks() throws {
        _ = try makeData()
        let file = store("a.tar.zst.age")
        try backUp(file)
        let secret = String(try Tool.run("tail", "-1", identity).check().text.dropLast())
        let builder = try TreeBuilder(store.directory.path)
        try builder.file("pass", "opensesame\n")
        try builder.file("mistyped.txt", "\(secret.dropLast())\n")
        try builder.file("lower.txt", "\(secret.lowercased())\n")
        let needles = [secret, secret.lowercased(), String(secret.dropFirst(20).prefix(12)), "opensesame"]
        for keys in [
            ["--identity", identity], ["--identity", store("mistyped.txt")], ["--identity", store("lower.txt")],
            ["--passphrase-file", store("pass")], ["--identity", store("pass")], ["--passphrase-file", identity],
        ] {
            for command in [
                ["verify", file, "--json"], ["contents", file, "--json"], ["cat", file, "nix", "--json"],
                ["ls", store.directory.path, "--json"], ["restore", file, "--to", "dir:" + store("out"), "--json"],
            ] {
                let result = try store.holdfast.run(["backup"] + command + keys)
                for needle in needles {
                    #expect(!result.text.contains(needle) && !result.errorText.contains(needle), "\(keys): \(result)")
                }
            }
        }
    }
}
