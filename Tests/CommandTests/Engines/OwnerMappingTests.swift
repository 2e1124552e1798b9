import TestSupport
import Testing

private enum SubordinateFile {
    static let exists = (try? Tool.run("test", "-f", "/etc/subuid").status) == 0
}

/// Goal: owners are shown by their ids in containers wherever an engine has a map and tells it, and by nothing else where not.
/// Method: clients that answer as engines do in each setup; a real Docker with `userns-remap`. `/etc/subuid` is another file for
/// the commands, in a mount namespace of their own.
@Suite(
    "Owners as engines see them",
    .enabled(if: Environment.isRoot && SubordinateFile.exists, "needs root and a file /etc/subuid"))
struct OwnerMappingTests {
    private let store: StoreFixture

    init() throws {
        store = try StoreFixture("owners")
        try Tool.script(
            """
            mkdir -p "$1/volumes/vv/_data"; cd "$1/volumes/vv/_data"
            echo 1 > root; chown 200000 root; echo 2 > www; chown 200033 www; echo 3 > host; chown 33 host
            echo 4 > second; chown 400005 second
            """, store.directory.path
        ).check()
    }

    /// `{uid: containerUid}` of `usage docker:vv --by owner`, without those that have none; `nil` if there is no such column.
    private func inside(
        _ engine: String, _ client: String, subuid: String, options: String..., status: Int32 = 0
    ) throws -> [Int: Int]? {
        try ScriptedEngine.write(client + "\n" + ScriptedEngine.dockerLike, to: store(engine))
        try TreeBuilder(store.directory.path).file("subuid", subuid)
        let variables = ["HOLDFAST_\(engine.uppercased())": store(engine), "HOLDFAST_ROOT": store("store")]
        let result = try Tool.run(
            ["unshare", "-m", "bash", "-euc", "mount --bind \"$1\" /etc/subuid; shift; exec \"$@\"", "script"]
                + [store("subuid"), CommandRunner.binary, "usage", "\(engine):vv", "--by", "owner", "--json"] + options,
            environment: variables
        ).check(status)
        let groups = try JSON(parsing: result.text)[0]["byOwner"].elements
        try #require(groups.count == 5)
        guard groups.contains(where: { $0.keys.contains("containerUid") }) else { return nil }
        return Dictionary(
            uniqueKeysWithValues: groups.compactMap { group in
                guard let uid = group["uid"].integer, let inside = group["containerUid"].integer else { return nil }
                return (uid, inside)
            })
    }

    /// A client whose `info` says this of containers.
    private func docker(_ options: String, root: String) -> String {
        """
        case "$1 $3" in "info "*SecurityOptions*) echo '[\(options),"\(root)"]'; exit ;; esac
        """
    }

    private func podman(_ mappings: String) -> String {
        """
        case "$1 $3" in "info "*IDMappings*) echo '[\(mappings)]'; exit ;; esac
        """
    }

    @Test("Docker with userns-remap: the data root tells which ranges, /etc/subuid how long they are")
    func remapped() throws {
        let remapped = docker(
            "[\"name=seccomp,profile=builtin\",\"name=userns\"]", root: "/var/lib/docker/200000.200000")
        #expect(try inside("docker", remapped, subuid: "other:1:5\nremap:200000:65536\n") == [200_000: 0, 200_033: 33])
        // The ranges of a user follow each other inside.
        let two = "remap:200000:100\nother:300000:65536\nremap:400000:10\n"
        #expect(try inside("docker", remapped, subuid: two) == [200_000: 0, 200_033: 33, 400_005: 105])
        // How many ids there are is not guessed.
        #expect(try inside("docker", remapped, subuid: "other:1:5\n") == nil)
        // What the user says counts more.
        let own = try inside("docker", remapped, subuid: "", options: "--userns", "7:33:1")
        #expect(own == [33: 7])
    }

    @Test("a rootless Docker: its user is root inside, and the rest are the user's ranges")
    func rootless() throws {
        let home = try store.directory.makeDirectory("home")
        try Tool.run("chown", "33:33", home).check()
        let name = try Tool.run("id", "-nu", "33").check().lines[0]
        let client = docker("[\"name=rootless\"]", root: home)
        for user in [name, "33"] {
            let found = try inside("docker", client, subuid: "\(user):200000:65536\n")
            #expect(found == [33: 0, 200_000: 1, 200_033: 34])
        }
        #expect(try inside("docker", client, subuid: "") == [33: 0], "that much is certain")
    }

