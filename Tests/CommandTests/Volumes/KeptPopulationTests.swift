import TestSupport
import Testing

/// Goal: on btrfs the second volume of an image's directory is a snapshot of what the first one got, equal to it in everything,
/// independent of it, and gone without a trace. Method: a real btrfs; its own list of subvolumes; whole trees compared.
@Suite(
    "Populations kept as snapshots",
    .enabled(if: ReflinkDisk.formats.contains("btrfs") && Tool.exists("btrfs"), "btrfs cannot be mounted"))
struct KeptPopulationTests {
    private let folder: TemporaryDirectory
    private let disk: ReflinkDisk
    private let holdfast: CommandRunner

    init() throws {
        folder = try TemporaryDirectory("kept")
        disk = try ReflinkDisk("btrfs", in: folder)
        holdfast = CommandRunner(root: disk.path + "/store")
        let tree = try TreeBuilder(try folder.makeDirectory("tree"))
        try tree.directory("d")
        for part in 0..<20 {
            try tree.directory("d/\(part)", mode: 0o750)
            for number in 0..<60 {
                try tree.file("d/\(part)/f\(number)", String(repeating: "\(number)", count: part * 90))
            }
        }
        try tree.hardLink("d/link", to: "d/3/f7")
        try tree.symbolicLink("d/symlink", to: "3/f7")
        try tree.fifo(Array("d/fifo".utf8))
        try tree.device(Array("d/device".utf8), block: false, major: 1, minor: 7)
        try tree.attribute(Array("d/4/f8".utf8), "user.note", Array("kept".utf8))
        try tree.accessControlList("d/5", "u:7:rwx", isDefault: true)
        try tree.owner(Array("d/6/f9".utf8), 12, 34)
        try tree.modified(Array("d/7".utf8), seconds: 1_000_000_000, nanoseconds: 123_456_789)
        try tree.owner(Array("d".utf8), 5, 6)
        try tree.mode(Array("d".utf8), 0o3751)
        try tree.directory("few")
        try tree.file("few/one", "1")
        try Tool.run(
            "tar", "-C", tree.root, "--format=posix", "--xattrs", "--acls", "-cf", folder("layer.tar"), "."
        ).check()
        try holdfast("image", "import", folder("layer.tar"), "app:1").check()
    }

    private func data(_ volume: String) -> String { "\(disk.path)/store/volumes/\(volume)/_data" }

    private func subvolumes() throws -> [String] {
        try Tool.run("btrfs", "subvolume", "list", disk.path).check().lines.compactMap {
            $0.split(separator: " ").last.map(String.init)
        }
    }

    private func seed(_ volume: String, _ path: String = "/d", _ flags: String...) throws -> JSON {
        try JSON(
            parsing: holdfast.run(
                ["volume", "seed", volume, "--image", "app:1", "--path", path, "--json"] + flags
            ).check().text)
    }

    @Test("the second volume has everything that the first has, and both go their own ways")
    func second() throws {
        let first = try seed("first")
        let original = try TreeFingerprint(data("first"))
        try Tool.script("echo mine > \"$1\"/0/f1; rm -r \"$1\"/1", data("first")).check()
        let second = try seed("second")
        #expect(try subvolumes().filter { $0.hasSuffix("/tree") }.count == 1)
        #expect(try subvolumes().contains("store/volumes/second/_data"))
        #expect(second["entries"].integer == first["entries"].integer)
        #expect(second["reflinkedFiles"].integer == first["reflinkedFiles"].integer)
        #expect(second["copiedBytes"].integer == 0)
        let found = try TreeFingerprint(data("second")).difference(from: original)
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
        try Tool.script("echo other > \"$1\"/0/f2", data("second")).check()
        _ = try seed("third")
        let third = try TreeFingerprint(data("third")).difference(from: original)
        #expect(third.isEmpty, "\(third.joined(separator: "\n"))")
        #expect(try holdfast("volume", "seed", "third", "--diff").check().text.isEmpty)
        try holdfast("check").check()
    }

    @Test("containers' volumes are made of it, new ones, emptied ones and empty ones")
    func containers() throws {
        _ = try seed("first")
        let original = try TreeFingerprint(data("first"))
        try Tool.script("rm -r \"$1\"/*", data("first")).check()
        try holdfast("volume", "create", "empty").check()
        for volume in ["new", "first", "empty"] {
            try holdfast("container", "create", "-v", "\(volume):/d", "app:1").check()
            let difference = try TreeFingerprint(data(volume)).difference(from: original)
            #expect(difference.isEmpty, "\(volume): \(difference.joined(separator: "\n"))")
            #expect(try subvolumes().contains("store/volumes/\(volume)/_data"))
        }
        try Tool.script("rm -r \"$1\"/3", data("new")).check()
        try holdfast("volume", "seed", "new", "--force").check()
        #expect(try TreeFingerprint(data("new")) == original)
        #expect(try Tool.run("ls", "-A", disk.path + "/store/staging").check().lines.isEmpty)
    }

    @Test("nothing is kept of a small directory, nor for other owners")
    func small() throws {
        _ = try seed("few", "/few")
        try holdfast(
            "container", "create", "--userns", "0:100000:65536", "-v", "mapped:/d", "app:1"
        ).check()
        #expect(try subvolumes() == [])
        #expect(try Tool.run("stat", "-c", "%u:%g", data("mapped") + "/6/f9").check().text == "100012:100034\n")
    }

