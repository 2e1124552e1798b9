import TestSupport
import Testing

/// Goal: an archive that takes frames from the one before is, byte for byte, the archive that a full backup makes, and what
/// changed is in it. Method: after each of many changes, one archive with and one without reuse, compared as bytes up to
/// their tables; the report's figures say that frames were taken.
@Suite("Frame reuse") struct ReuseTests {
    private let store: StoreFixture
    private let data: TreeBuilder

    init() throws {
        store = try StoreFixture("reuse")
        data = try TreeBuilder(store("data"))
        var generator = SeededGenerator(seed: 17)
        for folder in 0..<6 {
            try data.directory("d\(folder)")
            for file in 0..<40 {
                try data.file(
                    Array("d\(folder)/f\(file)".utf8), generator.bytes(Int.random(in: 0..<24_000, using: &generator)))
            }
        }
        try data.file(Array("d2/large".utf8), generator.bytes(5_000_001))
        try data.hardLink("d4/link", to: "d1/f3")
        try data.symbolicLink("d4/symbolic", to: "../d1/f3")
        try data.sparseFile(
            Array("d3/sparse".utf8), sizeBytes: 3 << 20, pieces: [(offset: 1 << 20, content: generator.bytes(5000))])
        try data.attribute(Array("d5/f7".utf8), "user.note", Array("kept".utf8))
        // Files younger than three seconds are read again in any case.
        try Tool.run("sleep", "3.1").check()
    }

    @discardableResult
    private func create(_ options: String...) throws -> JSON { try store.backUp(data, options) }

    @discardableResult
    private func expectSameAsFull(_ change: String, _ options: String...) throws -> JSON {
        try store.expectSameAsFull(data, change, options)
    }

