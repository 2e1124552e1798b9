import FileTree
import StorageModel
import TestSupport
import Testing

@testable import Containers

/// Goal: a process finds what `docker run` would give it. Method: the same question asked in a container of a real Docker
/// and in one of ours, for every way of naming a user.
@Suite(
    "Running as docker run does",
    .enabled(if: DockerEngine.isPossible && FinishedContainer.isPossible, "needs dockerd, runc, busybox and root"))
struct RunningOracleTests {
    private let users = [
        "", "root", "www", "33", "www:app", "www:1", "app", "1000", "4711", "4711:12", ":wheel", "www:",
        "none", "app:staff", "2147483648",
    ]

    /// Ids, home, directory, and everything of the confinement that a process can see.
    private let question = """
        id -u; id -g; id -G | tr ' ' '\\n' | sort -u; echo $HOME $PATH; pwd
        grep -E '^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs)' /proc/self/status
        for path in /proc/kcore /proc/sys /proc/bus /proc/irq /sys/firmware /proc/keys; do
            mount | grep -c " on $path "
        done
        for path in /proc /dev /dev/pts /dev/shm /dev/mqueue /sys; do
            mount | grep " on $path type" | cut -d' ' -f3,5
        done
        """

    @Test("Every user, with what is around it") func users() async throws {
        try await DockerEngine.withEngine { try compare(try #require(DockerEngine.current)) }
    }

    private func compare(_ docker: DockerEngine) throws {
        let root = try Root("docker")
        try root.addAccounts()
        try root.addBusybox()
        let tar = root.directory("image.tar")
        try Tool.run("tar", "-C", root.path, "-cf", tar, ".").check()
        try docker("import", "--change", "WORKDIR /work", tar, "asked").check()
        for user in users {
            let theirs = try docker(
                "run", "--rm", "--network", "none", "--security-opt", "seccomp=unconfined", "--user", user, "asked",
                "/bin/sh", "-c", question)
            let ours = try? FinishedContainer(
                ContainerSettings(user: user, command: ["/bin/sh", "-c", question]), #"{"WorkingDir":"/work"}"#)
            if theirs.status == 0 {
                #expect(ours?.output == theirs.lines, "user '\(user)'")
            } else {
                #expect(ours == nil, "user '\(user)': \(theirs)")
            }
        }
    }
}
