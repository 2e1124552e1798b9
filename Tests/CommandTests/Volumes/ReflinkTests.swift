import TestSupport
import Testing

/// Goal: where the file system can share blocks, a population takes none. Method: XFS and btrfs in files; the kernel's own
/// maps of the blocks (filefrag(8), FIEMAP) and its count of free ones.
@Suite("Sharing blocks with images", .enabled(if: !ReflinkDisk.formats.isEmpty, "neither XFS nor btrfs can be mounted"))
struct ReflinkTests {
    @Test("a large file's blocks are the image's, a changed copy's are not", arguments: ReflinkDisk.formats)
    func shares(_ format: String) throws {
        let folder = try TemporaryDirectory("reflink")
        let disk = try ReflinkDisk(format, in: folder)
        let holdfast = CommandRunner(root: disk.path + "/store")
        let tree = try TreeBuilder(try folder.makeDirectory("tree"))
        try tree.directory("d")
        var generator = SeededGenerator(seed: 4)
        try tree.file(Array("d/large".utf8), generator.bytes(24 << 20))
        try tree.file("d/small", "small")
        try tree.sparseFile(
            Array("d/sparse".utf8), sizeBytes: 8 << 20, pieces: [(offset: 4 << 20, content: generator.bytes(1 << 20))])
        try Tool.run("tar", "-C", tree.root, "--format=posix", "--sparse", "-cf", folder("layer.tar"), ".").check()
        try holdfast("image", "import", folder("layer.tar"), "app:1").check()
        let before = try disk.usedKiB()
        let json = try JSON(
            parsing: holdfast("volume", "seed", "v", "--image", "app:1", "--path", "/d", "--json").check().text)
        #expect((json["reflinkedFiles"].integer ?? 0) >= 2)
        #expect((json["copiedBytes"].integer ?? .max) < 1 << 20)
        #expect(try disk.usedKiB() - before < 4096)
        let data = disk.path + "/store/volumes/v/_data"
        let difference = try TreeFingerprint(data, .comparingHoles).difference(
            from: TreeFingerprint(tree.root + "/d", .comparingHoles))
        #expect(difference.isEmpty, "\(difference.joined(separator: "\n"))")
        #expect(try Tool.run("filefrag", "-v", data + "/large").check().text.contains("shared"))
        try Tool.script("printf changed | dd of=\"$1\" conv=notrunc status=none", data + "/large").check()
        let original = try Tool.script("echo \"$1\"/store/layers/*/diff/d/large", disk.path).check().lines[0]
        try Tool.run("cmp", original, tree.root + "/d/large").check()
    }

    @Test("every format that is meant is tested", arguments: ["xfs", "btrfs"])
    func complete(_ format: String) { #expect(ReflinkDisk.formats.contains(format)) }
}

/// A file system in a file that can share blocks.
final class ReflinkDisk {
    static let formats = ["xfs", "btrfs"].filter { format in
        guard Environment.isRoot, let folder = try? TemporaryDirectory("disk") else { return false }
        return (try? ReflinkDisk(format, in: folder)) != nil
    }

    let path: String
    /// Removed only once nothing is mounted in it.
    private let folder: TemporaryDirectory

    init(_ format: String, in folder: TemporaryDirectory) throws {
        self.folder = folder
        path = try folder.makeDirectory("mounted")
        let image = folder("image")
        try Tool.run("truncate", "-s", "400M", image).check()
        try Tool.run(format == "xfs" ? ["mkfs.xfs", "-q", image] : ["mkfs.btrfs", "-q", image]).check()
        try Tool.run("mount", "-o", "loop", image, path).check()
    }

    func usedKiB() throws -> Int {
        try Tool.run("sync", "-f", path).check()
        let text = try Tool.run("df", "-k", "--output=used", path).check().lines[1]
        return Int(text.filter { !$0.isWhitespace }) ?? 0
    }

    deinit { _ = try? Tool.run("umount", "--lazy", path) }
}
