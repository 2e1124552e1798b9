import TestSupport
import Testing

/// Goal: driver options are accepted and refused as Docker does, where it is right, and the error points at the option.
/// Method: a table, tried on a real Docker engine too.
@Suite("Driver options") struct DriverOptionTests {
    /// What `volume create` is given, and whether it is right.
    struct Case: Sendable, CustomTestStringConvertible {
        let options: [String]
        let isValid: Bool
        /// Where Holdfast knowingly differs from Docker: it refuses what can never be mounted, and takes Podman's options.
        var differs = false

        var testDescription: String { options.joined(separator: " ") }
        var arguments: [String] { options.flatMap { ["--opt", $0] } }
    }

    static let cases = [
        Case(options: ["type=tmpfs", "device=tmpfs"], isValid: true),
        Case(options: ["type=tmpfs", "device=tmpfs", "o=size=1m,uid=1000"], isValid: true),
        Case(options: ["type=none", "device=/srv", "o=bind"], isValid: true),
        Case(options: ["type=none", "device=/does/not/exist", "o=bind"], isValid: true),
        Case(options: ["type=nfs", "device=:/export", "o=addr=nas,rw"], isValid: true),
        Case(options: ["type=cifs", "device=//nas/share", "o=username=me,password=x"], isValid: true),
        Case(options: ["type=ext4", "device=/dev/sdz9"], isValid: true),
        Case(options: ["unknown=1"], isValid: false),
        Case(options: ["Type=tmpfs", "device=tmpfs"], isValid: false),
        Case(options: ["type=tmpfs"], isValid: false),
        Case(options: ["device=/srv"], isValid: false),
        Case(options: ["o=bind"], isValid: false),
        Case(options: ["type=none", "o=bind"], isValid: false),
        Case(options: ["device=/srv", "o=bind"], isValid: false),
        Case(options: ["size=hello"], isValid: false),
        Case(options: ["size=1z"], isValid: false),
        Case(options: ["size=10m"], isValid: false),
        Case(options: ["size=1.5GiB"], isValid: false),
        Case(options: ["size=0"], isValid: true),
        // Both as later versions of Docker have it; Debian's 20.10 has not.
        Case(options: ["size=-1"], isValid: true, differs: true),
        Case(options: ["type=cifs", "device=//nas:445/share"], isValid: false, differs: true),
        Case(options: ["type=none", "device=srv", "o=bind"], isValid: false, differs: true),
        Case(options: ["type=none", "device=/srv"], isValid: false, differs: true),
        Case(options: ["type=cifs", "device=nas"], isValid: false, differs: true),
        Case(options: ["o=uid=1000,gid=1000"], isValid: true, differs: true),
        Case(options: ["type=tmpfs", "device=tmpfs", "size=1m"], isValid: true, differs: true),
    ]

    @Test("accepted, or refused with 2 and the option", arguments: cases)
    func options(_ option: Case) throws {
        let store = try StoreFixture("options")
        let result = try store.holdfast.run(["volume", "create", "v"] + option.arguments)
        #expect(result.status == (option.isValid ? 0 : 2), "\(result)")
        guard !option.isValid else { return }
        #expect(result.errorText.contains("--opt "), "\(result)")
        #expect(result.errorText.contains("hint: "))
        #expect(try store.names().isEmpty)
    }

    @Test("Docker says the same, except where it is known not to", .enabled(if: DockerEngine.isPossible))
    func docker() throws {
        let docker = try DockerEngine()
        for (index, option) in Self.cases.enumerated() where option.options != ["size=10m"] {
            let result = try docker.run(["volume", "create"] + option.arguments + ["v\(index)"])
            let isValid = result.status == 0
            #expect(isValid == (option.isValid != option.differs), "\(option.testDescription): \(result)")
        }
    }

    @Test("owner and mode of a device are not the volume's", arguments: [["--uid", "3"], ["--mode", "0700"]])
    func ownerOfDevice(more: [String]) throws {
        let store = try StoreFixture("options")
        let result = try store.holdfast.run(
            ["volume", "create", "v", "--opt", "type=tmpfs", "--opt", "device=tmpfs"] + more)
        #expect(result.status == 2, "\(result)")
    }

