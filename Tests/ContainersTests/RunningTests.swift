import FileTree
import Glibc
import StorageModel
import TestSupport
import Testing

@testable import Containers

/// Goal: a container's process runs as asked, and nothing of it is left. Method: busybox under a real runtime, with its
/// streams redirected to files of the test.
@Suite("Running containers", .enabled(if: FinishedContainer.isPossible, "running needs root, runc and busybox"))
struct RunningTests {
    private func run(
        _ settings: ContainerSettings, _ configuration: String = "{}", _ prepare: (Root) throws -> Void = { _ in }
    ) throws -> (status: Int32, output: [String]) {
        let finished = try FinishedContainer(settings, configuration, prepare)
        return (finished.status, finished.output)
    }

    @Test("The process has its user, directory, variables and host name, and its status comes back")
    func runs() throws {
        let (status, output) = try run(
            ContainerSettings(
                user: "app", workingDirectory: "/srv/here",
                command: ["/bin/sh", "-c", "id -u; id -g; id -G; pwd; echo $X $HOME; hostname; exit 7"],
                environment: ["X=y"]))
        #expect(status == 7, "\(output)")
        try #require(output.count == 6, "\(output)")
        #expect(Array(output[..<2]) == ["1000", "1000"])
        #expect(Set(output[2].split(separator: " ")) == ["1000", "6", "10"])
        #expect(output[3] == "/srv/here")
        #expect(output[4] == "y /home/app")
        #expect(output[5].count == 12)
    }

    @Test("There is no network but the loopback device, and no other process")
    func isIsolated() throws {
        let (status, output) = try run(
            ContainerSettings(command: ["/bin/sh", "-c", "ls /sys/class/net; echo $$; cat /proc/1/comm; true"]))
        #expect(status == 0)
        #expect(output == ["lo", "1", "sh"])
    }

    @Test("A read-only root is read-only, its shared memory is not")
    func readOnly() throws {
        let (status, output) = try run(
            ContainerSettings(
                command: ["/bin/sh", "-c", "touch /dev/shm/x && echo shared; touch /x || echo refused"],
                isReadOnly: true))
        #expect(status == 0)
        // Standard error may come before or after: the runtime copies the two streams.
        #expect(output.contains("shared") && output.contains("refused"), "\(output)")
    }

    @Test("Capabilities are Docker's")
    func capabilities() throws {
        let (_, output) = try run(ContainerSettings(command: ["/bin/cat", "/proc/self/status"]))
        let effective = output.first { $0.hasPrefix("CapEff:") }
        // What `docker run busybox cat /proc/self/status` shows.
        #expect(effective == "CapEff:\t00000000a80425fb")
    }

    @Test("Owners are those of the user namespace")
    func userNamespace() throws {
        let mapping = try IdentityMapping("0:100000:65536")
        let (status, output) = try run(
            ContainerSettings(
                command: ["/bin/sh", "-c", "id -u; cat /proc/self/uid_map; stat -c %u /etc"], identityMapping: mapping)
        ) { root in try Tool.run("chown", "-hR", "100000:100000", root.path, root.directory.path).check() }
        #expect(status == 0, "\(output)")
        try #require(output.count == 3, "\(output)")
        #expect(output[0] == "0")
        #expect(output[1].split(separator: " ") == ["0", "100000", "65536"])
        #expect(output[2] == "0")
    }

    @Test("A program that is missing is told, and leaves nothing")
    func missingProgram() throws {
        let (status, output) = try run(ContainerSettings(command: ["/bin/none"]))
        #expect(status != 0)
        #expect(output.joined().contains("/bin/none"))
    }

    /// Makes the bundle of a container, to be run by a process of its own.
    private func prepare(_ settings: ContainerSettings, hasTerminal: Bool) throws -> (Root, state: String, id: String) {
        let root = try Root("running")
        try root.addBusybox()
        let container = try container(settings)
        try RuntimeBundle(of: container, image: try image(), rootPath: root.path, hasTerminal: hasTerminal).write(
            to: try Descriptor.openDirectory(atHostPath: root.directory.path), root: root.shared.descriptor)
        return (root, try root.directory.makeDirectory("state"), container.id.rawValue)
    }

