import TestSupport
import Testing

/// Goal: for the same image and the same changes the merged tree, the changes and the ids are those of the real engines.
/// Method: images made by a real Docker engine with real processes in them; Docker, Podman and skopeo read what comes back.
@Suite(
    "Against real engines",
    .enabled(
        if: DockerEngine.isPossible && PodmanEngine.isPossible && Tool.exists("skopeo"),
        "needs dockerd, podman, skopeo and root"))
struct EngineTests {
    private let store: StoreFixture
    private let docker: DockerEngine

    init() throws {
        store = try StoreFixture("engine")
        docker = try DockerEngine()
    }

    /// Three layers made by a shell in containers of the engine.
    private func makeImage() throws {
        let root = try store.directory.makeDirectory("root")
        try Tool.script(
            """
            cd "$1"; mkdir -p bin etc usr/lib data/deep home; cp /bin/busybox bin/; ln -s busybox bin/sh; ln -s usr/lib lib
            echo root:x:0:0::/:/bin/sh > etc/passwd; for i in $(seq 50); do echo $i > data/f$i; done
            ln data/f1 data/hard; chown 5:6 data/f2; chmod 2755 data/deep; touch -d @1600000000.25 data/f3
            setfattr -n user.kept -v yes data/f4; mkfifo data/fifo
            tar --numeric-owner --xattrs --format=pax -cf ../root.tar .
            """, root
        ).check()
        try docker("import", store("root.tar"), "base:1").check()
        let scripts = [
            "rm -r /data/deep /data/f5; mkdir /data/deep; echo n > /data/deep/new; chmod 700 /data/f6; echo x > /lib/behind",
            "mv /data/f7 /data/g7; rm /etc/passwd; echo again > /data/f5; ln /data/f8 /data/h8; rm -r /home; touch /home",
        ]
        var image = "base:1"
        for (index, script) in scripts.enumerated() {
            let busybox = script.replacingCommands
            let id = try docker("create", "--network", "none", image, "/bin/sh", "-c", busybox).check().lines[0]
            try docker("start", "--attach", id).check()
            image = "made:\(index + 1)"
            try docker("commit", id, image).check()
            try docker("rm", id).check()
        }
    }

    @Test("the same tree, the same changes, the same ids there and back")
    func same() throws {
        try makeImage()
        try docker("save", "made:2", "-o", store("made.tar")).check()
        try store.holdfast("image", "load", "-i", store("made.tar")).check()
        let id = try docker("inspect", "--format", "{{.Id}}", "made:2").check().lines[0]
        #expect(try store.holdfast("image", "ls", "-q").check().text == id + "\n")
        try compareTrees()
        try compareChanges()
        try store.holdfast("image", "save", "made:2", "-o", store("saved.tar")).check()
        try docker("rmi", "--force", "made:2", "made:1", "base:1").check()
        try docker("load", "-i", store("saved.tar")).check()
        #expect(try docker("inspect", "--format", "{{.Id}}", "made:2").check().lines == [id])
        let podman = try PodmanEngine()
        try podman("load", "-i", store("saved.tar")).check()
        #expect(try podman("inspect", "--format", "{{.Id}}", "made:2").check().lines == [String(id.dropFirst(7))])
        try Tool.run("skopeo", "inspect", "docker-archive:" + store("saved.tar")).check()
        try podman("save", "-o", store("podman.tar"), "made:2").check()
        let again = try JSON(parsing: store.holdfast("image", "load", "-i", store("podman.tar"), "--json").check().text)
        #expect(again[0]["id"].text == id && again[0]["newLayers"].integer == 0)
    }

    /// Mounts what the engine unpacked, without what it adds to every container; `docker export` cuts times to seconds.
    private func compareTrees() throws {
        let format = "{{.GraphDriver.Data.UpperDir}}:{{.GraphDriver.Data.LowerDir}}"
        let layers = try docker("image", "inspect", "--format", format, "made:2").check().lines[0]
        let engines = try store.directory.makeDirectory("engines")
        try Tool.run("mount", "-t", "overlay", "-o", "ro,lowerdir=" + layers, "overlay", engines).check()
        defer { _ = try? Tool.run("umount", engines) }
        try store.holdfast("container", "create", "--name", "tree", "made:2").check()
        let ours = try store.holdfast("container", "mount", "tree").check().lines[0]
        defer { _ = try? store.holdfast("container", "unmount", "tree") }
        // A layer that does not name the root leaves it the time of its unpacking in the engine, and what it was in ours.
        let difference = try TreeFingerprint(ours, .ignoringRoot).difference(
            from: TreeFingerprint(engines, .ignoringRoot))
        #expect(difference.isEmpty, "\(difference.joined(separator: "\n"))")
    }

    private func compareChanges() throws {
        let script =
            "rm /data/f9; echo x >> /data/f10; mkdir /new; echo y > /new/z; chmod 711 /data/deep; mv /data/f11 /f11"
        let busybox = script.replacingCommands
        let id = try docker("create", "--network", "none", "--name", "changed", "made:2", "/bin/sh", "-c", busybox)
            .check()
            .lines[0]
        try docker("start", "--attach", id).check()
        let theirs = try docker("diff", "changed").check().lines
        try store.holdfast("container", "create", "--name", "changed", "made:2").check()
        let root = try store.holdfast("container", "mount", "changed").check().lines[0]
        try Tool.script("cd \"$1\"; \(script.split(separator: " /").joined(separator: " "))", root).check()
        let ours = try store.holdfast("container", "diff", "changed").check().lines
        try store.holdfast("container", "unmount", "changed").check()
        #expect(Set(ours) == Set(theirs) && ours.count == theirs.count, "ours: \(ours)\ntheirs: \(theirs)")
    }
}

extension String {
    /// Every command as one of busybox's, which is all that the image has.
    fileprivate var replacingCommands: String {
        split(separator: ";").map { part in
            let command = part.drop { $0 == " " }
            return command.hasPrefix("echo") ? String(command) : "/bin/busybox \(command)"
        }.joined(separator: "; ")
    }
}
