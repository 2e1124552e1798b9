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

    @Test("what cannot be read of a kept snapshot is copied")
    func damaged() throws {
        _ = try seed("first")
        let original = try TreeFingerprint(data("first"))
        try Tool.script("echo no > \"$1\"/store/layers/*/populations/*/report.json", disk.path).check()
        #expect(try (seed("second")["reflinkedFiles"].integer ?? 0) > 0)
        #expect(try TreeFingerprint(data("second")) == original)
    }
}