    @Test(
        "Signals are passed on, and the container's status comes back", arguments: [SIGTERM, SIGINT, SIGHUP, SIGUSR1])
    func signals(_ number: CInt) throws {
        let command = [
            "/bin/sh", "-c", "trap 'echo caught; exit 42' \(number); echo ready; while true; do sleep 0.1; done",
        ]
        let (root, state, id) = try prepare(ContainerSettings(command: command), hasTerminal: false)
        let child = try StoreProbe.start("run", state, root.directory.path, id)
        for _ in 0..<2000 where !child.textSoFar.contains("ready") { usleep(5000) }
        child.send(number)
        let result = try child.wait(limitSeconds: 30)
        #expect(result.status == 42, "\(result)")
        #expect(result.lines == ["ready", "caught"])
        #expect(try Tool.run("ls", "-A", state).text == "")
    }

    @Test("A process that a signal ends has the status that shells give it")
    func killed() throws {
        let (root, state, id) = try prepare(
            ContainerSettings(command: ["/bin/sh", "-c", "sh -c 'kill -9 $$'; exit $?"]), hasTerminal: false)
        let result = try StoreProbe.run("run", state, root.directory.path, id)
        #expect(result.status == 137, "\(result)")
    }

    @Test("The process gets a terminal, and what is typed there", .enabled(if: Tool.exists("script")))
    func terminal() throws {
        let command = [
            "/bin/sh", "-c", "test -t 0 && test -t 1 && echo terminal $TERM; read line; echo got $line; exit 3",
        ]
        let (root, state, id) = try prepare(ContainerSettings(command: command), hasTerminal: true)
        let line = "\(StoreProbe.program) run \(state) \(root.directory.path) \(id)"
        // script(1) gives its child a terminal, passes on what it reads, and returns the child's status with -e.
        let result = try Tool.run(
            ["script", "-qec", line, "/dev/null"], input: .bytes(bytes("hello\n")), limitSeconds: 30)
        #expect(result.text.contains("terminal xterm"), "\(result)")
        #expect(result.text.contains("got hello"), "\(result)")
        #expect(result.status == 3, "\(result)")
    }

    @Test("Without a terminal of its own the process reads from the caller's", .enabled(if: Tool.exists("script")))
    func foreground() throws {
        let command = ["/bin/sh", "-c", "read line; echo got $line; exit 4"]
        let (root, state, id) = try prepare(ContainerSettings(command: command), hasTerminal: false)
        // The shell that ran it has the terminal again.
        let after = "test $(ps -o tpgid= -p $$) = $(ps -o pgid= -p $$) && echo given back"
        let line = "\(StoreProbe.program) run \(state) \(root.directory.path) \(id); echo status $?; \(after)"
        let result = try Tool.run(
            ["script", "-qec", line, "/dev/null"], input: .bytes(bytes("hello\n")), limitSeconds: 30)
        #expect(result.text.contains("got hello"), "\(result)")
        #expect(result.text.contains("status 4"), "\(result)")
        #expect(result.text.contains("given back"), "\(result)")
    }

    @Test("The runtime is found by what the host is like")
    func choice() throws {
        let directory = try TemporaryDirectory()
        #expect(throws: StorageError.self) { try RuntimeProgram.find(nil, searchPath: directory.path) }
        #expect(throws: StorageError.self) { try RuntimeProgram.find("none", searchPath: "/bin") }
        let unified = MountTable.parse(bytes("1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"))
        let hybrid = MountTable.parse(
            bytes(
                "1 0 0:1 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n2 1 0:2 / /sys/fs/cgroup/unified rw - cgroup2 c rw\n"))
        let legacy = MountTable.parse(
            bytes("1 0 0:1 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n2 1 0:2 / /sys/fs/cgroup/pids rw - cgroup c rw\n"))
        #expect(RuntimeProgram.candidates(.init(unified)) == ["crun", "runc"])
        #expect(RuntimeProgram.candidates(.init(hybrid)) == ["runc"])
        #expect(RuntimeProgram.candidates(.init(legacy)) == ["runc", "crun"])
        #expect(RuntimeProgram.locate("/bin/sh", "") == RuntimeProgram.locate("sh", "/bin"))
    }
}
