import FileTree
import StorageModel
import TestSupport
import Testing

@testable import Containers

/// The bytes of a name or path.
func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A temporary directory with a root file system `root` in it, and a descriptor of that.
struct Root {
    let directory: TemporaryDirectory
    let tree: TreeBuilder
    let shared: SharedDescriptor

    init(_ label: String = "containers") throws {
        directory = try TemporaryDirectory(label)
        tree = try TreeBuilder(directory("root"))
        shared = SharedDescriptor(try Descriptor.openDirectory(atHostPath: tree.root))
    }

    var path: String { tree.root }

    /// Adds the two files that say who is who.
    ///
    /// - Parameter hasBrokenLines: whether there are lines too that are not of the form.
    func addAccounts(hasBrokenLines: Bool = false) throws {
        try tree.directory("etc")
        try tree.file(
            "etc/passwd",
            """
            root:x:0:0:root:/root:/bin/sh
            # a comment
            www:x:33:34:www:/var/www:/bin/false

            1000:x:7:8:a name of digits:/seven:
            app:x:1000:1000::/home/app:

            """ + (hasBrokenLines ? "broken:x:nought:0::/:\nhomeless:x:12:12\nshort\n" : ""))
        try tree.file(
            "etc/group",
            """
            root:x:0:
            wheel:x:10:app,root
            www:x:34:
            disk:x:6:app,www
            blank:x:99: app ,www\u{20}
            app:x:1000:

            """ + (hasBrokenLines ? "broken:x:no:app\nshort:x\n" : ""))
    }

    /// Puts a static busybox with its commands into it; tests that need it ask ``hasBusybox`` before.
    func addBusybox() throws {
        try Tool.script(
            """
            mkdir -p "$1"/{bin,proc,dev,sys,tmp}
            cp "$(command -v busybox)" "$1/bin/busybox"
            for name in sh cat id pwd env ls sleep touch stat hostname kill true false echo ip grep sort mount tr cut; do
                ln -s busybox "$1/bin/$name"
            done
            """, path
        ).check()
    }

    static let hasBusybox = Tool.exists("busybox")
}

/// An image's configuration with these members of `config`.
func image(_ config: String = "{}") throws -> ImageConfiguration {
    let document =
        #"{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]},"config":\#(config)}"#
    return try ImageConfiguration(document: bytes(document), of: "the image")
}

func container(_ settings: ContainerSettings = ContainerSettings()) throws -> Container {
    var generator = SystemRandomNumberGenerator()
    let digits = (0..<4).map { _ in
        let word = String(generator.next() as UInt64, radix: 16)
        return String(repeating: "0", count: 16 - word.count) + word
    }.joined()
    return Container(
        id: try #require(ContainerID(digits)), name: try ContainerName("web"),
        image: try #require(Digest(hex: digits)), imageName: "image", createdAt: Timestamp.now, settings: settings)
}

/// A container that was run to its end by runc, with its output.
struct FinishedContainer {
    let status: Int32
    let output: [String]

    /// Whether containers can be run here.
    static let isPossible = Environment.isRoot && Tool.exists("runc") && Root.hasBusybox

    /// Runs a command in a new container.
    init(
        _ settings: ContainerSettings, _ configuration: String = "{}", _ prepare: (Root) throws -> Void = { _ in }
    ) throws {
        let root = try Root("running")
        try root.addAccounts()
        try root.addBusybox()
        try prepare(root)
        let state = try root.directory.makeDirectory("state")
        let container = try container(settings)
        let bundle = try Descriptor.openDirectory(atHostPath: root.directory.path)
        try RuntimeBundle(of: container, image: try image(configuration), rootPath: root.path, hasTerminal: false)
            .write(to: bundle, root: root.shared.descriptor)
        let program = try RuntimeProgram.find("runc", searchPath: "/usr/bin:/usr/sbin:/usr/local/bin")
        let file = try bundle.createFile(bytes("output"))
        let quiet = try Descriptor.openFile(atHostPath: "/dev/null")
        let process = RuntimeProcess(
            program, statePath: state, bundlePath: root.directory.path, container: container,
            streams: RuntimeProcess.Streams(input: quiet.rawValue, output: file.rawValue, errors: file.rawValue))
        status = try process.run()
        #expect(try Tool.run("ls", "-A", state).text == "", "the runtime's state is gone")
        output = try Tool.run("cat", root.directory("output")).check().lines
    }
}
