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
        // What is not whole stays first in the turn.
        let again = try store.holdfast("backup", "scrub", store("b"), "--budget", "1")
        #expect(again.status == 7 && again.errorText.contains(archives[1]))
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
