import TestSupport
import Testing

/// Goal: whatever is wrong with one encrypted archive, a scrub tells it of that one and checks the others. Method: a destination
/// with sound archives beside damaged ones and one for another key; Debian's `age` says which is which.
@Suite(
    "Scrubs of encrypted archives",
    .enabled(if: Tool.exists("age") && Tool.exists("age-keygen"), "age is not installed"))
struct EncryptedScrubTests {
    private let store: StoreFixture
    private let identity: String
    private let recipient: String
    /// Where the archives lie.
    private let folder: String

    init() throws {
        store = try StoreFixture("scrub")
        identity = store("key.txt")
        for key in ["key.txt", "other.txt"] { try Tool.run("age-keygen", "-o", store(key)).check() }
        recipient = try Tool.run("age-keygen", "-y", identity).check().lines[0]
        var generator = SeededGenerator(seed: 21)
        try TreeBuilder(store("data")).file(Array("large".utf8), generator.bytes(400_000))
        let made = try store.holdfast(
            "backup", "create", "dir:" + store("data"), "--to", store("b"), "--recipient", recipient
        ).check().lines[0]
        folder = made.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        try Tool.run("mv", made, sound).check()
    }

    private var sound: String { path(1) }

    /// The archive of a day; those of later days come later in the turn.
    private func path(_ day: Int) -> String { "\(folder)/2026010\(day)T000000Z.tar.zst.age" }

    private func scrub(_ options: [String], status: Int32) throws -> JSON {
        let result = try store.holdfast.run(["backup", "scrub", store("b"), "--json"] + options)
        return try JSON(parsing: result.check(status).text)
    }

    private func ageOpens(_ archive: String) throws -> Bool {
        try Tool.script("age -d -i \"$1\" \"$2\" > \"$3\" 2>/dev/null", identity, archive, store("plain")).status == 0
    }

    /// Each spoils the file `$1`.
    private static let damages = [
        ("damaged", "printf x | dd of=\"$1\" bs=1 conv=notrunc status=none"),
        ("damaged", "at=$(grep -abo -m1 -e '^--- ' \"$1\" | cut -d: -f1); sed -i \"1,4s/^--- ./--- \\\\//\" \"$1\""),
        ("damaged", "truncate -s 100 \"$1\""), ("damaged", ": > \"$1\""),
        (
            "damaged",
            "printf rotten | dd of=\"$1\" bs=1 seek=$(($(stat -c %s \"$1\") / 2)) conv=notrunc status=none"
        ),
        ("truncated", "truncate -s $(($(stat -c %s \"$1\") / 2)) \"$1\""), ("truncated", "truncate -s -1 \"$1\""),
    ]

