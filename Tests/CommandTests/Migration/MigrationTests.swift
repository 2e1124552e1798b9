import TestSupport
import Testing

/// Goal: the one-liner of the README moves a volume to another host. Method: a real sshd on loopback, and a second store as the
/// other host.
@Suite("Migration", .enabled(if: SecureShellServer.isPossible, "needs OpenSSH"))
struct MigrationTests {
    private let store: StoreFixture
    private let server: SecureShellServer

    init() throws {
        store = try StoreFixture("migration")
        server = try SecureShellServer()
    }

    private func run(_ script: String) throws -> ProcessResult {
        let far = "env HOLDFAST_ROOT=\(store("far")) \(CommandRunner.binary)"
        let text = script.replacing("HOLDFAST", with: CommandRunner.binary).replacing("SSH", with: server.command)
            .replacing("FAR", with: far)
        return try Tool.script(text, environment: ["HOLDFAST_ROOT": store("store")])
    }

    @Test("pushed: a volume arrives with its data, labels, owner and mode")
    func push() throws {
        let owner = Environment.isRoot ? ["--uid", "70"] : []
        try store.holdfast.run(["volume", "create", "V", "--label", "app=shop", "--mode", "0750"] + owner).check()
        try TreeBuilder(store.mountpoint("V")).fill(seed: 31)
        let result = try run("HOLDFAST backup create V --to - | SSH FAR backup restore - --to V").check()
        #expect(result.text == "V\n")
        try expectSameTree(store("far/volumes/V/_data"), store.mountpoint("V"))
        let far = CommandRunner(root: store("far"))
        let details = try JSON(parsing: far("volume", "inspect", "V").check().text)[0]
        #expect(details["labels"]["app"] == "shop")
    }

    @Test("pulled: the other way round")
    func pull() throws {
        let far = CommandRunner(root: store("far"))
        try far("volume", "create", "V", "--label", "from=far").check()
        try TreeBuilder(store("far/volumes/V/_data")).fill(seed: 32, RandomTreeOptions(entries: 50))
        try run("SSH FAR backup create V --to - | HOLDFAST backup restore - --to V").check()
        try expectSameTree(store.mountpoint("V"), store("far/volumes/V/_data"))
    }

    @Test("a line that breaks in the midst leaves nothing at the far end, and the source as it is")
    func brokenLine() throws {
        try store.makeVolume("V").fill(seed: 33)
        let result = try run("HOLDFAST backup create V --to - | head -c 50000 | SSH FAR backup restore - --to V")
        #expect(result.status != 0)
        #expect(try CommandRunner(root: store("far"))("volume", "ls", "-q").check().output.isEmpty)
        #expect(try store.names() == ["V"])
    }
}
