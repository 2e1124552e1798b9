import Glibc
import TestSupport
import Testing

/// Goal: the process in a container finds its mounts as they were asked for, and when it ends nothing stays mounted. Method:
/// containers run by runc that say what they see, with the host's view beside it.
@Suite("container run with mounts", .enabled(if: BusyboxStore.isPossible, "needs root, runc and busybox"))
struct RunningMountTests {
    private let box: BusyboxStore
    private var store: StoreFixture { box.store }

    init() throws {
        box = try BusyboxStore("run")
        try box.host.directory("dir")
        try box.host.file("dir/file", "of the host\n")
    }

    private var directory: String { box.host.root + "/dir" }

    /// Runs a script to its end and checks that nothing is left.
    private func lines(_ options: [String], _ script: String) throws -> [String] {
        let result = try box.run(options, script).check()
        #expect(try box.mounted() == [])
        #expect(try store.leftovers(in: "containers").isEmpty)
        return result.lines
    }

    @Test("volumes, binds, files, tmpfs and images")
    func kinds() throws {
        let found = try lines(
            [
                "-v", "v:/data", "-v", "\(directory):/src:ro", "-v", "\(directory)/file:/etc/motd", "--tmpfs",
                "/there:size=64k,mode=700,uid=5", "--mount", "type=image,src=box:1,dst=/image", "-v", "w:/data/in/it",
            ],
            """
            echo 1 > /data/kept; echo 2 > /data/in/it/kept; cat /src/file /etc/motd /image/etc/motd
            touch /src/x || echo read-only; touch /image/x || echo read-only
            stat -c '%a %u' /there; df /there | cut -c24-33 | grep -o '64'
            grep -c ' /there .*nosuid,nodev,noexec' /proc/self/mountinfo
            """)
        #expect(
            found == [
                "of the host", "of the host", "from the image", "read-only", "read-only", "700 5", "64", "1",
            ])
        #expect(try Tool.run("cat", store.mountpoint("v") + "/kept").check().text == "1\n")
        #expect(try Tool.run("cat", store.mountpoint("w") + "/kept").check().text == "2\n")
        #expect(try store.inspect("v")["lastMountedAt"].text != nil)
    }

    /// Starts a container that says `ready` in a file of the volume, and waits for that.
    private func start(_ name: String, _ script: String) throws -> ChildProcess {
        let child = try box.holdfast.start(
            [
                "container", "run", "--rm", "--name", name, "-v", "shared:/data", "box:1", "/bin/sh", "-c",
                "touch /data/ready-\(name); \(script)",
            ].map { Array($0.utf8) })
        let ready = store("store/volumes/shared/_data/ready-\(name)")
        for _ in 0..<500 where access(ready, F_OK) != 0 { usleep(20_000) }
        #expect(access(ready, F_OK) == 0)
        return child
    }

    @Test("two containers have one volume at once, and nobody takes it from them")
    func shared() throws {
        try store.holdfast("volume", "create", "shared").check()
        let first = try start("one", "while [ ! -e /data/answer ]; do sleep 0.05; done; cat /data/answer")
        let second = try start(
            "two", "echo from the other > /data/question; while [ ! -e /data/end ]; do sleep 0.05; done")
        for refused in [["volume", "rm", "shared"], ["volume", "rm", "--force", "shared"]] {
            let result = try box.holdfast.run(refused)
            #expect(result.status == 5, "\(result)")
        }
        let script = "cd \"$1\"; cat question; echo answered > answer.new; mv answer.new answer; touch end"
        #expect(try Tool.script(script, store.mountpoint("shared")).check().text == "from the other\n")
        #expect(try first.wait(limitSeconds: 30).text == "answered\n")
        #expect(try second.wait(limitSeconds: 30).status == 0)
        #expect(try box.mounted() == [])
        try store.holdfast("volume", "rm", "shared").check()
    }

    @Test(
        "read-only holds for what is mounted below, unless told otherwise",
        arguments: [
            ("", ["top ro", "below ro"]),
            ("bind-recursive=readonly,bind-propagation=rprivate", ["top ro", "below ro"]),
            ("bind-recursive=writable", ["top ro", "below rw"]),
            ("bind-recursive=disabled", ["top ro", "nothing below"]),
        ])
    func recursion(_ option: String, _ expected: [String]) throws {
        try Tool.script("mkdir \"$1/below\"; mount -t tmpfs tmpfs \"$1/below\"; touch \"$1/below/inside\"", directory)
            .check()
        defer { _ = try? Tool.run("umount", "-l", directory + "/below") }
        let result = try box.run(
            ["--mount", "type=bind,src=\(directory),dst=/x,ro" + (option.isEmpty ? "" : "," + option)],
            """
            touch /x/new 2> /dev/null && echo top rw || echo top ro
            [ -e /x/below/inside ] || { echo nothing below; exit; }
            touch /x/below/new 2> /dev/null && echo below rw || echo below ro
            """)
        #expect(result.lines == expected, "\(result)")
    }

    @Test(
        "mounts made on the host later appear where that was asked for", arguments: ["rslave", "rshared", "rprivate"])
    func propagation(_ mode: String) throws {
        try Tool.script(
            "mkdir \"$1/late\"; mount --bind \"$1\" \"$1\"; mount --make-shared \"$1\"", directory
        ).check()
        defer { _ = try? Tool.run("umount", "-R", "-l", directory) }
        let child = try box.holdfast.start(
            [
                "container", "run", "--rm", "--mount", "type=bind,src=\(directory),dst=/x,bind-propagation=\(mode)",
                "-v",
                "v:/v", "box:1", "/bin/sh", "-c",
                "touch /x/ready; while [ ! -e /x/go ]; do sleep 0.05; done; ls /x/late; grep ' /x ' /proc/self/mountinfo",
            ].map { Array($0.utf8) })
        for _ in 0..<500 where access(directory + "/ready", F_OK) != 0 { usleep(20_000) }
        try Tool.script(
            "mount -t tmpfs tmpfs \"$1/late\"; touch \"$1/late/inside\"; touch \"$1/go\"", directory
        ).check()
        let result = try child.wait(limitSeconds: 30)
        #expect(result.lines.contains("inside") == (mode != "rprivate"), "\(result)")
        let record = try #require(result.lines.last)
        #expect(record.contains("shared:") == (mode == "rshared"), "\(record)")
        #expect(record.contains("master:") == (mode == "rslave"), "\(record)")
    }

    @Test("owners are seen as they were mapped, and what is written belongs to the source's owner")
    func owners() throws {
        try Tool.run("chown", "-R", "1000:1001", directory).check()
        try box.host.file("dir/root", "")
        let match = "type=bind,src=\(directory),dst=/x,bind-idmap=match-user"
        let script = "stat -c '%u:%g' /x /x/file /x/root; echo x > /x/new-$(id -u)"
        let first = try lines(["--user", "app", "--mount", match], script)
        #expect(first == ["5:6", "5:6", "0:0"])
        let second = try lines(["--mount", match + ":app"], script)
        #expect(second == ["5:6", "5:6", "0:0"])
        let third = try lines(["--user", "7:8", "-v", "\(directory):/x:idmap=uids=1000-7-1;gids=1001-8-1"], script)
        #expect(third == ["7:8", "7:8", "65534:65534"])
        let made = try Tool.script("cd \"$1\"; stat -c %u:%g new-5 new-0 new-7", directory).check().lines
        #expect(made == ["1000:1001", "0:0", "1000:1001"])
    }

    @Test("in a user namespace: owners, mapped binds, files, tmpfs, read-only, and set-id bits that mean nothing")
    func userNamespace() throws {
        try Tool.script(
            "chown 100005:100006 \"$1/file\"; mkdir -m 700 \"$1/closed\"; touch \"$1/closed/in\"", directory
        ).check()
        let found = try lines(
            [
                "--userns", "0:100000:65536", "-v", "v:/data", "-v", "\(directory):/src:ro,nosuid,nodev", "--mount",
                "type=bind,src=\(directory),dst=/mapped,bind-idmap=userns", "-v", "\(directory)/file:/etc/motd",
                "--tmpfs",
                "/cache:size=64k,uid=5,mode=700", "--mount",
                "type=bind,src=\(directory)/closed,dst=/closed,bind-idmap=userns",
            ],
            """
            stat -c '%u:%g' /src/file /mapped /etc/motd /cache /closed/in; touch /src/x 2> /dev/null || echo read-only
            touch /mapped/made && echo made; cat /etc/motd; grep -c ' /src ro,nosuid,nodev' /proc/self/mountinfo
            """)
        #expect(
            found == ["5:6", "0:0", "5:6", "5:0", "0:0", "read-only", "made", "of the host", "1"])
        #expect(try Tool.run("stat", "-c", "%u", directory + "/made").check().text == "0\n")
        #expect(try Tool.script("ls -d /run/holdfast-* 2> /dev/null || true").check().lines.count <= 1)
    }

    @Test("what every container has is replaced by a mount at its place")
    func standardPlaces() throws {
        let found = try lines(
            ["--tmpfs", "/dev/shm:size=1m", "-v", "\(directory):/dev/mine", "-v", "\(directory)/file:/proc/uptime"],
            "grep -c ' /dev/shm ' /proc/self/mountinfo; df /dev/shm | grep -o 1024 | head -1; cat /dev/mine/file; ls /dev | grep -c null"
        )
        #expect(
            found.prefix(1) == ["1"] && found.contains("1024") && found.contains("of the host") && found.last == "1")
    }

    @Test("changes of an overlay do not reach the source")
    func overlay() throws {
        let before = try TreeFingerprint(box.host.root)
        let found = try lines(["-v", "\(directory):/x:O"], "rm /x/file; echo y > /x/new; ls /x")
        #expect(found == ["new"])
        #expect(try TreeFingerprint(box.host.root).difference(from: before) == [])
    }

    @Test("a runtime that fails leaves nothing, and says why", arguments: [[], ["--userns", "0:100000:65536"]])
    func failingRuntime(_ options: [String]) throws {
        let result = try box.holdfast.run(
            ["container", "run", "--rm", "-v", "v:/data", "-v", "\(directory):/x"] + options + ["box:1", "/nix"])
        #expect(result.status != 0 && result.errorText.contains("/nix"), "\(result)")
        #expect(try box.mounted() == [])
        #expect(try store.leftovers(in: "containers").isEmpty)
    }

    @Test("what a killed run left is taken away by unmount, by rm and by the next start")
    func killed() throws {
        for (round, options) in [[], ["--userns", "0:100000:65536"]].enumerated() {
            let name = "c\(round)"
            let child = try box.holdfast.start(
                (["container", "run", "--name", name, "-v", "v:/data"] + options + [
                    "box:1", "/bin/sh", "-c",
                    "touch /data/ready 2> /dev/null; i=0; while [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done",
                ]).map { Array($0.utf8) })
            for _ in 0..<500 where try box.mounted().count < 2 { usleep(20_000) }
            child.send(SIGKILL)
            _ = try child.wait()
            #expect(try !box.mounted().isEmpty)
            let id = try JSON(parsing: box.holdfast("container", "inspect", name).check().text)[0]["id"].text ?? ""
            try Tool.run("runc", "--root", store("store/containers/\(id)/state"), "delete", "--force", id).check()
            if round == 0 { try box.holdfast("container", "unmount", name).check() }
            try box.holdfast("container", "rm", "--force", name).check()
            #expect(try box.mounted() == [])
            #expect(access("/run/holdfast-\(id.prefix(12))", F_OK) != 0)
        }
        try box.holdfast("volume", "rm", "v").check()
    }

    @Test("a bundle has the mounts, for a runtime that is called by others")
    func bundle() throws {
        try box.holdfast(
            "container", "create", "--name", "c", "-v", "v:/data", "-v", "\(directory):/src:ro", "--tmpfs",
            "/t:size=1m",
            "--mount", "type=bind,src=\(directory),dst=/s,bind-propagation=rprivate", "box:1", "/bin/sh", "-c",
            "cat /src/file; echo 1 >> /data/runs; touch /t/x; touch /src/x || echo read-only"
        ).check()
        try box.holdfast("container", "bundle", "c", store("bundle")).check()
        let document = try JSON(parsing: Tool.run("cat", store("bundle/config.json")).check().text)
        let mounts = Dictionary(
            uniqueKeysWithValues: document["mounts"].elements.map { ($0["destination"].text ?? "", $0) })
        #expect(mounts["/src"]?["options"].elements.map(\.text) == ["rbind", "rprivate", "ro"])
        #expect(mounts["/src"]?["type"].text == "bind" && mounts["/t"]?["type"].text == "tmpfs")
        #expect(mounts["/t"]?["options"].elements.map(\.text).contains("size=1048576") == true)
        for _ in 0..<2 {
            let run = try Tool.run(
                "runc", "--root", try store.directory.makeDirectory("state"), "run", "--bundle", store("bundle"),
                "holdfast-test-\(UInt32.random(in: 0 ... .max))")
            #expect(run.lines == ["of the host", "read-only"], "\(run)")
        }
        #expect(try Tool.run("cat", store.mountpoint("v") + "/runs").check().lines == ["1", "1"])
        #expect(try box.holdfast("volume", "rm", "--force", "v").status == 5)
        try box.holdfast("container", "unmount", "c").check()
        #expect(try box.mounted() == [])
    }
}