    @Test("nothing changed: every frame is taken, and the archive stands without the one before")
    func nothing() throws {
        let first = try create("--to", store("b"))
        #expect(first["previous"].isNull && first["reusedFrames"].integer == 0)
        let second = try expectSameAsFull("nothing")
        #expect(second["newFrames"].integer == 0 && second["reusedFrames"].integer == first["newFrames"].integer)
        #expect(second["previous"].text == first["archive"].text)
        #expect(second["reusedBytes"].integer ?? 0 > 5_000_000)
        try Tool.run("rm", try #require(first["archive"].text)).check()
        let archive = try #require(second["archive"].text)
        try store.holdfast("backup", "restore", archive, "--to", "dir:" + store("out")).check()
        let difference = try TreeFingerprint(store("out")).difference(from: TreeFingerprint(data.root))
        #expect(difference.isEmpty, "\(difference.joined(separator: "\n"))")
    }

    /// What is done to the tree, and the most frames that may be made anew.
    private static let changes: [(script: String, newFrames: Int)] = [
        ("echo more >> d3/f5", 2),
        ("truncate -s 5000 d3/f6", 2),
        ("echo new > d0/a-new-file", 3),
        ("rm d5/f39", 3),
        ("chmod 600 d1/f1 && chown 12:34 d1/f2", 2),
        ("touch d1/f4", 2),
        ("mv d1/f8 d1/renamed", 3),
        ("mv d4 d4-renamed", 6),
        ("mv d2 z-behind-all", 8),
        ("cp --reflink=never d2/large d2/large2", 3),
        ("mv d2/large d5/elsewhere", 8),
        ("printf changed | dd of=d2/large bs=1 seek=4500000 conv=notrunc status=none", 4),
        ("head -c 3000000 /dev/urandom >> d2/large", 4),
        ("truncate -s 4600000 d2/large", 6),
        ("truncate -s 700000 d2/large", 6),
        ("chmod 600 d2/large", 3),
        ("setfattr -n user.note -v other d5/f7", 2),
        ("setfacl -m u:77:r d5/f8", 2),
        ("ln d0/f0 d0/f0-again && ln d2/large d2/large-again", 6),
        ("rm d1/f3", 5),
        ("ln -sfn elsewhere d4/symbolic", 3),
        ("printf x | dd of=d3/sparse bs=1 seek=2500000 conv=notrunc status=none", 3),
        ("rm d3/f9 && mkdir d3/f9 && rm -r d0/f1 && mkfifo d0/f1", 5),
        ("cp -a d3/f1 d3/f1.copy && mv d3/f1.copy d3/f1", 2),
        ("rm -r d0 d1", 5),
        ("mkdir -p new/deep/er && cp d1/f* new/deep/er", 8),
    ]

    @Test("after each change the archive is what a full backup makes", arguments: 0..<changes.count)
    func change(_ number: Int) throws {
        let (script, most) = Self.changes[number]
        let first = try create("--to", store("b"))
        try Tool.script("cd \"$1\" && eval \"$2\"", data.root, script).check()
        let report = try expectSameAsFull(script)
        #expect(report["reusedFrames"].integer ?? 0 > 0)
        #expect(report["newFrames"].integer ?? .max <= most, "\(script): of \(first["newFrames"].integer ?? 0)")
    }

    @Test("many changes over many archives, each made from the one before", arguments: [3, 4])
    func rounds(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        try create("--to", store("b"))
        for round in 0..<4 {
            for _ in 0..<4 {
                let (script, _) = Self.changes[Int.random(in: 0..<Self.changes.count, using: &generator)]
                // Some find nothing to change any more; what they leave is the next round's tree.
                _ = try Tool.script("cd \"$1\" && eval \"$2\"", data.root, script)
            }
            try expectSameAsFull("round \(round)")
        }
    }

    @Test("what was just written is read again, whatever its times say")
    func racy() throws {
        try data.file("d0/young", "young")
        try create("--to", store("b"))
        let result = try store.holdfast(
            "backup", "create", "dir:" + data.root, "--to", store("b"), "--why-changed", "--json")
        let report = try JSON(parsing: result.check().text)[0]
        let reason = report["reasons"].elements.first { $0["path"] == "d0/young" }
        #expect(reason?["reason"].text == "changed just before the previous backup read it")
        #expect(report["newFrames"].integer == 0, "its frame is found again by its digest")
        try Tool.run("touch", data.root + "/d0/young").check()
        let told = try store.holdfast("backup", "create", "dir:" + data.root, "--to", store("b"), "--why-changed")
        #expect(try told.check().errorText.contains("d0/young was modified\n"))
    }

    @Test(
        "why entries were read",
        arguments: [
            ("echo >> d3/f5", "d3/f5", "has another size"), ("touch d3/f6", "d3/f6", "was modified"),
            ("chmod 600 d3/f7", "d3/f7", "has another owner or mode"),
            ("setfattr -n user.a -v b d3/f8", "d3/f8", "its status changed (ctime)"),
            ("echo > d3/new", "d3/new", "is new"), ("mv d4 d7", "d7/f0", "was renamed"),
            ("ln -sf x d3/f9", "d3/f9", "is of another kind"),
        ])
    func reasons(_ script: String, _ path: String, _ reason: String) throws {
        try create("--to", store("b"))
        try Tool.script("cd \"$1\" && eval \"$2\"", data.root, script).check()
        let report = try create("--to", store("b"), "--why-changed")
        #expect(report["reasons"].elements.first { $0["path"].text == path }?["reason"].text == reason)
        #expect(!report["reasons"].elements.contains { $0["path"] == "d5/f1" })
    }

    @Test("--skip-if-unchanged makes no archive, until something changes")
    func skip() throws {
        let first = try create("--to", store("b"), "--skip-if-unchanged")
        #expect(first["unchanged"].boolean == false)
        let second = try create("--to", store("b"), "--skip-if-unchanged")
        #expect(second["unchanged"].boolean == true && second["archive"].text == first["archive"].text)
        for script in ["rm d5/f39", "touch d0", "chmod 1777 ."] {
            try Tool.script("cd \"$1\" && eval \"$2\"", data.root, script).check()
            let report = try create("--to", store("b"), "--skip-if-unchanged")
            #expect(
                report["unchanged"].boolean == false && report["archive"].text != first["archive"].text, "\(script)")
        }
        #expect(try Tool.script("ls \"$1\"/dir/*/ | wc -l", store("b")).check().text == "4\n")
    }

