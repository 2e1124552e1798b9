import FileTree
import Glibc
import Mounts
import StorageModel
import TestSupport

/// A directory in which sources are made, and the checker asked about them.
final class CheckPlace: Sendable {
    let directory: TemporaryDirectory
    let tree: TreeBuilder

    init() throws {
        directory = try TemporaryDirectory("check")
        // mkdtemp(3) makes it for its owner alone.
        try Tool.run("chmod", "755", directory.path).check()
        tree = try TreeBuilder(directory("t"))
    }

    deinit {
        _ = try? Tool.script(
            "umount -R -l \"$1\"/* 2>/dev/null; chattr -R -f -i -a \"$1\"; true", directory("t"))
    }

    func callAsFunction(_ name: String) -> String { directory("t/" + name) }

    func socket(_ name: String, mode: UInt32 = 0o666) throws {
        guard mknod(self(name), S_IFSOCK | 0o666, 0) == 0, chmod(self(name), mode) == 0 else {
            throw SystemFailure("mknod", name)
        }
    }

    /// A question about one source.
    struct Question: Sendable {
        var isReadOnly = false
        var createsSource = false
        var access = SourceAccess()
        var subject = MountSubject(uid: 1000)
        var policy = MountPolicy.none
        var surroundings = HostSurroundings()
        var destination = MountChecker.Destination.unknown
        var owners = ShownOwners.asStored
    }

    func assess(_ source: String, _ question: Question = Question()) throws -> MountAssessment {
        let bind = BindMount(source: source, createsSource: question.createsSource, access: question.access)
        let mount = MountSpec(
            destination: try ContainerPath("/data"), content: .bind(bind), isReadOnly: question.isReadOnly)
        return try MountChecker(
            subject: question.subject, policy: question.policy, surroundings: question.surroundings
        ).assess(
            mount, .hostPath, destination: question.destination,
            owners: { (_) throws(StorageError) in question.owners })
    }
}
