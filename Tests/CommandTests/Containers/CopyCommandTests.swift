import TestSupport
import Testing

/// Goal: files go in and out of containers as with docker cp, mounted or not. Method: the binary, tar and find.
@Suite("container cp, bundle and run", .enabled(if: Environment.isRoot, "mounting needs root"))
struct CopyCommandTests {
    private let store: StoreFixture

    init() throws {
        store = try StoreFixture("cp")
        let busybox = try Tool.run("cat", "/bin/busybox").check().output
        let members: [TarMember] = [
            .directory("bin"), .file("bin/busybox", busybox, mode: 0o755), .symbolicLink("bin/sh", to: "busybox"),
            .directory("etc"), .file("etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:5:6::/data:/bin/sh\n"),
            .file("etc/group", "root:x:0:\napp:x:6:\nmore:x:7:app\n"), .directory("tmp", mode: 0o1777),
            .directory("data").owned(by: 5, 6), .file("data/f", "data\n").owned(by: 5, 6),
            .symbolicLink("out", to: "/etc"),
        ]
        let image = try ImageFixture([members], names: ["box:1"])
        try ImageLayout.docker25.write([image], to: store("box.tar"))
        try store.holdfast("image", "load", "-i", store("box.tar")).check()
    }

    @Test("in and out, with paths that links lead, mounted or not")
    func copies() throws {
        try store.holdfast("container", "create", "--name", "c", "box:1").check()
        let builder = try TreeBuilder(store("host"))
        try builder.directory("dir")
        try builder.file("dir/x", "from the host\n")
        for isMounted in [false, true] {
            if isMounted { try store.holdfast("container", "mount", "c").check() }
            try store.holdfast("container", "cp", store("host/dir"), "c:/data").check()
            try store.holdfast("container", "cp", store("host/dir/x"), "c:/out/y").check()
            let out = store("out-\(isMounted)")
            try store.holdfast("container", "cp", "c:/data/.", out).check()
            #expect(try Tool.run("find", out, "-type", "f").check().lines.count == 2)
            try store.holdfast("container", "cp", "c:/etc/y", store("y-\(isMounted)")).check()
            #expect(try Tool.run("cat", store("y-\(isMounted)")).check().text == "from the host\n")
        }
        try store.holdfast("container", "unmount", "c").check()
        #expect(try store.holdfast("container", "diff", "c").check().text.contains("A /etc/y"))
        #expect(try store.holdfast("container", "cp", "c:/nix", store("z")).status == 4)
        #expect(try store.holdfast("container", "cp", "nix:/etc", store("z")).status == 4)
        #expect(try store.holdfast("container", "cp", store("host"), store("z")).status == 2)
    }

    @Test("tar streams in both directions")
    func streams() throws {
        try store.holdfast("container", "create", "--name", "c", "box:1").check()
        let tar = try store.holdfast("container", "cp", "c:/data", "-").check().output
        let listed = try Tool.run("tar", "-tvf", "-", "--numeric-owner", input: .bytes(tar)).check().text
        #expect(listed.contains("5/6") && listed.contains("data/f"))
        try store.holdfast("container", "cp", "-", "c:/tmp", input: .bytes(tar)).check()
        let back = try store.holdfast("container", "cp", "c:/tmp/data/f", "-").check().output
        #expect(try Tool.run("tar", "-xOf", "-", input: .bytes(back)).check().text == "data\n")
    }

    @Test("run: output, status, user, environment, read-only, and nothing stays with --rm")
    func run() throws {
        let busybox = "/bin/busybox"
        let hello = try store.holdfast("container", "run", "--rm", "box:1", "/bin/sh", "-c", "echo hello; exit 7")
        #expect(hello.status == 7 && hello.text == "hello\n", "\(hello)")
        let id = try store.holdfast("container", "run", "--rm", "-u", "app", "box:1", busybox, "id").check().text
        #expect(id.contains("uid=5") && id.contains("gid=6") && id.contains("7"), "\(id)")
        let environment = try store.holdfast(
            "container", "run", "--rm", "-e", "A=b c", "-w", "/data", "box:1", "/bin/sh", "-c", "echo \"$A\"; pwd"
        ).check()
        #expect(environment.text == "b c\n/data\n")
        let frozen = try store.holdfast("container", "run", "--rm", "--read-only", "box:1", busybox, "touch", "/x")
        #expect(frozen.status != 0, "\(frozen)")
        #expect(try store.leftovers(in: "containers").isEmpty)
        try store.holdfast("container", "run", "--name", "kept", "box:1", "/bin/sh", "-c", "echo 1 > /new").check()
        #expect(try store.holdfast("container", "diff", "kept").check().lines.contains("A /new"))
        try store.holdfast("container", "rm", "kept").check()
        let mapped = try store.holdfast(
            "container", "run", "--rm", "--userns", "0:100000:65536", "box:1", "/bin/sh", "-c",
            "/bin/busybox stat -c %u /data/f; /bin/busybox cat /proc/self/uid_map"
        ).check()
        #expect(mapped.lines.first == "5" && mapped.text.contains("100000"), "\(mapped)")
    }

    @Test("a running container is neither removed nor mounted anew")
    func running() throws {
        let process = try store.holdfast.start(
            [
                "container", "run", "--name", "busy", "box:1", "/bin/sh", "-c",
                // The first process of a container ignores every signal that it has no handler for.
                "trap 'exit 3' TERM; touch /ready; /bin/busybox sleep 30 & wait",
            ].map { Array($0.utf8) })
        var isRunning = false
        for _ in 0..<400 where !isRunning {
            isRunning = try store.holdfast("container", "diff", "busy").text.contains("A /ready")
            _ = try Tool.run("sleep", "0.02")
        }
        let refused = try store.holdfast("container", "rm", "--force", "busy")
        #expect(refused.status == 5, "\(refused)")
        process.send(15)
        let end = try process.wait(limitSeconds: 20)
        #expect(end.status == 3, "\(end)")
        try store.holdfast("container", "rm", "busy").check()
        #expect(try store.leftovers(in: "containers").isEmpty)
    }

    @Test("bundle writes what a runtime runs")
    func bundle() throws {
        try store.holdfast("container", "create", "--name", "c", "box:1", "/bin/sh", "-c", "echo from the bundle")
            .check()
        let root = try store.holdfast("container", "bundle", "c", store("bundle")).check().lines[0]
        let configuration = try JSON(parsing: Tool.run("cat", store("bundle/config.json")).check().text)
        #expect(configuration["root"]["path"].text == root)
        let state = try store.directory.makeDirectory("state")
        let name = "holdfast-test-\(UInt32.random(in: 0 ... .max))"
        let run = try Tool.run("runc", "--root", state, "run", "--bundle", store("bundle"), name)
        #expect(run.text == "from the bundle\n", "\(run)")
        try store.holdfast("container", "unmount", "c").check()
    }
}