    @Test("--link-unchanged gives the archive another name; one of its own once something changed or is tagged")
    func link() throws {
        let first = try create("--to", store("b"))
        let old = try #require(first["archive"].text)
        try Tool.run("touch", "-d", "2001-01-01", old).check()
        let second = try create("--to", store("b"), "--link-unchanged")
        let new = try #require(second["archive"].text)
        #expect(second["linked"].boolean == true && second["unchanged"].boolean == false && new != old)
        #expect(second["newFrames"].integer == 0 && second["reusedFrames"].integer == first["newFrames"].integer)
        #expect(second["archiveBytes"].integer == first["archiveBytes"].integer)
        #expect(try Tool.script("stat -c %i-%h \"$1\" \"$2\" | uniq -c", old, new).check().text.contains(" 2 "))
        #expect(try Tool.script("find \"$1\" -newermt 2002-01-01", new).check().text == new + "\n")
        #expect(try store.holdfast("backup", "verify", new).check().text.contains("intact"))
        let tagged = try create("--to", store("b"), "--link-unchanged", "--tag", "kept")
        #expect(tagged["linked"].boolean == false && tagged["newFrames"].integer == 0)
        for script in ["touch d0", "rm d5/f38"] {
            try Tool.script("cd \"$1\" && eval \"$2\"", data.root, script).check()
            let report = try create("--to", store("b"), "--link-unchanged")
            #expect(report["linked"].boolean == false && report["reusedFrames"].integer ?? 0 > 0, "\(script)")
        }
        try Tool.run("rm", old).check()
        let restored = try store.holdfast("backup", "verify", new).check()
        #expect(restored.text.contains("intact"), "the name stands without the first one")
    }

    @Test("no more than eight names lead to one file")
    func namesLimit() throws {
        try create("--to", store("b"))
        for number in 2...17 {
            let report = try create("--to", store("b"), "--link-unchanged")
            #expect(report["linked"].boolean == (number % 8 != 1), "\(number)")
        }
        let counts = "stat -c %i \"$1\"/dir/*/* | sort | uniq -c | sort -n | awk '{print $1}'"
        #expect(try Tool.script(counts, store("b")).check().text == "1\n8\n8\n")
    }

    @Test("--link-unchanged makes an archive where no name can be made, and says nothing of it")
    func linkAcross() throws {
        let first = try #require(try create("--to", store("b"))["archive"].text)
        let other = try TemporaryDirectory("elsewhere", in: "/dev/shm")
        let report = try create("--to", other("b"), "--previous", first, "--link-unchanged")
        #expect(report["linked"].boolean == false && report["newFrames"].integer == 0)
        #expect(try store.holdfast("backup", "verify", try #require(report["archive"].text)).check().status == 0)
        for pair in [["--full"], ["--skip-if-unchanged"]] {
            let options = ["backup", "create", "dir:" + data.root, "--to", store("b"), "--link-unchanged"] + pair
            #expect(try store.holdfast.run(options).status == 2)
        }
    }

    @Test("--skip-if-unchanged: sockets are no reason for an archive, nor is what is young and proves to be the same")
    func skipProved() throws {
        try data.file("d0/young", "young")
        try data.sparseFile(
            Array("d0/young-sparse".utf8), sizeBytes: 3 << 20, pieces: [(offset: 1 << 20, content: [1, 2, 3])])
        try data.symbolicLink("d0/young-link", to: "young")
        try data.directory("d0/young-folder")
        try data.attribute(Array("d0/young".utf8), "user.note", Array("old".utf8))
        try Tool.script("head -c 5000000 /dev/urandom > \"$1/d0/young-large\"", data.root).check()
        try Tool.script(
            "python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' \"$1/d1/socket\"",
            data.root
        ).check()
        let first = try create("--to", store("b"), "--skip-if-unchanged")
        let second = try create("--to", store("b"), "--skip-if-unchanged")
        #expect(second["unchanged"].boolean == true && second["archive"].text == first["archive"].text)
        // The same size and time of modification; only reading tells.
        try Tool.script(
            "cd \"$1/d0\" && touch -r young stamp && printf YOUNG > young && touch -r stamp young && rm stamp",
            data.root
        ).check()
        #expect(try create("--to", store("b"), "--skip-if-unchanged")["unchanged"].boolean == false)
    }

