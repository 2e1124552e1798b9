import TestSupport
import Testing

/// Goal: whatever call of an encrypted backup fails or kills the process, an archive at its final name opens and is whole.
/// Method: as the sweep of plain backups, on two small files.
@Suite("Faults in encrypted backups", .enabled(if: FaultSweep.isPossible, "the binary has no fault seam"))
struct EncryptedBackupFaultTests {
    /// The key pair that age's own tests use.
    private static let identity = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n"
    private static let recipient = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"

    private let template: TemporaryDirectory

    init() throws {
        template = try TemporaryDirectory("template")
        let builder = try TreeBuilder(template.path)
        try builder.directory("data")
        try builder.file("data/a", "content\n")
        try builder.file("data/b", String(repeating: "more ", count: 20_000))
        try builder.file("key.txt", Self.identity)
    }

    @Test("backup create --recipient: an archive at its final name is whole", arguments: FaultSweep.possibleTroubles)
    func create(_ trouble: FaultSweep.Trouble) throws {
        try FaultSweep(
            template: template,
            arguments: [
                "backup", "create", "dir:{}/data", "--to", "{}/backups", "--recipient", Self.recipient, "--threads",
                "2",
            ]
        ).run(trouble) { run in
            let archives = try Tool.run("find", "\(run.folder)/backups", "-name", "*.tar.zst*").lines
            if run.result.status == 0 { try require(archives.count == 1, "an acknowledged archive is lost", run) }
            for archive in archives {
                try require(archive.hasSuffix(".tar.zst.age"), "an archive that is not encrypted", run)
                try run.holdfast("backup", "verify", archive, "--identity", "\(run.folder)/key.txt").check()
            }
        }
    }
}
