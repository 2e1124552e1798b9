import TestSupport
import Testing

/// Goal: hooks run where and when they are meant to, cannot hang a backup, and tell what they printed. Method: shell
/// commands that leave traces.
@Suite("Hooks of a backup") struct HookTests {
    private let store: StoreFixture

    init() throws {
        store = try StoreFixture("hooks")
        try store.makeVolume("v").file("f", "f")
    }

    private func backUp(_ options: String...) throws -> ProcessResult {
        try store.holdfast.run(["backup", "create", "v", "--to", store("b")] + options)
    }

    @Test("they run in order, before and after, and know what is backed up")
    func order() throws {
        let data = try store.mountpoint("v")
        let result = try backUp(
            "--hook-before", "echo one $HOLDFAST_PHASE $HOLDFAST_SOURCE $HOLDFAST_VOLUME > \(data)/trace",
            "--hook-before", "echo two >> \(data)/trace", "--hook-after",
            "echo $HOLDFAST_PHASE $HOLDFAST_STATUS $HOLDFAST_ARCHIVE; echo to stderr >&2", "--json"
        ).check()
        let report = try JSON(parsing: result.text)[0]
        let archive = try #require(report["archive"].text)
        #expect(try store.holdfast("backup", "cat", archive, "trace").check().text == "one before holdfast:v v\ntwo\n")
        let hooks = report["hooks"].elements
        #expect(hooks.map { $0["phase"].text } == ["before", "before", "after"])
        #expect(hooks.allSatisfy { $0["exitStatus"].integer == 0 && $0["timedOut"].boolean == false })
        #expect(hooks[2]["output"].text == "after 0 \(archive)\nto stderr\n")
    }

    @Test("what they print is shown with --verbose, and not otherwise")
    func output() throws {
        #expect(try backUp("--hook-before", "echo seen").check().errorText == "")
        #expect(try backUp("--hook-before", "echo seen", "-v").check().errorText == "  | seen\n")
    }

    @Test("one that fails before keeps the backup from being made; those after it run and are told")
    func failingBefore() throws {
        let result = try backUp(
            "--hook-before", "echo no room >&2; exit 9", "--hook-before", "touch \(store("second"))", "--hook-after",
            "echo $HOLDFAST_STATUS > \(store("status"))"
        ).check(1)
        #expect(result.errorText.contains("ended with status 9"))
        #expect(result.errorText.contains("because: no room"))
        #expect(try Tool.run("cat", store("status")).check().text == "1\n")
        for path in ["b", "second"] { #expect(try Tool.run("test", "-e", store(path)).status == 1) }
    }

    @Test("one that fails after leaves the archive, and the exit status 3")
    func failingAfter() throws {
        let result = try backUp("--hook-after", "echo lost; exit 4", "--hook-after", "touch \(store("second"))").check(
            3)
        #expect(result.errorText.contains("hook after 'echo lost; exit 4': ended with status 4\n  | lost\n"))
        try store.holdfast("backup", "verify", result.lines[0]).check()
        try Tool.run("test", "-e", store("second")).check()
    }

    @Test("one that hangs is killed with all that it started", arguments: ["before", "after"])
    func hanging(_ phase: String) throws {
        let command = "sleep 971 & echo $! > \(store("pid")); echo started; sleep 972"
        let result = try backUp("--hook-\(phase)", command, "--hook-timeout", "1").check(phase == "before" ? 1 : 3)
        #expect(result.errorText.contains("started"))
        #expect(result.errorText.contains("killed"))
        let child = try Tool.run("cat", store("pid")).check().lines[0]
        try waitUntil("its child is gone") { (try? Tool.run("test", "-d", "/proc/\(child)").status) == 1 }
        #expect(try Tool.run("test", "-e", store("b")).status == (phase == "before" ? 1 : 0))
    }

    @Test(
        "one that leaves something in the background is not waited for, and one that prints without end does not fill memory"
    )
    func background() throws {
        let report = try JSON(
            parsing: backUp(
                "--hook-before", "sleep 30 & echo $! > \(store("pid"))", "--hook-before",
                "head -c 3000000 /dev/zero | tr '\\0' x", "--json"
            ).check().text)[0]
        #expect(report["hooks"][1]["output"].text?.utf8.count == 65536)
        #expect(report["hooks"][1]["outputCut"].boolean == true)
        try Tool.script("kill $(cat \"$1\")", store("pid")).check()
    }

    @Test("after an interruption those after still run")
    func interrupted() throws {
        let backup = try store.holdfast.start(
            [
                "backup", "create", "v", "--to", store("b"), "--hook-before", "touch \(store("begun")); sleep 100",
                "--hook-after", "echo $HOLDFAST_STATUS > \(store("status"))",
            ].map { Array($0.utf8) })
        try waitUntil("the hook runs") { (try? Tool.run("test", "-e", store("begun")).status) == 0 }
        backup.send(2)
        try backup.wait().check(130)
        #expect(try Tool.run("cat", store("status")).check().text == "130\n")
    }

    @Test("a container of an engine that is not there, and one of a store without a store, are errors")
    func noContainer() throws {
        try backUp("--exec-before", "nowhere:true").check(4)
        try store.holdfast(
            "backup", "create", "dir:" + store.mountpoint("v"), "--to", store("b"), "--exec-before", "c:true"
        ).check(2)
        #expect(try Tool.run("test", "-e", store("b")).status == 1)
    }
}