    @Test("a Docker without namespaces, one that answers nonsense, and one that does not answer, have no map")
    func unmapped() throws {
        let subuid = "remap:200000:65536\n"
        #expect(try inside("docker", docker("[\"name=seccomp\"]", root: "/d/200000.200000"), subuid: subuid) == nil)
        #expect(try inside("docker", docker("[\"name=userns\"]", root: "/d/plain"), subuid: subuid) == nil)
        #expect(try inside("docker", docker("7", root: ""), subuid: subuid) == nil)
        let refusing = "case \"$1 $3\" in \"info \"*SecurityOptions*) echo no >&2; exit 1 ;; esac"
        #expect(try inside("docker", refusing, subuid: subuid) == nil)
    }

    @Test("Podman: what it says is its map")
    func podmanMap() throws {
        let mapped = """
            {"gidmap":[],"uidmap":[{"container_id":0,"host_id":33,"size":1},{"container_id":1,"host_id":200000,"size":65536}]}
            """
        #expect(try inside("podman", podman(mapped), subuid: "") == [33: 0, 200_000: 1, 200_033: 34])
        #expect(try inside("podman", podman("{\"gidmap\":null,\"uidmap\":null}"), subuid: "") == nil)
        #expect(try inside("podman", podman("{\"uidmap\":[{\"host_id\":\"x\"}]}"), subuid: "") == nil)
        let overlapping = """
            {"uidmap":[{"container_id":0,"host_id":33,"size":9},{"container_id":1,"host_id":200000,"size":65536}]}
            """
        #expect(try inside("podman", podman(overlapping), subuid: "") == nil)
    }

    @Test("in a namespace of its own holdfast sees no ids of the host, and maps nothing")
    func inNamespace() throws {
        let mapped = "{\"uidmap\":[{\"container_id\":0,\"host_id\":200000,\"size\":65536}]}"
        try ScriptedEngine.write(podman(mapped) + "\n" + ScriptedEngine.dockerLike, to: store("podman"))
        let result = try Tool.run(
            ["unshare", "--user", "--map-root-user", CommandRunner.binary]
                + ["usage", "podman:vv", "--by", "owner", "--json", "--no-history"],
            environment: ["HOLDFAST_PODMAN": store("podman"), "HOLDFAST_ROOT": store("store")]
        ).check()
        let groups = try JSON(parsing: result.text)[0]["byOwner"].elements
        #expect(!groups.isEmpty && groups.allSatisfy { !$0.keys.contains("containerUid") })
    }

    @Test(
        "a real Docker with userns-remap",
        .enabled(if: DockerEngine.isPossible, "needs dockerd"))
    func realDocker() throws {
        try TreeBuilder(store.directory.path).file("subuid", "daemon:200000:65536\n")
        let script = """
            chmod o+x "$1"; mount --bind "$1/subuid" /etc/subuid; mount --bind "$1/subuid" /etc/subgid
            dockerd --iptables=false --ip6tables=false --bridge=none --data-root "$1/engine" --exec-root "$1/exec" \\
                --pidfile "$1/pid" --host "unix://$1/socket" --userns-remap daemon > "$1/log" 2>&1 &
            trap 'kill %1 || tail "$1/log" >&2; wait' EXIT
            export DOCKER_HOST="unix://$1/socket" HOLDFAST_ROOT="$1/store"
            for i in $(seq 200); do docker version > /dev/null 2>&1 && break; sleep 0.1; done
            docker volume create real > /dev/null
            data=$(docker volume inspect --format '{{.Mountpoint}}' real)
            echo 1 > "$data/f"; chown 200033 "$data/f"
            "$2" usage docker:real --by owner --json
            """
        let result = try Tool.run(
            ["unshare", "-m", "bash", "-euc", script, "script", store.directory.path, CommandRunner.binary]
        ).check()
        let groups = try JSON(parsing: result.text)[0]["byOwner"].elements
        let found = groups.map { "\($0["uid"].integer ?? -1)=\($0["containerUid"].integer ?? -1)" }.sorted()
        #expect(found == ["200000=0", "200033=33"], "\(result)")
    }
}