    @Test("headers, chunks and ends that are damaged are each told of, and everything sound is checked")
    func damages() throws {
        for (index, damage) in Self.damages.enumerated() {
            try Tool.run("cp", sound, path(index + 2)).check()
            try Tool.run("bash", "-c", damage.1, "damage", path(index + 2)).check()
        }
        // One that age made comes last.
        try Tool.script(
            "age -d -i \"$1\" \"$2\" | age -r \"$3\" > \"$4\"", identity, sound, recipient, path(9)
        ).check()
        let report = try scrub(["--identity", identity], status: 7)
        #expect(report["archives"].integer == 9 && report["verified"].integer == 9)
        #expect(report["damaged"].integer == 7 && report["unchecked"].elements.isEmpty)
        let findings = report["findings"].elements
        #expect(findings.map { $0["archive"].text } == (2...8).map { path($0) })
        #expect(findings.map { $0["verdict"].text } == Self.damages.map(\.0))
        #expect(findings.allSatisfy { !$0["findings"].elements.isEmpty })
        for day in 1...9 { #expect(try ageOpens(path(day)) == (day == 1 || day == 9), "\(day)") }
        let people = try store.holdfast("backup", "scrub", store("b"), "--identity", identity).check(7)
        #expect(people.errorText.split(separator: "\n").count == 7 && people.text.contains("7 not whole"), "\(people)")
    }

    @Test("an archive that no key opens is not damaged: it is named, the others are checked, the status is 3")
    func otherKey() throws {
        let other = try Tool.run("age-keygen", "-y", store("other.txt")).check().lines[0]
        try Tool.script("age -d -i \"$1\" \"$2\" | age -r \"$3\" > \"$4\"", identity, sound, other, path(2)).check()
        try Tool.run("cp", sound, path(3)).check()
        let report = try scrub(["--identity", identity], status: 3)
        #expect(report["verified"].integer == 2 && report["damaged"].integer == 0)
        #expect(report["unchecked"].elements.map { $0["archive"].text } == [path(2)])
        #expect(report["unchecked"][0]["verifiedAt"].isNull)
        // Both keys open all of them; afterwards the other one alone tells that the rest was sound once.
        let all = try scrub(["--identity", identity, "--identity", store("other.txt")], status: 0)
        #expect(all["verified"].integer == 3)
        let alone = try store.holdfast("backup", "scrub", store("b"), "--identity", store("other.txt")).check(3)
        #expect(alone.errorText.contains("not checked:") && alone.errorText.contains("it was found whole on"))
        #expect(alone.text.contains("1 of 3 archives checked") && alone.text.contains("2 not to be checked"))
        // Damage is worse than what cannot be told.
        try Tool.run("truncate", "-s", "0", path(3)).check()
        let both = try scrub(["--identity", identity], status: 7)
        #expect(both["damaged"].integer == 1 && both["unchecked"].elements.count == 1)
    }

    @Test("without any key, plain archives are checked and encrypted ones named")
    func noKey() throws {
        try store.holdfast("backup", "create", "dir:" + store("data"), "--to", store("b")).check()
        let report = try scrub([], status: 3)
        #expect(report["verified"].integer == 1 && report["neverVerified"].integer == 1)
        #expect(report["unchecked"][0]["reason"].text?.contains("encrypted") == true)
    }

    @Test("what this user may not read is named too", .enabled(if: Environment.isRoot, "needs another user"))
    func unreadable() throws {
        let (command, own) = try store.asNobody()
        try TreeBuilder("\(own)/data").file("a", "x")
        try Tool.run("chown", "-R", "65534:65534", own).check()
        func run(_ words: String...) throws -> ProcessResult {
            try Tool.run(command + ["backup"] + words, environment: ["HOLDFAST_ROOT": "\(own)/store"])
        }
        let closed = try run("create", "dir:\(own)/data", "--to", "\(own)/b").check().lines[0]
        let open = try run("create", "dir:\(own)/data", "--to", "\(own)/b").check().lines[0]
        try Tool.run("chmod", "000", closed).check()
        let report = try JSON(parsing: run("scrub", "\(own)/b", "--json").check(3).text)
        #expect(report["verified"].integer == 1 && report["unchecked"][0]["archive"].text == closed, "\(open)")
        #expect(report["unchecked"][0]["reason"].text?.contains("Permission denied") == true)
    }

    @Test("in a job it is a warning, and damage an error of the archive that has it")
    func job() throws {
        let text = """
            name: n
            sources: ["dir:\(store("data"))"]
            to: \(store("b"))
            recipients: [\(recipient)]
            scrub: {budget: 1GiB, identity: \(store("other.txt"))}
            """
        try Tool.run("cp", "/dev/stdin", store("n.yaml"), input: .bytes(Array(text.utf8))).check()
        let report = try JSON(parsing: store.holdfast("job", "run", store("n.yaml"), "--json").check(3).text)[0]
        #expect(report["outcome"] == "warning" && report["damagedArchives"].integer == 0)
        #expect(report["warnings"][0].text?.contains("not checked:") == true)
        #expect(report["warnings"][0].text?.contains("1 more") == true)
        try Tool.run("truncate", "-s", "20", sound).check()
        let worse = try JSON(parsing: store.holdfast("job", "run", store("n.yaml"), "--json").check(1).text)[0]
        #expect(worse["outcome"] == "failure" && worse["damagedArchives"].integer == 1)
        #expect(worse["errors"][0].text?.contains(sound) == true && worse["errors"].elements.count == 1)
    }
}
