import TestSupport
import Testing

/// A store with an image `box:1` whose containers can run, and directories of the host to mount.
struct BusyboxStore {
    let store: StoreFixture
    let host: TreeBuilder

    static let isPossible = Environment.isRoot && Tool.exists("runc") && Tool.exists("busybox")

    init(_ label: String) throws {
        store = try StoreFixture(label)
        host = try TreeBuilder(store("host"))
        try Self.image.write(store("box.tar"))
        try store.holdfast("image", "load", "-i", store("box.tar")).check()
    }

    var holdfast: CommandRunner { store.holdfast }

    /// The image, as a file that engines load too.
    enum image {
        static func write(_ path: String) throws {
            let busybox = try Tool.run("cat", "/bin/busybox").check().output
            let tools = [
                "sh", "cat", "ls", "id", "stat", "touch", "mount", "mkdir", "grep", "sleep", "df", "cut", "sort",
            ]
            let members: [TarMember] =
                [
                    .directory("bin"), .file("bin/busybox", busybox, mode: 0o755), .directory("proc"),
                    .directory("dev"),
                    .directory("sys"), .directory("tmp", mode: 0o1777), .directory("etc"),
                    .file("etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:5:6::/data:/bin/sh\n"),
                    .file("etc/group", "root:x:0:\napp:x:6:\n"), .file("etc/motd", "from the image\n"),
                    .directory("var"), .directory("var/run"), .symbolicLink("link", to: "/var/run/../made/deep"),
                    .symbolicLink("up", to: "../../../../escape"), .symbolicLink("root", to: "/"),
                    .directory("there", mode: 0o750),
                ] + tools.map { .symbolicLink("bin/\($0)", to: "busybox") }
            try ImageLayout.docker25.write([try ImageFixture([members], names: ["box:1"])], to: path)
        }
    }

    /// Runs a shell script in a new container that goes afterwards.
    func run(_ options: [String], _ script: String) throws -> ProcessResult {
        try holdfast.run(["container", "run", "--rm"] + options + ["box:1", "/bin/sh", "-c", script])
    }

    /// What is mounted below the store and the host's directories, in this mount namespace.
    func mounted() throws -> [String] {
        try Tool.run("cat", "/proc/self/mountinfo").check().lines.filter { $0.contains(store.directory.path) }
    }
}