    @Test("snapshots go with their volume and with the image, at once")
    func removal() throws {
        _ = try seed("first")
        _ = try seed("second")
        try holdfast("volume", "rm", "first", "second").check()
        #expect(try subvolumes().count == 1)
        try holdfast("image", "rm", "app:1").check()
        #expect(try subvolumes() == [])
        for place in ["layers", "trash"] {
            #expect(try Tool.run("ls", "-A", disk.path + "/store/" + place).check().lines.isEmpty)
        }
    }

    @Test("of eight creators at once each gets the whole directory")
    func together() throws {
        let result = try Tool.script(
            """
            jobs=
            for i in 1 2 3 4 5 6 7 8; do
                HOLDFAST_ROOT="$2" "$1" volume seed v$i --image app:1 --path /d & jobs="$jobs $!"
            done
            for job in $jobs; do wait $job || exit 1; done
            """, CommandRunner.binary, disk.path + "/store")
        try result.check()
        let original = try TreeFingerprint(data("v1"))
        for number in 2...8 { #expect(try TreeFingerprint(data("v\(number)")) == original) }
        #expect(try subvolumes().filter { $0.hasSuffix("/tree") }.count == 1)
        #expect(try Tool.run("ls", "-A", disk.path + "/store/staging").check().lines.isEmpty)
    }

    @Test(
        "what is kept and is not as it was made is copied, and kept anew", arguments: ["report", "copied", "writable"])
    func damaged(_ damage: String) throws {
        _ = try seed("first")
        let original = try TreeFingerprint(data("first"))
        try Tool.script(
            """
            cd "$1"/store/layers/*/populations/*
            case $2 in
                report) echo no > report.json ;;
                copied) mv tree old; cp -a old tree; rm tree/0/f1; btrfs subvolume delete old ;;
                writable) btrfs property set -f tree ro false; rm tree/0/f1 ;;
            esac
            """, disk.path, damage
        ).check()
        #expect(try (seed("second")["reflinkedFiles"].integer ?? 0) > 0)
        #expect(try TreeFingerprint(data("second")) == original)
        #expect(try subvolumes().filter { $0.hasSuffix("/tree") }.count == 1)
        _ = try seed("third")
        #expect(try TreeFingerprint(data("third")) == original)
    }

    @Test("a part of a volume is never a subvolume: clones and backups have it")
    func subpath() throws {
        _ = try seed("first")
        try holdfast("volume", "create", "v").check()
        try Tool.run("mkdir", data("v") + "/part").check()
        try holdfast(
            "container", "create", "--mount", "type=volume,source=v,destination=/d,volume-subpath=part", "app:1"
        ).check()
        #expect(try subvolumes().contains("store/volumes/v/_data/part") == false)
        let original = try TreeFingerprint(data("first"))
        #expect(try TreeFingerprint(data("v") + "/part") == original)
        try holdfast("volume", "clone", "v", "clone").check()
        #expect(try TreeFingerprint(data("clone") + "/part") == original)
        try holdfast("backup", "create", "v", "--to", folder("v.tar.zst")).check()
        try holdfast("backup", "restore", folder("v.tar.zst"), "--to", "back").check()
        #expect(try TreeFingerprint(data("back") + "/part") == original)
    }

    @Test("a volume that is a snapshot is cloned, backed up, replaced, renamed and removed like any")
    func life() throws {
        _ = try seed("first")
        _ = try seed("v")
        let original = try TreeFingerprint(data("first"))
        try holdfast("volume", "clone", "v", "clone").check()
        #expect(try TreeFingerprint(data("clone")) == original)
        try holdfast("backup", "create", "v", "--to", folder("v.tar.zst"), "--consistency", "snapshot").check()
        try Tool.script("rm -r \"$1\"/*", data("v")).check()
        try holdfast("backup", "restore", folder("v.tar.zst"), "--to", "v", "--replace").check()
        #expect(try TreeFingerprint(data("v")) == original)
        try holdfast("volume", "rename", "first", "other").check()
        #expect(try TreeFingerprint(data("other")) == original)
        try holdfast("volume", "rm", "other", "v", "clone").check()
        #expect(try subvolumes().count == 1)
    }

    @Test("a repair that takes a layer away forgets what was copied out of it")
    func repaired() throws {
        let image = try ImageFixture(
            [
                [.directory("d")] + (0..<1100).map { .file("d/f\($0)", "content") }, [.file("d/upper", "1")],
            ], names: ["two:1"])
        try ImageLayout.docker25.write([image], to: folder("two.tar"))
        try holdfast("image", "load", "-i", folder("two.tar")).check()
        try holdfast("container", "create", "two:1").check()
        // Found out of order by nobody until the layers are read.
        try Tool.script("for f in \"$1\"/store/layers/*/diff/d/f7; do printf CONTENT > $f; done", disk.path).check()
        try holdfast("volume", "seed", "bad", "--image", "two:1", "--path", "/d").check()
        #expect(try Tool.run("cat", data("bad") + "/f7").check().text == "CONTENT")
        _ = try holdfast("check", "--read-data", "--repair")
        try holdfast("image", "load", "-i", folder("two.tar")).check()
        try holdfast("volume", "seed", "good", "--image", "two:1", "--path", "/d").check()
        #expect(try Tool.run("cat", data("good") + "/f7").check().text == "content")
    }

    @Test("where files are not copied on write nothing is kept", .enabled(if: Tool.exists("chattr"), "no chattr"))
    func writtenInPlace() throws {
        try Tool.run("chattr", "+C", disk.path + "/store/volumes", disk.path + "/store/staging").check()
        try Tool.script("chattr +C \"$1\"/store/layers/*", disk.path).check()
        _ = try seed("first")
        #expect(try subvolumes() == [])
    }
}
