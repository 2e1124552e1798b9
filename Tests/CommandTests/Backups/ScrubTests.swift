import TestSupport
import Testing

/// Goal: a scrub checks every archive once before any twice, within its budget, and finds damage. Method: what the journal and
/// the report say after each of several runs.
@Suite("backup scrub") struct ScrubTests {
    private let store: StoreFixture
    private let archives: [String]

    init() throws {
        store = try StoreFixture("scrub")
        let data = try TreeBuilder(store("data"))
        try data.fill(seed: 3, RandomTreeOptions(entries: 20, largestFileBytes: 5000))
        var made: [String] = []
        for _ in 0..<3 {
            made += try store.holdfast("backup", "create", "dir:" + data.root, "--to", store("b")).check().lines
        }
        archives = made
    }

    private func scrub(_ options: String...) throws -> JSON {
        try JSON(parsing: store.holdfast.run(["backup", "scrub", store("b"), "--json"] + options).text)
    }

    @Test("one a night: each in its turn, and from the beginning again")
    func turns() throws {
        for night in 1...3 {
            let report = try scrub("--budget", "1")
            #expect(report["archives"].integer == 3 && report["verified"].integer == 1)
            #expect(report["neverVerified"].integer == 3 - night)
        }
        let all = try scrub()
        #expect(all["verified"].integer == 3 && all["damaged"].integer == 0 && !all["oldestVerifiedAt"].isNull)
        let listed = try JSON(parsing: store.holdfast("backup", "ls", store("b"), "--json").check().text)
        #expect(listed.elements.count == 3)
    }

    @Test("damage is found, told with its archive, and not noted as whole")
    func damage() throws {
        try Tool.script("printf rot | dd of=\"$1\" bs=1 seek=100 conv=notrunc status=none", archives[1]).check()
        let result = try store.holdfast("backup", "scrub", store("b"), "--json")
        #expect(result.status == 7)
        let report = try JSON(parsing: result.text)
        #expect(report["damaged"].integer == 1 && report["neverVerified"].integer == 1)
        #expect(report["findings"].elements.map { $0["archive"].text } == [archives[1]])
    }

    @Test("what is damaged does not keep the others from their turn, and is named until it is gone or whole again")
    func damagedTurn() throws {
        let target = try #require(archives.min())  // The first in the first turn.
        try Tool.script("cp -p \"$1\" \"$1.whole\"; truncate -s -100 \"$1\"", target).check()
        // Never seen by a scrub, as they have another ending.
        let first = try store.holdfast("backup", "scrub", store("b"), "--budget", "1", "--json")
        #expect(first.status == 7)
        #expect(try JSON(parsing: first.text)["knownDamaged"].elements.isEmpty)
        for night in 1...2 {
            let next = try store.holdfast("backup", "scrub", store("b"), "--budget", "1", "--json")
            let report = try JSON(parsing: next.text)
            #expect(next.status == 7)
            #expect(report["damaged"].integer == 0 && report["verified"].integer == 1)
            #expect(report["neverVerified"].integer == 3 - night)
            #expect(report["knownDamaged"].elements.map { $0["archive"].text } == [target])
            #expect(report["knownDamaged"][0]["verdict"] == "truncated" && !report["knownDamaged"][0]["foundAt"].isNull)
        }
        let told = try store.holdfast("backup", "scrub", store("b"), "--budget", "0")
        #expect(told.status == 7)
        #expect(told.text.hasPrefix("0 of 3 archives checked (0B), 0 not whole, 1 known not to be,"), "\(told)")
        #expect(told.errorText.contains("\(target): truncated, as found on "), "\(told)")
        try Tool.script("mv \"$1.whole\" \"$1\"", target).check()
        #expect(try store.holdfast("backup", "scrub", store("b"), "--budget", "1").status == 0)
        #expect(try scrub("--budget", "1")["knownDamaged"].elements.isEmpty)
    }

    @Test(
        "a disk that cannot read an archive has lost it; the others are checked",
        .enabled(if: Injection.isPossible, "strace cannot inject faults here"))
    func unreadable() throws {
        let fault = "inject=pread64:error=EIO:when=3+"
        let strace = ["strace", "-f", "-o", "/dev/null", "-P", archives[1], "-e", "trace=pread64", "-e", fault]
        let result = try Tool.run(strace + [CommandRunner.binary, "backup", "scrub", store("b"), "--json"])
        let report = try JSON(parsing: result.text)
        #expect(result.status == 7 && report["verified"].integer == 3 && report["damaged"].integer == 1)
        let finding = report["findings"][0]
        #expect(finding["archive"].text == archives[1] && finding["verdict"] == "damaged")
        #expect(finding["findings"][0].text?.contains("EIO") == true)
        #expect(report["neverVerified"].integer == 1)
    }

    @Test("a damaged journal is begun anew; a wrong budget or destination is refused")
    func wrong() throws {
        _ = try scrub()
        try Tool.script("printf '{\"x\": [' > \"$1\"/.holdfast-scrub.json", store("b")).check()
        #expect(try scrub()["verified"].integer == 3)
        #expect(try store.holdfast("backup", "scrub", store("b"), "--budget", "much").status == 2)
        #expect(try store.holdfast("backup", "scrub", store("b"), "--max-time", "soon").status == 2)
        #expect(try store.holdfast("backup", "scrub", store("none")).status == 4)
    }
}
