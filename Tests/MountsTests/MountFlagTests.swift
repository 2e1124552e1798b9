import Mounts
import StorageModel
import Testing

/// Goal: `--mount` means what it means to Docker 29, and a fault in it is told with its place. Method: tables, after Docker's
/// `opts/mount.go`, with Podman's keys.
@Suite("The grammar of --mount") struct MountFlagTests {
    typealias Case = VolumeFlagTests.Case
    typealias Fault = VolumeFlagTests.Fault

    static func named(_ name: String? = "data", _ change: (inout VolumeMount) -> Void = { _ in }) throws
        -> MountSpec.Content
    {
        var mount = try VolumeFlagTests.volume(name)
        change(&mount)
        return .volume(mount)
    }

    static func bind(_ source: String, _ change: (inout BindMount) -> Void = { _ in }) -> MountSpec.Content {
        var mount = BindMount(source: source)
        change(&mount)
        return .bind(mount)
    }

    static let restricted: MountFlags = [.noSetID, .noDevices, .noExecution]

    static func cases() throws -> [Case] {
        [
            try Case("dst=/x", "/x", named(nil)),
            try Case("type=volume,target=/x", "/x", named(nil)),
            try Case("source=data,destination=/x", "/x", named()),
            try Case("TYPE=Volume,SRC=data,DST=/x", "/x", named()),
            try Case("src=data,dst=/x,readonly", "/x", named(), readOnly: true),
            try Case("src=data,dst=/x,ro=1", "/x", named(), readOnly: true),
            try Case("src=data,dst=/x,readonly=false", "/x", named()),
            try Case("src=data,dst=/x,src=data", "/x", named()),
            try Case("src=data,dst=/x,volume-nocopy", "/x", named { $0.isPopulated = false }),
            try Case("src=data,dst=/x,volume-nocopy=false", "/x", named()),
            try Case(
                "src=data,dst=/x,volume-label=a=b,volume-label=c", "/x", named { $0.labels = ["a": "b", "c": ""] }),
            try Case(
                #"src=data,dst=/x,volume-driver=local,volume-opt=type=nfs,"volume-opt=o=addr=h,rw""#, "/x",
                named { ($0.driver, $0.options) = ("local", ["type": "nfs", "o": "addr=h,rw"]) }),
            try Case(
                "src=data,dst=/x,volume-subpath=a/./b/", "/x",
                named { $0.subpath = EntryPath(trusted: Array("a/b".utf8)) }
            ),
            try Case("src=data,dst=/x,subpath=a", "/x", named { $0.subpath = EntryPath(trusted: Array("a".utf8)) }),
            try Case("src=data,dst=/x,consistency=cached", "/x", named()),
            try Case(
                "src=data,dst=/x,U,nocreate", "/x", named { ($0.access.changesOwner, $0.createsVolume) = (true, false) }
            ),
            try Case("type=bind,src=/h,dst=/x", "/x", bind("/h")),
            try Case("type=bind,src=./h,dst=/x", "/x", bind("/home/anna/h")),
            try Case("type=bind,src=..,dst=/x", "/x", bind("/home")),
            try Case("type=bind,src=/a:b,dst=/x:y", "/x:y", bind("/a:b")),
            try Case(#"type=bind,"src=/a,b","dst=/x ""y"""# + "\"", "/x \"y\"", bind("/a,b")),
            try Case(
                "type=bind,src=/h,dst=/x,bind-propagation=RShared", "/x", bind("/h") { $0.propagation = .rshared }),
            try Case("type=bind,src=/h,dst=/x,bind-recursive=disabled", "/x", bind("/h") { $0.recursion = .disabled }),
            try Case("type=bind,src=/h,dst=/x,bind-recursive=enabled", "/x", bind("/h")),
            try Case(
                "type=bind,src=/h,dst=/x,bind-recursive=writable,ro", "/x", bind("/h") { $0.recursion = .writable },
                readOnly: true),
            try Case(
                "type=bind,src=/h,dst=/x,bind-recursive=readonly,ro,bind-propagation=rprivate", "/x",
                bind("/h") { $0.recursion = .readOnly }, readOnly: true),
            try Case("type=bind,src=/h,dst=/x,bind-create-src", "/x", bind("/h") { $0.createsSource = true }),
            try Case("type=bind,src=/h,dst=/x,bind-create-src=0", "/x", bind("/h")),
            try Case("type=bind,src=/h,dst=/x,bind-idmap", "/x", bind("/h") { $0.access.identity = .matchUser(nil) }),
            try Case(
                "type=bind,src=/h,dst=/x,bind-idmap=match-user", "/x",
                bind("/h") { $0.access.identity = .matchUser(nil) }),
            try Case(
                "type=bind,src=/h,dst=/x,bind-idmap=match-user:1000:100", "/x",
                bind("/h") { $0.access.identity = .matchUser("1000:100") }),
            try Case(
                "type=bind,src=/h,dst=/x,bind-idmap=userns", "/x", bind("/h") { $0.access.identity = .userNamespace }),
            try Case("type=bind,src=/h,dst=/x,idmap", "/x", bind("/h") { $0.access.identity = .userNamespace }),
            try Case(
                "type=bind,src=/h,dst=/x,idmap=uids=1000-0-1", "/x",
                bind("/h") { $0.access.identity = .mapping(uids: "0:1000:1", gids: "0:1000:1") }),
            try Case("type=bind,src=/h,dst=/x,relabel=private", "/x", bind("/h") { $0.access.label = .private }),
            try Case("type=bind,src=/h,dst=/x,O", "/x", bind("/h") { $0.access.overlay = SourceAccess.Overlay() }),
            try Case(
                "type=bind,src=/h,dst=/x,noexec,nosuid=false", "/x", bind("/h"), restrictions: .noExecution),
            try Case("type=tmpfs,dst=/x", "/x", .tmpfs(TmpfsMount()), restrictions: restricted),
            try Case(
                "type=tmpfs,dst=/x,noexec=false", "/x", .tmpfs(TmpfsMount()), restrictions: [.noSetID, .noDevices]),
            try Case(
                "type=tmpfs,dst=/x,tmpfs-size=1.5m,tmpfs-mode=0700,tmpfs-uid=7,tmpfs-gid=8,ro", "/x",
                .tmpfs(TmpfsMount(sizeBytes: 1_572_864, mode: 0o700, uid: 7, gid: 8)), readOnly: true,
                restrictions: restricted),
            try Case("type=tmpfs,dst=/x,tmpfs-size=0", "/x", .tmpfs(TmpfsMount()), restrictions: restricted),
            try Case(
                "type=image,src=example.com/app:1,dst=/x", "/x", .image(ImageMount(reference: "example.com/app:1")),
                readOnly: true),
            try Case(
                "type=image,src=app,dst=/x,image-subpath=etc/app", "/x",
                .image(ImageMount(reference: "app", subpath: EntryPath(trusted: Array("etc/app".utf8)))), readOnly: true
            ),
        ]
    }

    private static func parse(_ text: String) throws -> MountSpec {
        let request = try MountGrammar.request(mounts: [text], currentDirectory: "/home/anna")
        #expect(request.mounts.first?.origin == .mountFlag(text))
        return try #require(request.mounts.first).spec
    }

    @Test("what is of the form means what it says", arguments: try cases())
    func accept(_ example: Case) throws { #expect(try Self.parse(example.text) == example.expected) }

    static let faults = [
        Fault("", "", "is empty"), Fault(",", "", "a field is empty"), Fault("dst=/x,", "", "a field is empty"),
        Fault("dst=/x,foo=1", "foo", "there is no key"), Fault("dst=/x,foo", "foo", "there is no key"),
        Fault("=x,dst=/x", "", "the key is empty"), Fault(" dst=/x", " dst", "there is no key"),
        Fault("dst=/x,src", "src", "has no value"), Fault("dst=/x,src=", "", "value of 'src' is empty"),
        Fault("dst= /x", " /x", "begins or ends with a blank"), Fault("type=,dst=/x", "", "value of 'type' is empty"),
        Fault("src=data", "", "no destination"), Fault("type=bind,src=/h", "", "no destination"),
        Fault("dst=x", "x", "not an absolute path"), Fault("dst=/", "/", "root itself"),
        Fault("dst=/a/../..", "/a/../..", "root itself"), Fault("type=foo,dst=/x", "foo", "no type 'foo'"),
        Fault("type=npipe,dst=/x,src=a", "npipe", "no type"), Fault("type=cluster,dst=/x", "cluster", "no type"),
        Fault("src=a,src=b,dst=/x", "src=b", "contradicts 'src=a'"),
        Fault("dst=/x,target=/y", "target=/y", "contradicts"),
        Fault("dst=/x,ro,readonly=0", "readonly=0", "contradicts 'ro'"),
        Fault("dst=/x,ro=no", "no", "neither true nor false"),
        Fault("dst=/x,ro=TRUE", "TRUE", "neither true nor false"),
        Fault("src=/h,dst=/x", "/h", "neither the name of a volume"),
        Fault("src=a/b,dst=/x", "a/b", "neither the name"),
        Fault("src=a b,dst=/x", "a b", "not valid"),
        Fault("type=bind,dst=/x", "", "no source"),
        Fault("type=bind,src=h,dst=/x", "h", "not an absolute path of the host"),
        Fault("type=bind,src=~/h,dst=/x", "~/h", "not an absolute path of the host"),
        Fault("type=bind,src=/h,dst=/x,volume-nocopy", "volume-nocopy", "for mounts of type volume, not for a bind"),
        Fault("type=bind,src=/h,dst=/x,tmpfs-size=1m", "tmpfs-size=1m", "for mounts of type tmpfs"),
        Fault("src=data,dst=/x,bind-propagation=shared", "bind-propagation=shared", "for mounts of type bind"),
        Fault("type=tmpfs,dst=/x,image-subpath=a", "image-subpath=a", "for mounts of type image"),
        Fault("type=image,src=a,dst=/x,volume-subpath=a", "volume-subpath=a", "for mounts of type volume"),
        Fault("type=image,src=a,dst=/x,noexec", "noexec", "for mounts of type volume and bind and tmpfs"),
        Fault("type=bind,src=/h,dst=/x,bind-nonrecursive", "bind-nonrecursive", "deprecated"),
        Fault("type=bind,src=/h,dst=/x,bind-nonrecursive=true", "bind-nonrecursive", "deprecated"),
        Fault("type=bind,src=/h,dst=/x,bind-propagation=foo", "foo", "no propagation"),
        Fault("type=bind,src=/h,dst=/x,rshared", "rshared", "is a value"),
        Fault("type=bind,src=/h,dst=/x,bind-recursive=yes", "yes", "mounts below the source"),
        Fault(
            "type=bind,src=/h,dst=/x,bind-recursive=writable", "bind-recursive=writable",
            "only if the mount is read-only"),
        Fault(
            "type=bind,src=/h,dst=/x,bind-recursive=readonly", "bind-recursive=readonly",
            "only if the mount is read-only"),
        Fault("type=bind,src=/h,dst=/x,ro,bind-recursive=readonly", "bind-recursive=readonly", "must not be undone"),
        Fault("type=bind,src=/h,dst=/x,bind-idmap=foo", "foo", "not a way to map owners"),
        Fault("type=bind,src=/h,dst=/x,bind-idmap=match-user:", "match-user:", "user behind"),
        Fault("type=bind,src=/h,dst=/x,bind-idmap=userns:0", "userns:0", "not a way to map owners"),
        Fault("type=bind,src=/h,dst=/x,idmap,bind-idmap", "bind-idmap", "contradicts 'idmap'"),
        Fault("type=bind,src=/h,dst=/x,nocreate,bind-create-src", "nocreate", "contradicts"),
        Fault("type=bind,src=/h,dst=/x,upperdir=/u,workdir=/w", "upperdir=/u", "of no use without 'O'"),
        Fault("type=bind,src=/h,dst=/x,O,workdir=/w", "workdir=/w", "is alone"),
        Fault("type=bind,src=/h,dst=/x,relabel=no", "no", "not a way to label"),
        Fault("dst=/x,consistency=foo", "foo", "not a consistency"),
        Fault("dst=/x,volume-subpath=a", "volume-subpath=a", "volume without a name"),
        Fault("dst=/x,nocreate", "nocreate", "always made anew"),
        Fault("src=a,dst=/x,volume-subpath=../b", "../b", "not a path inside"),
        Fault("src=a,dst=/x,volume-subpath=/b", "/b", "not a path inside"),
        Fault("src=a,dst=/x,volume-subpath=b,subpath=b", "subpath=b", "says again"),
        Fault("src=a,dst=/x,volume-label==b", "=b", "has no key"),
        Fault("type=tmpfs,src=a,dst=/x", "src=a", "a tmpfs has no source"),
        Fault("type=tmpfs,dst=/x,tmpfs-size=foo", "foo", "not a size"),
        Fault("type=tmpfs,dst=/x,tmpfs-size=-1", "-1", "not a size"),
        Fault("type=tmpfs,dst=/x,tmpfs-size=1x", "1x", "not a size"),
        Fault("type=tmpfs,dst=/x,tmpfs-size=9999999p", "9999999p", "not a size"),
        Fault("type=tmpfs,dst=/x,tmpfs-mode=888", "888", "not an octal number"),
        Fault("type=tmpfs,dst=/x,tmpfs-mode=17777", "17777", "not an octal number"),
        Fault("type=tmpfs,dst=/x,tmpfs-uid=bob", "bob", "not the number"),
        Fault("type=image,dst=/x", "", "no source"),
        Fault("type=image,src=a,dst=/x,readonly=false", "readonly=false", "cannot be written to"),
        Fault("type=image,src=a b,dst=/x", "a b", "not the name of an image"),
        Fault(#"dst="/x""#, "\"", "in the middle"), Fault(#""dst=/x"#, #""dst=/x"#, "not closed"),
        Fault(#""dst=/x"y,src=a"#, "y", "behind the closing"), Fault("dst=/x\nsrc=a", "\n", "line feed"),
        Fault(#""src=a/b",dst=/x"#, #""src=a/b""#, "neither the name"),
    ]

    @Test("a fault is told once, with its place", arguments: faults)
    func refuse(_ fault: Fault) throws {
        let error = try #require(throws: StorageError.self) { try Self.parse(fault.text) }
        #expect(error.code == .invalidInput)
        #expect(error.message.contains(fault.reason), "\(error.message)")
        let excerpt = try #require(error.excerpt)
        #expect(excerpt.text == fault.text)
        #expect(excerpt.pieces.part == fault.part)
        #expect(error.message.hasPrefix("--mount, character \(excerpt.character): "))
    }

    @Test(
        "a key that is nearly right is proposed",
        arguments: [
            ("sorce=a,dst=/x", "'source'"), ("src=a,dts=/x", "'dst'"), ("type=bnd,src=/a,dst=/x", "'bind'"),
            ("dst=/x,readonyl", "'readonly'"), ("dst=/x,volume-nocpy", "'volume-nocopy'"),
            ("type=bind,src=/a,dst=/x,bind-propagation=rshard", "'rshared'"),
        ])
    func propose(_ text: String, _ word: String) throws {
        let error = try #require(throws: StorageError.self) { try Self.parse(text) }
        #expect(try #require(error.hint).contains(word))
    }
}
