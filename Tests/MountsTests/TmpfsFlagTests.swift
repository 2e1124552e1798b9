import Mounts
import StorageModel
import Testing

/// Goal: `--tmpfs` and `--volumes-from` mean what they mean to Docker. Method: tables.
@Suite("The grammar of --tmpfs and --volumes-from") struct TmpfsFlagTests {
    static let restricted: MountFlags = [.noSetID, .noDevices, .noExecution]

    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let tmpfs: TmpfsMount
        var isReadOnly = false
        var restrictions = TmpfsFlagTests.restricted
        var testDescription: String { text }
    }

    static let cases = [
        Case(text: "/run", tmpfs: TmpfsMount()),
        Case(text: "/run/", tmpfs: TmpfsMount()),
        Case(text: "/run:rw", tmpfs: TmpfsMount()),
        Case(text: "/run:ro", tmpfs: TmpfsMount(), isReadOnly: true),
        Case(text: "/run:size=64m", tmpfs: TmpfsMount(sizeBytes: 64 << 20)),
        Case(text: "/run:size=65536", tmpfs: TmpfsMount(sizeBytes: 65536)),
        Case(text: "/run:size=2GiB,mode=0700", tmpfs: TmpfsMount(sizeBytes: 2 << 30, mode: 0o700)),
        Case(text: "/run:mode=1777,uid=1000,gid=100", tmpfs: TmpfsMount(mode: 0o1777, uid: 1000, gid: 100)),
        Case(text: "/run:size=50%", tmpfs: TmpfsMount(options: ["size=50%"])),
        Case(text: "/run:nr_inodes=10k,huge=never", tmpfs: TmpfsMount(options: ["nr_inodes=10k", "huge=never"])),
        Case(text: "/run:exec,dev,suid", tmpfs: TmpfsMount(), restrictions: []),
        Case(text: "/run:exec", tmpfs: TmpfsMount(), restrictions: [.noSetID, .noDevices]),
        Case(text: "/run:noatime,notmpcopyup,defaults", tmpfs: TmpfsMount()),
    ]

    @Test("what is of the form means what it says", arguments: cases)
    func accept(_ example: Case) throws {
        let found = try MountGrammar.tmpfs(example.text)
        #expect(
            found
                == MountSpec(
                    destination: try ContainerPath("/run"), content: .tmpfs(example.tmpfs),
                    isReadOnly: example.isReadOnly, restrictions: example.restrictions))
    }

    @Test(
        "a fault is told with its place",
        arguments: [
            ("", "", "is empty"), ("run", "run", "not an absolute path"), ("/", "/", "root itself"),
            (":size=1m", "", "is empty"), ("/run:", "", "list of options is empty"),
            ("/run:foo", "foo", "not an option"),
            ("/run:foo=1", "foo=1", "not an option"), ("/run:size", "size", "has no value"),
            ("/run:size=", "", "is empty"), ("/run:size=x", "x", "not a size"),
            ("/run:size=0%", "0%", "share of the memory"),
            ("/run:mode=9", "9", "octal"), ("/run:uid=root", "root", "not the number"),
            ("/run:ro,rw", "rw", "contradicts"),
            ("/run:size=1m,size=2m", "size=2m", "contradicts"),
            ("/run:size=1m,nr_blocks=1", "nr_blocks=1", "contradicts"),
            ("/run:tmpcopyup", "tmpcopyup", "not copied into memory"), ("/run:ro,", "", "an option is empty"),
        ])
    func refuse(_ text: String, _ part: String, _ reason: String) throws {
        let error = try #require(throws: StorageError.self) { try MountGrammar.tmpfs(text) }
        #expect(error.message.contains(reason), "\(error.message)")
        #expect(try #require(error.excerpt).pieces.part == part)
    }

    @Test(
        "the mounts of another container",
        arguments: [
            ("db", InheritedMounts(container: "db")), ("db:ro", InheritedMounts(container: "db", isReadOnly: true)),
            ("db:rw", InheritedMounts(container: "db")), ("0123abc:z", InheritedMounts(container: "0123abc")),
            ("a.b_c-d:ro,Z", InheritedMounts(container: "a.b_c-d", isReadOnly: true)),
        ])
    func inherit(_ text: String, _ expected: InheritedMounts) throws {
        #expect(try MountGrammar.volumesFrom(text) == expected)
    }

    @Test(
        "faults in --volumes-from",
        arguments: [
            ("", ""), (":ro", ""), ("db:", ""), ("db:foo", "foo"), ("db:nocopy", "nocopy"),
            ("db:ro,rshared", "rshared"),
            ("db:U", "U"), ("a/b", "a/b"), ("db:ro:z", "ro:z"), ("db:ro,rw", "rw"),
        ])
    func refuseInherited(_ text: String, _ part: String) throws {
        let error = try #require(throws: StorageError.self) { try MountGrammar.volumesFrom(text) }
        #expect(error.code == .invalidInput)
        #expect(try #require(error.excerpt).pieces.part == part)
    }
}
