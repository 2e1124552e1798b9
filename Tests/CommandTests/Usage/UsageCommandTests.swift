import Foundation
import TestSupport
import Testing

/// Goal: what people and scripts get: lists, formats, partial results. Method: the binary on volumes whose content is known.
@Suite("usage") struct UsageCommandTests {
    private let store: StoreFixture
    private let volume: TreeBuilder

    init() throws {
        store = try StoreFixture("usage")
        volume = try store.makeVolume("v")
    }

    private func fill() throws {
        try Tool.script(
            """
            mkdir -p logs/old cache/deep/er; head -c 900000 /dev/urandom > cache/deep/er/huge.bin
            for i in 1 2 3 4; do head -c 50000 /dev/urandom > logs/app$i.log; done
            head -c 20000 /dev/urandom > README; ln -s README link; touch -d '100 days ago' logs/app1.log
            touch -d '2 hours ago' logs/app2.log; touch -d '3 years ago' cache/deep/er/huge.bin; touch empty
            """, in: volume.root
        ).check()
    }

    @Test("the largest entries: the large leaf and not its parents, and a directory of many")
    func top() throws {
        try fill()
        let top = try store.usage("v", "--top", "3")[0]["top"].elements
        #expect(top.map { $0["path"].text } == ["cache/deep/er/huge.bin", "logs", "README"])
        #expect(top[1]["kind"] == "directory" && top[1]["files"].integer == 4)
        #expect(top[0]["allocatedBytes"].integer == 901_120)
        #expect(try store.usage("v")[0]["top"].elements.isEmpty)
        let levels = try store.usage("v", "--depth", "1")[0]["tree"].elements
        #expect(levels.map { $0["path"].text } == [".", "cache", "logs", "README", "empty", "link"])
    }

    @Test("by age, owner, type and size; each list adds up")
    func breakdown() throws {
        try fill()
        if Environment.isRoot { try volume.owner(Array("README".utf8), 100_033, 100_033) }
        let found = try store.usage(
            "v", "--by", "age", "--by", "owner", "--by", "type", "--histogram", "--userns", "0:100000:65536")[0]
        let ages = found["byAge"].elements
        #expect(ages.map { $0["age"].text } == ["<1d", "<7d", "<30d", "<90d", "<1y", ">1y"])
        #expect(ages.map { $0["files"].integer } == [6, 0, 0, 0, 1, 1])
        let types = found["byType"].elements
        #expect(types.first?["type"].text == ".bin")
        #expect(types.contains { $0["type"] == ".log" && $0["files"].integer == 4 })
        #expect(types.contains { $0["type"] == "symlink" } && types.contains { $0["type"] == "directory" })
        for list in ["byType", "byOwner"] {
            let sum = found[list].elements.reduce(0) { $0 + ($1["allocatedBytes"].integer ?? 0) }
            #expect(sum == found["allocatedBytes"].integer, "\(list)")
        }
        let sizes = found["histogram"].elements
        #expect(sizes.reduce(0) { $0 + ($1["files"].integer ?? 0) } == found["files"].integer)
        #expect(sizes.contains { $0["size"] == "<64.0KiB" && $0["files"].integer == 4 })
        if Environment.isRoot {
            let inside = found["byOwner"].elements.first { $0["uid"].integer == 100_033 }
            #expect(inside?["containerUid"].integer == 33 && inside?["files"].integer == 1)
            #expect(found["byOwner"].elements.contains { $0["name"] == "root" })
        }
    }

    @Test("CSV has the figures of the JSON, by the same names, and survives any name")
    func csv() throws {
        try volume.file("comma, \"quote\"\nand line", String(repeating: "x", count: 9000))
        try volume.file("plain", "x")
        for list in [[], ["--top", "5"], ["--by", "type"], ["--depth", "1"]] {
            let text = try store.holdfast.run(["usage", "v", "--csv"] + list).check().text
            let parsed = try Tool.run(
                "python3", "-c",
                "import csv,json,sys; print(json.dumps(list(csv.DictReader(sys.stdin, strict=True))))",
                input: .bytes(Array(text.utf8))
            ).check().text
            let rows = try JSON(parsing: parsed).elements
            let json = try JSON(parsing: store.holdfast.run(["usage", "v", "--json"] + list).check().text)[0]
            let key = ["--top": "top", "--by": "byType", "--depth": "tree"][list.first ?? ""]
            let expected = key.map { json[$0].elements } ?? [json]
            #expect(rows.count == expected.count && text.contains("\r\n"))
            for (row, object) in zip(rows, expected) {
                for column in row.keys
                where object.keys.contains(column) && column != "scannedAt" && column != "seconds" {
                    let value = object[column].text ?? object[column].integer.map(String.init)
                    #expect(row[column].text == value ?? (object[column].boolean.map { "\($0)" } ?? ""), "\(column)")
                }
            }
        }
    }