    @Test("a damaged frame of the archive before is not handed on")
    func rot() throws {
        let first = try #require(try create("--to", store("b"))["archive"].text)
        // In the middle of each 64 KiB, so that all larger frames have it.
        let script = """
            size=$(stat -c %s "$1"); for ((at = 30000; at < size - 200000; at += 65536)); do
            printf rotten | dd of="$1" bs=1 seek=$at conv=notrunc status=none; done
            """
        try Tool.run("bash", "-c", script, "rot", first).check()
        let result = try store.holdfast(
            "backup", "create", "dir:" + data.root, "--to", store("b"), "--paranoid", "100%", "--json")
        #expect(result.status == 0 || result.status == 3)
        // Read again in full: equal digests must not lead back to rotten bytes.
        _ = try expectSameAsFull("rot", "--previous", first, "--paranoid", "100")
    }

    @Test(
        "what does not fit is passed over, and said",
        arguments: [
            (
                "damaged",
                "head -c 2000 /dev/urandom | dd of=\"$1\" bs=1 seek=$(($(stat -c %s \"$1\") - 3000)) conv=notrunc status=none"
            ),
            ("cut", "truncate -s -1000 \"$1\""), ("empty", ": > \"$1\""),
            ("foreign", "echo foreign | zstd -qf -o \"$1\""),
        ])
    func unusable(_ kind: String, _ script: String) throws {
        let first = try create("--to", store("b"))
        let second = try #require(try create("--to", store("b"))["archive"].text)
        try Tool.script(script, second).check()
        let result = try store.holdfast("backup", "create", "dir:" + data.root, "--to", store("b"), "--json")
        #expect(result.status == 3, "\(kind)")
        let report = try JSON(parsing: result.text)[0]
        #expect(report["previous"].text == first["archive"].text)
        #expect(report["newFrames"].integer == 0)
        #expect(report["notices"].elements.first?.text?.contains(second) == true)
    }

    @Test("archives of another source, level or none at all are no help, and --previous says why")
    func others() throws {
        let first = try #require(try create("--to", store("b"))["archive"].text)
        try Tool.run("cp", "-a", data.root, store("other")).check()
        let other = try store.holdfast(
            "backup", "create", "dir:" + store("other"), "--to", store("b2"), "--previous", first)
        #expect(other.status == 5 && other.errorText.contains("it is of dir:"))
        let level = try store.holdfast(
            "backup", "create", "dir:" + data.root, "--to", store("b"), "--previous", first, "--level", "5")
        #expect(level.status == 5 && level.errorText.contains("level 3"))
        let missing = try store.holdfast(
            "backup", "create", "dir:" + data.root, "--to", store("b"), "--previous", store("none.tar.zst"))
        #expect(missing.status == 5)
        let full = try store.holdfast(
            "backup", "create", "dir:" + data.root, "--to", "-", "--full", "--previous", first)
        #expect(full.status == 2)
    }

    @Test("to a pipe, from a named archive; into the file that is replaced")
    func elsewhere() throws {
        let first = try #require(try create("--to", store("one.tar.zst"))["archive"].text)
        let script = "\"$1\" backup create \"$2\" --to - --previous \"$3\" --json > \"$4\""
        let piped = try Tool.script(
            script, CommandRunner.binary, "dir:" + data.root, first, store("piped.tar.zst")
        ).check()
        #expect(try JSON(parsing: piped.errorText)[0]["newFrames"].integer == 0)
        #expect(try ArchiveBytes.dataFrames(of: store("piped.tar.zst")) == ArchiveBytes.dataFrames(of: first))
        let replaced = try create("--to", store("one.tar.zst"), "--force")
        #expect(replaced["newFrames"].integer == 0)
    }
}