    @Test("Podman's uid= and gid= are the owner of the directory", .enabled(if: Environment.isRoot))
    func owner() throws {
        let store = try StoreFixture("options")
        try store.holdfast("volume", "create", "v", "--opt", "o=uid=33,gid=44").check()
        #expect(try Tool.run("stat", "-c", "%u %g", store.mountpoint("v")).text == "33 44\n")
    }

    @Test(
        "backup, export and cp of a bind device have its data, of a missing one an error",
        .enabled(if: Environment.isRoot))
    func reading() throws {
        let store = try StoreFixture("options")
        let source = try store.directory.makeDirectory("source")
        try TreeBuilder(source).fill(seed: 8, RandomTreeOptions(entries: 20))
        let options = ["--opt", "type=none", "--opt", "o=bind", "--opt", "device=\(source)"]
        try store.holdfast.run(["volume", "create", "v"] + options).check()
        try store.holdfast("backup", "create", "v", "--to", store("v.tar.zst")).check()
        try store.holdfast("volume", "export", "v", "-o", store("v.tar")).check()
        try store.holdfast("volume", "cp", "-a", "v:/.", store("copy")).check()
        for archive in ["v.tar.zst", "v.tar"] {
            let target = try store.directory.makeDirectory("from-" + archive)
            try Tool.run(
                "tar", "--numeric-owner", "--xattrs", "--xattrs-include=*", "--acls", "-xpf", store(archive), "-C",
                target
            ).check()
            try expectSameTree(target, source)
        }
        try expectSameTree(store("copy"), source)
        let restored = try store.holdfast("backup", "restore", store("v.tar.zst"), "--to", "w")
        #expect(restored.status == 3 && restored.errorText.contains("options type, device, o"), "\(restored)")
        try expectSameTree(store.mountpoint("w"), source)
        try Tool.run("mv", source, source + ".away").check()
        for arguments in [
            ["backup", "create", "v", "--to", store("none.tar.zst")],
            ["volume", "export", "v", "-o", store("none.tar")],
            ["volume", "cp", "v:/.", store("none")], ["volume", "clone", "v", "none"],
            ["volume", "import", "v", store("v.tar")],
        ] {
            let result = try store.holdfast.run(arguments)
            #expect(result.status == 4, "\(result)")
            #expect(result.errorText.contains("cannot mount volume 'v'"), "\(result)")
        }
        #expect(try Tool.run("ls", store.directory.path).lines.allSatisfy { !$0.hasPrefix("none") })
        try Tool.run("mkdir", source).check()
        try store.holdfast("volume", "import", "v", store("v.tar")).check()
        try expectSameTree(source, source + ".away")
        #expect(try store.holdfast("volume", "import", "v", store("v.tar"), "--replace").status == 5)
        #expect(try Tool.run("findmnt", "-n", "--mountpoint", store.mountpoint("v")).text.isEmpty)
    }

    @Test("no command shows the passwords of a volume's options, and none is lost")
    func passwords() throws {
        let store = try StoreFixture("passwords")
        func options(_ password: String) -> [String] {
            [
                "--opt", "type=cifs", "--opt", "device=//me:\(password)@127.0.0.1/share", "--opt",
                "o=username=me%\(password),password=\(password),vers=3.0",
            ]
        }
        try store.holdfast.run(["volume", "create", "v"] + options("hush")).check()
        try TreeBuilder(store.directory.path).file(
            "compose.yaml",
            "volumes: {w: {driver_opts: {type: cifs, device: //nas/s, o: 'username=me,password=hush'}}}")
        for arguments in [
            ["volume", "inspect", "v"], ["volume", "ls", "--json"], ["df", "-v"], ["df", "--json"],
            ["compose", "config", "--json", "-f", store("compose.yaml")], ["volume", "create", "v"] + options("other"),
            ["container", "create", "--mount", "type=volume,source=v,destination=/d,volume-opt=o=password=hush", "x"],
        ] {
            let result = try store.holdfast.run(arguments)
            #expect(!"\(result.text)\(result.errorText)".contains("hush"), "\(arguments): \(result)")
        }
        #expect(try store.inspect("v")["options"]["o"] == "username=me%********,password=********,vers=3.0")
        #expect(try store.inspect("v")["options"]["device"] == "//me:********@127.0.0.1/share")
        let again = try store.holdfast.run(["volume", "create", "v"] + options("hush"))
        #expect(again.status == 0, "\(again)")
    }
}
