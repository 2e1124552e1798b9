import TestSupport
import Testing

/// Goal: whatever an engine's client prints, nothing but the volume's own data is read, nothing is written, and the reason is
/// told in one clear error. Method: scripts in place of `docker`.
@Suite("Answers that cannot be believed") struct HostileEngineTests {
    /// What a client answers, and what the error must say.
    struct Answer: CustomTestStringConvertible, Sendable {
        let name: String
        let script: String
        let message: String
        var status: Int32 = 1
        var testDescription: String { name }
    }

    private let store: StoreFixture
    private let holdfast: CommandRunner

    init() throws {
        store = try StoreFixture("hostile")
        var holdfast = store.holdfast
        holdfast.environment = ["HOLDFAST_DOCKER": store("docker"), "HOLDFAST_ENGINE_TIMEOUT": "2"]
        self.holdfast = holdfast
    }

    /// Prints a volume `vv` with a mountpoint, and says that the engine is on this host.
    private static func volume(at mountpoint: String, _ more: String = "", driver: String = "local") -> String {
        """
        if [ "$1" = info ]; then echo "$(uname -r) $(uname -n)"; exit; fi
        home=$(dirname "$0")
        echo '[{"Name":"vv","Driver":"\(driver)","Mountpoint":"'"\(mountpoint)"'"\(more)}]'
        """
    }

    static let answers = [
        Answer(name: "nothing", script: "", message: "it is not JSON"),
        Answer(name: "no JSON", script: "echo hello", message: "it is not JSON"),
        Answer(name: "deep JSON", script: "printf '[%.0s' {1..60000}", message: "it is not JSON"),
        Answer(name: "an object", script: "echo '{}'", message: "it is no array"),
        Answer(name: "no objects", script: "echo '[1]'", message: "a volume has no name"),
        Answer(name: "no names", script: "echo '[{\"Driver\":\"local\"}]'", message: "a volume has no name"),
        Answer(name: "labels in a list", script: volume(at: "/x/vv/_data", ",\"Labels\":[]"), message: "are no object"),
        Answer(
            name: "labels that are numbers", script: volume(at: "/x/vv/_data", ",\"Labels\":{\"a\":1}"),
            message: "are not all texts"),
        Answer(name: "an empty array", script: "echo '[]'", message: "Docker has no volume 'vv'", status: 4),
        Answer(
            name: "another volume", script: "echo '[{\"Name\":\"w\",\"Mountpoint\":\"/x/w/_data\"}]'",
            message: "Docker has no volume 'vv'", status: 4),
        Answer(name: "the root", script: volume(at: "/"), message: "which cannot be"),
        Answer(name: "no mountpoint", script: volume(at: ""), message: "which cannot be"),
        Answer(name: "a relative path", script: volume(at: "vv/_data"), message: "which cannot be"),
        Answer(name: "dots", script: volume(at: "$home/volumes/w/../vv/_data"), message: "which cannot be"),
        Answer(name: "another volume's data", script: volume(at: "$home/volumes/w/_data"), message: "which cannot be"),
        Answer(name: "any directory", script: volume(at: "/etc"), message: "which cannot be"),
        Answer(name: "a NUL", script: volume(at: "/x\\u0000/vv/_data"), message: "which cannot be"),
        Answer(name: "a missing directory", script: volume(at: "/nowhere/vv/_data"), message: "is not at", status: 7),
        Answer(name: "a file", script: volume(at: "$home/file/vv/_data"), message: "is not at", status: 7),
        Answer(name: "a link to data", script: volume(at: "$home/link/vv/_data"), message: "is not at", status: 7),
        Answer(
            name: "a link to a volume", script: volume(at: "$home/linked/vv/_data"), message: "is not at", status: 7),
        Answer(
            name: "a plugin's root", script: volume(at: "/", driver: "other"), message: "has its data nowhere"),
        Answer(
            name: "a plugin without data", script: volume(at: "", driver: "other"),
            message: "has its data nowhere"),
        Answer(name: "no end", script: "head -c 70000000 /dev/zero", message: "it prints more than"),
        Answer(name: "nothing for ever", script: "sleep 1000", message: "did not answer within 2 seconds"),
        Answer(
            name: "a silent child that stays", script: "sleep 1000 & exit 1", message: "did not answer within 2 seconds"
        ),
        Answer(name: "a signal", script: "kill -9 $$", message: "ended with status 137"),
        Answer(
            name: "escapes on standard error", script: "printf '\\033[31mred\\n' >&2; exit 1", message: "\\x{1b}[31mred"
        ),
        Answer(name: "a flood of errors", script: "yes no >&2 & sleep 0.3; kill %1; exit 1", message: "because: no"),
    ]