    @Test("names never reach a terminal raw, and JSON has their bytes")
    func hostileNames() throws {
        let evil = Array("\u{1b}]0;owned\u{7}\n".utf8) + [0xff]
        try volume.file(evil, Array(repeating: 1, count: 9000))
        let table = try store.holdfast("usage", "v", "--top", "3").check()
        #expect(!table.text.contains("\u{1b}") && table.text.contains("\\x{1b}]0;owned"))
        let found = try store.usage("v", "--top", "3")[0]["top"][0]
        #expect(found["pathHex"].text == evil.map { String(format: "%02x", $0) }.joined())
    }

    @Test("Ctrl-C prints what there is, marked, and exits with 130")
    func interrupted() throws {
        try Tool.script("for i in $(seq 400); do mkdir d$i; echo x > d$i/f; done", in: volume.root).check()
        for format in [["--json"], []] {
            let process = try store.holdfast.start(
                (["usage", "v", "--io-budget", "100"] + format).map { Array($0.utf8) })
            try waitUntil("the scan is at work") {
                (try? Tool.run("ls", "-l", "/proc/\(process.identifier)/fd").text.contains(volume.root)) == true
            }
            process.send(SIGINT)
            let result = try process.wait()
            #expect(result.status == 130)
            if format.isEmpty {
                #expect(result.text.contains("≥"))
            } else {
                let found = try JSON(parsing: result.text)[0]
                #expect(found["partial"].boolean == true && (found["directories"].integer ?? 999) < 401)
            }
        }
    }

    @Test("the time limit ends a scan with what there is, status 3")
    func timeLimit() throws {
        try Tool.script("for i in $(seq 400); do mkdir d$i; done", in: volume.root).check()
        let result = try store.holdfast("usage", "v", "--io-budget", "200", "--max-time", "1s", "--json")
        #expect(result.status == 3)
        #expect(try JSON(parsing: result.text)[0]["partial"].boolean == true)
        #expect(try store.holdfast("usage", "v", "--max-time", "soon").status == 2)
    }

    @Test("watching scans again until Ctrl-C")
    func watch() throws {
        let process = try store.holdfast.start(["usage", "v", "--json", "--watch=1"].map { Array($0.utf8) })
        try waitUntil("it scanned twice") { process.textSoFar.components(separatedBy: "scannedAt").count > 2 }
        process.send(SIGINT)
        #expect(try process.wait().status == 130)
    }

    @Test(
        "a terminal shows the last scan and what grew since the first, no wider than it is",
        arguments: [(100, false), (46, false), (100, true)])
    func watchOnTerminal(_ columns: Int, _ isPlain: Bool) throws {
        // script(1) makes the terminal; the shell becomes the command, so that its number is the command's.
        let script = """
            stty cols \(columns) rows 20
            (sleep 1.5; head -c 3145728 /dev/zero > "$DATA/grown"; sync; sleep 3; kill -INT $$) &
            exec "$HOLDFAST" usage v --watch=1
            """
        var variables = ["HOLDFAST": CommandRunner.binary, "HOLDFAST_ROOT": store("store"), "DATA": volume.root]
        variables["TERM"] = "xterm"
        variables["NO_COLOR"] = isPlain ? "1" : ""
        let result = try Tool.run(["script", "-qec", script, "/dev/null"], environment: variables)
        #expect(result.status == 130)
        let screens = result.text.components(separatedBy: "\u{1b}[H\u{1b}[2J").dropFirst()
        #expect(screens.count >= 3)
        #expect(screens.first?.contains("GROWN") == false)
        let last = try #require(screens.last)
        #expect(last.contains("watching for ") && last.contains("GROWN") && last.contains("+3.0MiB"))
        #expect(last.contains("\u{1b}[36m") == (columns == 100 && !isPlain))
        #expect(last.contains("DIRS") == (columns == 100))
        let lines = last.replacing("\u{1b}[36m", with: "").replacing("\u{1b}[0m", with: "").split(separator: "\r\n")
        #expect(lines.allSatisfy { $0.count <= columns }, "\(lines)")
    }

    @Test("'usage scan' is the same as 'usage'")
    func longForm() throws {
        try fill()
        let (short, long) = (
            try store.usage("v")[0], try JSON(parsing: store.holdfast("usage", "scan", "v", "--json").text)[0]
        )
        #expect(UsageOracle(short) == UsageOracle(long))
        #expect(try store.holdfast("usage", "--help").check().text.contains("scan"))
    }
}
