import Foundation
import TestSupport
import Testing

/// Goal: Ctrl-C leaves nothing half-made, and other commands at the same time do no harm. Method: signals sent when a command
/// is known to be at work.
@Suite("Interrupted and simultaneous backups") struct InterruptionTests {
    private let store: StoreFixture

    init() throws {
        store = try StoreFixture("signal")
        let builder = try store.makeVolume("v")
        var generator = SeededGenerator(seed: 4)
        let block = generator.bytes(1 << 20)
        // Enough work at level 19 for a signal to come in the midst of it.
        for index in 0..<24 { try builder.file(Array("f\(index)".utf8), block + generator.bytes(1 << 20)) }
    }

    private func start(_ arguments: String...) throws -> ChildProcess {
        try store.holdfast.start(arguments.map { Array($0.utf8) })
    }

    /// Waits until `find` finds something, or the process ends.
    private func waitFor(_ arguments: String...) throws {
        for _ in 0..<4000 {
            if try !Tool.run(["find"] + arguments).output.isEmpty { return }
            usleep(5000)
        }
        Issue.record("waited in vain for \(arguments)")
    }

    @Test("an interrupted backup exits with 130 and leaves no archive", arguments: [SIGINT, SIGTERM, SIGHUP])
    func backup(signal: Int32) throws {
        let process = try start("backup", "create", "v", "--to", store("b"), "--level", "19")
        try waitFor(store("b"), "-type", "f")
        process.send(signal)
        let result = try process.wait()
        #expect(result.status == 130, "\(result)")
        #expect(result.errorText.contains("interrupted"))
        // At most what the next run takes up.
        let left = try Tool.run("find", store("b"), "-type", "f").check().lines
        #expect(left.isEmpty || left.count == 2 && left.allSatisfy { $0.contains("/.holdfast-") }, "\(left)")
        let archive = try store.holdfast("backup", "create", "v", "--to", store("b")).check().lines[0]
        #expect(try Tool.run("find", store("b"), "-type", "f").check().lines == [archive])
    }

    @Test("a second Ctrl-C ends at once; the next backup sweeps up")
    func twice() throws {
        let process = try start("backup", "create", "v", "--to", store("b"), "--level", "19")
        try waitFor(store("b"), "-type", "f")
        for _ in 0..<50 { process.send(SIGINT) }
        #expect(try process.wait().status == 130)
        let archive = try store.holdfast("backup", "create", "v", "--to", store("b")).check().lines[0]
        #expect(try Tool.run("find", store("b"), "-type", "f").check().lines == [archive])
    }

    @Test("a restore that waits for its input can be interrupted, and makes nothing")
    func restoreFromPipe() throws {
        let archive = try store.holdfast("backup", "create", "v", "--to", store("b")).check().lines[0]
        let pipe = store("pipe")
        try Tool.run("mkfifo", pipe).check()
        let writer = try ChildProcess(
            ["bash", "-c", "exec > \"$1\"; head -c 3000000 \"$2\"; sleep 60", "bash", pipe, archive].map {
                Array($0.utf8)
            })
        defer {
            kill(-writer.identifier, SIGKILL)
            _ = try? writer.wait()
        }
        let restore = try store.holdfast.start(
            ["backup", "restore", "-", "--to", "w"].map { Array($0.utf8) }, input: .file(pipe))
        try waitFor(store("store/staging"), "-type", "f", "-name", "f*")
        restore.send(SIGINT)
        let result = try restore.wait(limitSeconds: 10)
        let leftovers = try store.leftovers(in: "staging")
        #expect(result.status == 130, "\(result)")
        #expect(leftovers.isEmpty)
        #expect(try store.names() == ["v"])
    }

    @Test("backups of one volume at the same time are all whole")
    func parallelBackups() throws {
        let processes = try (0..<4).map { _ in try start("backup", "create", "v", "--to", store("b")) }
        let results = try processes.map { try $0.wait() }
        let archives = Set(results.flatMap(\.lines))
        for archive in archives { try store.holdfast("backup", "verify", archive).check() }
        #expect(archives.count == 4, "\(results)")
    }

    @Test("removing a volume while it is backed up: one of the two is told, and what succeeded is whole")
    func removeDuringBackup() throws {
        let backup = try start("backup", "create", "v", "--to", store("b"), "--level", "12")
        try waitFor(store("b"), "-type", "f")
        let removal = try store.holdfast("volume", "rm", "v")
        #expect(removal.status == 5, "\(removal)")
        let archive = try backup.wait().check().lines[0]
        try store.holdfast("backup", "verify", archive).check()
        try store.holdfast("volume", "rm", "v").check()
        try store.holdfast("backup", "restore", archive, "--to", "v").check()
    }

    @Test("two replacing restores at the same time: one content or the other, and each is told the truth")
    func rivalRestores() throws {
        let builder = try TreeBuilder(store("other"))
        try builder.file("only", "this")
        try store.holdfast("backup", "create", "dir:" + store("other"), "--to", store("other.tar.zst")).check()
        let archive = try store.holdfast("backup", "create", "v", "--to", store("b")).check().lines[0]
        try store.holdfast("volume", "create", "w").check()
        let before = try TreeFingerprint(store.mountpoint("v"), .ignoringRoot)
        let only = try TreeFingerprint(store("other"), .ignoringRoot)
        let processes = try [archive, store("other.tar.zst"), archive, store("other.tar.zst")].map {
            try start("backup", "restore", $0, "--to", "w", "--replace")
        }
        let results = try processes.map { try $0.wait() }
        #expect(results.contains { $0.status == 0 })
        #expect(results.allSatisfy { [0, 5].contains($0.status) }, "\(results)")
        let found = try TreeFingerprint(store.mountpoint("w"), .ignoringRoot)
        #expect(found == before || found == only)
        #expect(try store.leftovers(in: "staging").isEmpty)
    }
}
