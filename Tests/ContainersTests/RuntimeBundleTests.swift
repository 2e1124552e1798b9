import FileTree
import StorageModel
import TestSupport
import Testing

@testable import Containers

/// Goal: a process starts as Docker would start it. Method: tables of what image and user say, and the document that comes
/// of it, read by another parser.
@Suite("Making runtime bundles") struct RuntimeBundleTests {
    @Test(
        "A command replaces Cmd only, an entrypoint makes Cmd void",
        arguments: [
            (nil, [], ["/entry", "-e", "run"]), (nil, ["sh"], ["/entry", "-e", "sh"]),
            (["/other"], [], ["/other"]), (["/other"], ["x", "y"], ["/other", "x", "y"]), ([""], ["sh"], ["sh"]),
            ([], ["sh", ""], ["sh", ""]),
        ] as [([String]?, [String], [String])])
    func command(entrypoint: [String]?, command: [String], expected: [String]) throws {
        let image = try image(#"{"Entrypoint":["/entry","-e"],"Cmd":["run"]}"#)
        let settings = ContainerSettings(entrypoint: entrypoint, command: command)
        #expect(try StartCommand(settings, image, of: "container 'web'").arguments == expected)
    }

    @Test("Nothing to run is an error")
    func noCommand() throws {
        let error = #expect(throws: StorageError.self) {
            try StartCommand(ContainerSettings(), try image(), of: "container 'web'")
        }
        #expect(error?.code == .invalidInput)
        #expect(throws: StorageError.self) {
            try StartCommand(ContainerSettings(entrypoint: [""]), try image(#"{"Cmd":["x"]}"#), of: "container 'web'")
        }
    }

    @Test("Variables: defaults, the image's, the container's; each once, where it first stood")
    func environment() {
        let made = ProcessEnvironment.make(
            image: ["A=1", "PATH=/bin", "B=2=3", "=odd", "EMPTY="], changes: ["B=4", "C=5", "A", "TERM"],
            home: "/root", hostname: "0123", hasTerminal: true)
        #expect(made == ["PATH=/bin", "HOSTNAME=0123", "HOME=/root", "B=4", "EMPTY=", "C=5"])
        let bare = ProcessEnvironment.make(image: [], changes: [], home: "/", hostname: "h", hasTerminal: false)
        #expect(bare == ["PATH=\(ProcessEnvironment.defaultPath)", "HOSTNAME=h", "HOME=/"])
    }

    private func write(_ container: Container, _ image: ImageConfiguration, _ root: Root) throws -> JSON {
        let bundle = try Descriptor.openDirectory(atHostPath: root.directory.path)
        try RuntimeBundle(of: container, image: image, rootPath: root.path, hasTerminal: false)
            .write(to: bundle, root: root.shared.descriptor)
        return try JSON(parsing: try Tool.run("cat", root.directory("config.json")).check().text)
    }

    @Test("The document says what image and settings say")
    func document() throws {
        let root = try Root()
        try root.addAccounts()
        let container = try container(
            ContainerSettings(
                user: "app", groups: ["77"], environment: ["X=y"], isReadOnly: true,
                identityMapping: try IdentityMapping("0:100000:65536")))
        let document = try write(
            container, try image(#"{"User":"www","Cmd":["run"],"WorkingDir":"/srv/app","Env":["PATH=/p"]}"#), root)
        #expect(document["ociVersion"] == "1.0.2")
        #expect(document["hostname"] == String(container.id.rawValue.prefix(12)))
        #expect(document["root"]["path"] == root.path)
        #expect(document["root"]["readonly"].boolean == true)
        let process = document["process"]
        #expect(process["args"].elements.map(\.text) == ["run"])
        #expect(process["cwd"] == "/srv/app")
        #expect(process["user"]["uid"].integer == 1000)
        #expect(process["user"]["additionalGids"].elements.map(\.integer) == [1000, 6, 10, 77])
        #expect(process["env"].elements.compactMap(\.text).contains("HOME=/home/app"))
        // Another user than root has capabilities within reach, not in force.
        #expect(process["capabilities"]["bounding"].elements.count == 14)
        #expect(process["capabilities"]["effective"].elements.isEmpty)
        let types = document["linux"]["namespaces"].elements.compactMap { $0["type"].text }
        #expect(types == ["pid", "ipc", "uts", "mount", "network", "user"])
        #expect(document["linux"]["uidMappings"][0]["hostID"].integer == 100_000)
        #expect(document["mounts"][0]["destination"] == "/proc")
        let made = try root.shared.descriptor.openDirectory(inRoot: bytes("/srv/app")).status()
        #expect(made.uid == 100_000 && made.mode == 0o755)
    }

    @Test("The working directory is made inside the root, and links do not lead out")
    func workingDirectory() throws {
        let root = try Root()
        let outside = root.directory("outside")
        try root.tree.symbolicLink("srv", to: outside)
        try root.tree.symbolicLink("var", to: "/../data")
        try root.tree.directory("data")
        _ = try write(
            try container(ContainerSettings(workingDirectory: "/var/lib/x", command: ["x"])), try image(), root)
        #expect(try Tool.run("test", "-d", "\(root.path)/data/lib/x").status == 0)
        #expect(throws: StorageError.self) {
            try write(try container(ContainerSettings(workingDirectory: "/srv/x", command: ["x"])), try image(), root)
        }
        #expect(try Tool.run("test", "-e", outside).status == 1)
        let relative = #expect(throws: StorageError.self) {
            try write(try container(ContainerSettings(workingDirectory: "x", command: ["x"])), try image(), root)
        }
        #expect(relative?.code == .invalidInput)
    }
}