    @Test("a backup says what is wrong and writes nothing", arguments: answers)
    func backup(_ answer: Answer) throws {
        try Tool.script(
            """
            cd "$1"; mkdir -p volumes/vv/_data volumes/w/_data file/vv link/vv linked; echo secret > volumes/w/_data/secret
            touch file/vv/_data; ln -s ../../volumes/w/_data link/vv/_data; ln -s ../volumes/w linked/vv
            """, store.directory.path
        ).check()
        try ScriptedEngine.write(answer.script, to: store("docker"))
        let result = try holdfast("backup", "create", "docker:vv", "--to", store("out"))
        #expect(result.status == answer.status, "\(result)")
        #expect(result.errorText.contains(answer.message), "\(result)")
        #expect(!result.errorText.utf8.contains(0x1b))
        #expect(try Tool.run("test", "-e", store("out")).status == 1, "something was written")
    }

    @Test("an engine on another host is refused, for reading and for writing, even if the path exists here")
    func otherHost() throws {
        try store.makeVolume("own").file("f", "f")
        let archive = try store.holdfast("backup", "create", "own", "--to", store("b")).check().lines[0]
        try Tool.script("mkdir -p \"$1/volumes/vv/_data\"", store.directory.path).check()
        try ScriptedEngine.write(
            """
            case "$1 $4 $3" in
            *DockerRootDir*) echo "$(dirname "$0")/volumes" ;;
            info*) echo "5.0.0-other far-away" ;;
            *new*) echo '[]'; echo 'no such volume' >&2; exit 1 ;;
            *) echo '[{"Name":"vv","Driver":"local","Mountpoint":"'"$(dirname "$0")"'/volumes/vv/_data",'
               echo '"CreatedAt":"2020-01-01T00:00:00Z"}]' ;;
            esac
            """, to: store("docker"))
        for command in [
            ["backup", "create", "docker:vv", "--to", store("out")], ["volume", "import", "--from", "docker:vv"],
            ["backup", "restore", archive, "--to", "docker:vv"], ["backup", "restore", archive, "--to", "docker:new"],
        ] {
            let result = try holdfast.run(command).check(1)
            #expect(result.errorText.contains("another host") && result.errorText.contains("far-away"), "\(result)")
        }
        #expect(try Tool.run("ls", "-A", store("volumes/vv/_data")).check().output.isEmpty)
        #expect(try Tool.run("ls", "-A", store.directory.path).check().lines.allSatisfy { !$0.hasPrefix(".holdfast") })
    }

    @Test("names that holdfast does not take are listed as left out")
    func unnamed() throws {
        try ScriptedEngine.write(ScriptedEngine.dockerLike, to: store("docker"))
        try Tool.script("mkdir -p \"$1/volumes/\"{good,'b@d','x y'}/_data", store.directory.path).check()
        let result = try holdfast("volume", "ls", "--engine", "docker", "-q").check(3)
        #expect(result.text == "good\n" && result.errorText.contains("'b@d'") && result.errorText.contains("'x y'"))
        #expect(
            try holdfast("backup", "create", "--all", "--engine", "docker", "--to", store("o")).check(3).lines.count
                == 1)
    }

    @Test("a restore that the engine lets down leaves no volume")
    func failingEngine() throws {
        try store.makeVolume("own", "--label", "a=b").file("f", "f")
        let archive = try store.holdfast("backup", "create", "own", "--to", store("b")).check().lines[0]
        // Other labels than asked for: that volume is somebody else's and stays.
        let answers = [
            ("create", "echo 'no space left' >&2; exit 1", Int32(1), false),
            ("create", "mkdir -p \"$(dirname \"$0\")/volumes/new/_data\"; exit 0", Int32(5), true),
        ]
        for (command, script, status, stays) in answers {
            try Tool.run("rm", "-rf", store("volumes")).check()
            let special = "if [ \"$2\" = \(command) ]; then \(script); fi\n"
            try ScriptedEngine.write(special + ScriptedEngine.dockerLike, to: store("docker"))
            let result = try holdfast("backup", "restore", archive, "--to", "docker:new").check(status)
            #expect(try (Tool.run("test", "-e", store("volumes/new")).status == 0) == stays, "\(result)")
            let left = try Tool.run("ls", "-A", store.directory.path).check().lines.filter { $0.hasPrefix(".holdfast") }
            #expect(left.isEmpty)
        }
    }
}