/// Goal: `backup diff` names what differs, and nothing else. Method: known changes between two archives.
@Suite("backup diff") struct ArchiveDifferenceTests {
    private let store: StoreFixture
    private let data: TreeBuilder

    init() throws {
        store = try StoreFixture("difference")
        data = try TreeBuilder(store("data"))
        try data.directory("a")
        for name in ["a/gone", "a/grows", "a/kept", "a/mode", "b", "c"] { try data.file(name, "content of \(name)") }
        try data.symbolicLink("link", to: "b")
    }

    private func archive(_ name: String) throws -> String {
        try store.holdfast("backup", "create", "dir:" + data.root, "--to", store(name + ".tar.zst")).check().lines[0]
    }

    @Test("what was added, removed and changed, with sizes, in the order of archives")
    func changes() throws {
        let first = try archive("first")
        let script = """
            cd "$1" && touch -r a stamp && rm a/gone && printf more >> a/grows && chmod 600 a/mode && chown 5:6 b
            printf new > a/new && ln -sfn c link && rm c && mkdir c && touch -r stamp a && rm stamp && touch -d @1 .
            """
        try Tool.script(script, data.root).check()
        let second = try archive("second")
        let rows = try JSON(parsing: store.holdfast("backup", "diff", first, second, "--json").check().text).elements
        let found = rows.map { row in
            let differences = row["differences"].elements.compactMap(\.text).filter { $0 != "time" }
            return "\(row["change"].text ?? "") \(row["path"].text ?? "") \(row["beforeBytes"].integer ?? -1) "
                + "\(row["afterBytes"].integer ?? -1) \(differences.joined(separator: ","))"
        }
        #expect(
            found == [
                "changed . 0 0 ", "removed a/gone 17 -1 ", "changed a/grows 18 22 content", "changed a/mode 17 17 mode",
                "added a/new -1 3 ", "changed b 12 12 owner", "changed c 12 0 kind,mode", "changed link 0 0 target",
            ])
        let lines = try store.holdfast("backup", "diff", first, second).check().lines
        #expect(lines.contains("- a/gone (17B)") && lines.contains("+ a/new (3B)"))
        #expect(lines.contains { $0.hasPrefix("~ a/grows (18B to 22B: content") })
    }

    @Test("attributes and ACLs that differ, and no others")
    func attributes() throws {
        try data.attribute(Array("a/kept".utf8), "user.same", Array("kept".utf8))
        try data.attribute(Array("a/mode".utf8), "user.note", Array("one".utf8))
        var generator = SeededGenerator(seed: 2)
        try data.file(Array("large".utf8), generator.bytes(2_000_000))
        let first = try archive("first")
        let script = """
            cd "$1" && setfattr -n user.note -v two a/mode && setfacl -m u:77:r a/grows && setfattr -n user.new -v x large
            setfattr -n user.folder -v x a && setfattr -n user.note -v x b && setfacl -m u:77:r b
            """
        try Tool.script(script, data.root).check()
        let second = try archive("second")
        let rows = try JSON(parsing: store.holdfast("backup", "diff", first, second, "--json").check().text).elements
        let found = rows.map { row in
            "\(row["path"].text ?? "") \(row["differences"].elements.compactMap(\.text).joined(separator: ","))"
        }
        #expect(
            found == ["a attributes", "a/grows acl", "a/mode attributes", "b attributes,acl", "large attributes"])
    }

    @Test("an archive and itself differ in nothing; one without a table cannot be compared")
    func none() throws {
        let first = try archive("first")
        #expect(try store.holdfast("backup", "diff", first, first).check().output.isEmpty)
        try Tool.script("tar -C \"$1\" -c . | zstd -q -o \"$2\"", data.root, store("foreign.tar.zst")).check()
        let foreign = try store.holdfast("backup", "diff", first, store("foreign.tar.zst"))
        #expect(foreign.status == 5 && foreign.errorText.contains("no table of contents"))
        #expect(try store.holdfast("backup", "diff", first, store("none.tar.zst")).status == 4)
    }
}
