import Mounts
import StorageModel
import Testing

/// Goal: `-v` means what it means to Docker and Podman, and a fault in it is told with its place. Method: tables, after
/// Docker's `linux_parser.go` and Podman's manual.
@Suite("The grammar of -v") struct VolumeFlagTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let expected: MountSpec
        var testDescription: String { text }

        init(
            _ text: String, _ destination: String, _ content: MountSpec.Content, readOnly: Bool = false,
            restrictions: MountFlags = []
        ) throws {
            self.text = text
            expected = MountSpec(
                destination: try ContainerPath(destination), content: content, isReadOnly: readOnly,
                restrictions: restrictions)
        }
    }

    static func volume(_ name: String?) throws -> VolumeMount {
        VolumeMount(name: try name.map { try VolumeName($0) })
    }

    static func named(_ name: String = "data", _ change: (inout VolumeMount) -> Void = { _ in }) throws
        -> MountSpec.Content
    {
        var mount = try volume(name)
        change(&mount)
        return .volume(mount)
    }

    static func bind(_ source: String, _ change: (inout BindMount) -> Void = { _ in }) -> MountSpec.Content {
        var mount = BindMount(source: source, createsSource: true)
        change(&mount)
        return .bind(mount)
    }

    static func cases() throws -> [Case] {
        [
            try Case("/x", "/x", .volume(try volume(nil))),
            try Case("/x/../y/", "/y", .volume(try volume(nil))),
            try Case("data:/x", "/x", named()),
            try Case("data:/x/", "/x", named()),
            try Case("d:/x", "/x", named("d")),
            try Case("data:/x:ro", "/x", named(), readOnly: true),
            try Case("data:/x:rw", "/x", named()),
            try Case("data:/x:nocopy", "/x", named { $0.isPopulated = false }),
            try Case("data:/x:copy", "/x", named()),
            try Case(
                "data:/x:ro,z,nocopy", "/x", named { ($0.isPopulated, $0.access.label) = (false, .shared) },
                readOnly: true),
            try Case("data:/x:nocreate", "/x", named { $0.createsVolume = false }),
            try Case("data:/x:U", "/x", named { $0.access.changesOwner = true }),
            try Case("data:/x:subpath=a/b", "/x", named { $0.subpath = EntryPath(trusted: Array("a/b".utf8)) }),
            try Case("data:/x:cached", "/x", named()),
            try Case("data:/x:nosuid,nodev,noexec", "/x", named(), restrictions: [.noSetID, .noDevices, .noExecution]),
            try Case("data:/x:suid,dev,exec", "/x", named()),
            try Case("/host:/x", "/x", bind("/host")),
            try Case("/host/./a/../b/:/x", "/x", bind("/host/b")),
            try Case("/:/x:ro", "/x", bind("/"), readOnly: true),
            try Case("./a:/x", "/x", bind("/home/anna/a")),
            try Case("../a:/x", "/x", bind("/home/a")),
            try Case(".:/x", "/x", bind("/home/anna")),
            try Case("..:/x", "/x", bind("/home")),
            try Case(".git:/x", "/x", bind("/home/anna/.git")),
            try Case("/host:/x:Z", "/x", bind("/host") { $0.access.label = .private }),
            try Case("/host:/x:rshared", "/x", bind("/host") { $0.propagation = .rshared }),
            try Case("/host:/x:ro,slave", "/x", bind("/host") { $0.propagation = .slave }, readOnly: true),
            try Case("/host:/x:runbindable", "/x", bind("/host") { $0.propagation = .runbindable }),
            try Case("/host:/x:bind", "/x", bind("/host") { $0.recursion = .disabled }),
            try Case("/host:/x:rbind", "/x", bind("/host")),
            try Case("/host:/x:nocreate", "/x", bind("/host") { $0.createsSource = false }),
            try Case("/host:/x:O", "/x", bind("/host") { $0.access.overlay = SourceAccess.Overlay() }),
            try Case(
                "/host:/x:O,upperdir=/u,workdir=./w", "/x",
                bind("/host") { $0.access.overlay = SourceAccess.Overlay(upper: "/u", work: "/home/anna/w") }),
            try Case("/host:/x:idmap", "/x", bind("/host") { $0.access.identity = .userNamespace }),
            try Case(
                "/host:/x:idmap=uids=1000-0-1#2000-1-10;gids=@100-0-1", "/x",
                bind("/host") { $0.access.identity = .mapping(uids: "0:1000:1,1:2000:10", gids: "0:100:1") }),
            try Case(
                "/host:/x:idmap=uids=1000-0-1", "/x",
                bind("/host") { $0.access.identity = .mapping(uids: "0:1000:1", gids: "0:1000:1") }),
            try Case("/a,b=c:/x,y", "/x,y", bind("/a,b=c")),
            try Case("/ü:/ä ö", "/ä ö", bind("/ü")),
        ]
    }

    @Test("what is of the form means what it says", arguments: try cases())
    func accept(_ example: Case) throws {
        let found = try MountGrammar.volume(example.text, currentDirectory: "/home/anna")
        #expect(found == example.expected)
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let text: String
        /// What the error points at.
        let part: String
        /// What the message contains.
        let reason: String
        var testDescription: String { text }

        init(_ text: String, _ part: String, _ reason: String) {
            self.text = text
            self.part = part
            self.reason = reason
        }
    }

    static let faults = [
        Fault("", "", "is empty"), Fault(":", "", "source is empty"), Fault("::", "", "source is empty"),
        Fault(":/x", "", "source is empty"), Fault("data:", "", "destination is empty"),
        Fault("data::ro", "", "destination is empty"), Fault("data:/x:", "", "list of options is empty"),
        Fault("x", "x", "not an absolute path in the container"), Fault("./", "./", "not an absolute path"),
        Fault("..", "..", "not an absolute path"), Fault("/", "/", "root itself"), Fault("/..", "/..", "root itself"),
        Fault("data:/", "/", "root itself"), Fault("data:/a/..", "/a/..", "root itself"),
        Fault("data:x", "x", "not an absolute path in the container"),
        Fault("data:./x", "./x", "not an absolute path in the container"),
        Fault("/tmp:tmp", "tmp", "not an absolute path in the container"),
        Fault("data:/x:ro:z", "z", "more than three parts"), Fault("a:b:c:d:e", "d:e", "more than three parts"),
        Fault("/x:ro", "ro", "is an option"), Fault("data:ro,z", "ro,z", "is an option"),
        Fault("/x:shared", "shared", "is an option"),
        Fault("data:/x:foo", "foo", "not an option"), Fault("data:/x:ro,,z", "", "an option is empty"),
        Fault("data:/x:RO", "RO", "not an option"), Fault("data:/x:ro=1", "ro=1", "not an option"),
        Fault("data:/x:ro,rw", "rw", "contradicts 'ro'"), Fault("data:/x:ro,ro", "ro", "is there twice"),
        Fault("data:/x:z,Z", "Z", "contradicts 'z'"), Fault("/h:/x:shared,rslave", "rslave", "contradicts 'shared'"),
        Fault("data:/x:copy,nocopy", "nocopy", "contradicts 'copy'"),
        Fault("/h:/x:cached,delegated", "delegated", "contradicts"),
        Fault("/h:/x:nodev,dev", "dev", "contradicts"), Fault("/h:/x:bind,rbind", "rbind", "contradicts"),
        Fault("data:/x:rshared", "rshared", "option of a bind mount"),
        Fault("data:/x:bind", "bind", "option of a bind mount"),
        Fault("/h:/x:nocopy", "nocopy", "option of a volume"),
        Fault("/h:/x:subpath=a", "subpath=a", "option of a volume"),
        Fault("data:/x:subpath=/a", "/a", "not a path inside"),
        Fault("data:/x:subpath=a/../..", "a/../..", "not a path"),
        Fault("data:/x:subpath=", "", "value is empty"),
        Fault("my/data:/x", "my/data", "neither the name of a volume nor an absolute path"),
        Fault("~/data:/x", "~/data", "neither the name"), Fault("-a:/x", "-a", "begins with"),
        Fault("da ta:/x", "da ta", "character 3"), Fault("dätä:/x", "dätä", "character 2"),
        Fault("da\nta:/x", "da\nta", "\\n"),
        Fault("/h:/x:upperdir=/u,workdir=/w", "upperdir=/u", "of no use without 'O'"),
        Fault("/h:/x:O,upperdir=/u", "upperdir=/u", "is alone"),
        Fault("/h:/x:O,upperdir=u,workdir=/w", "u", "not an absolute path of the host"),
        Fault("/h:/x:idmap=uids=0-1", "uids=0-1", "not a mapping"), Fault("/h:/x:idmap=x", "x", "not a mapping"),
        Fault("/h:/x:idmap=uids=0-0-10#5-20-1", "uids=0-0-10#5-20-1", "not a mapping"),
        Fault("/a\0b:/x", "/a\0b", "NUL"), Fault("data:/a\0b", "/a\0b", "not an absolute path"),
    ]

    @Test("a fault is told once, with its place", arguments: faults)
    func refuse(_ fault: Fault) throws {
        let error = try #require(throws: StorageError.self) {
            try MountGrammar.volume(fault.text, currentDirectory: "/home/anna")
        }
        #expect(error.code == .invalidInput)
        #expect(error.message.contains(fault.reason), "\(error.message)")
        #expect(!error.message.contains("\n"))
        let excerpt = try #require(error.excerpt)
        #expect(excerpt.text == fault.text)
        #expect(excerpt.pieces.part == fault.part)
        #expect(error.message.hasPrefix("-v, character \(excerpt.character): "))
    }

    @Test(
        "a word that is nearly right is proposed",
        arguments: [("data:/x:rr", "'ro'"), ("data:/x:nocpoy", "'nocopy'"), ("/h:/x:rshard", "'rshared'")])
    func propose(_ text: String, _ word: String) throws {
        let error = try #require(throws: StorageError.self) { try MountGrammar.volume(text, currentDirectory: "/") }
        #expect(try #require(error.hint).contains(word))
    }
}
