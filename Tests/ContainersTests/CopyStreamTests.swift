import Archive
import FileTree
import Glibc
import StorageModel
import TestSupport
import Testing

@testable import Containers

/// Goal: streams of `docker cp -` are what other tools read and write, and no stream writes where it should not. Method:
/// GNU tar on the other end, hostile tars made by hand.
@Suite("Copying tar streams") struct CopyStreamTests {
    private let copier = ContainerCopy(checkpoint: Checkpoint())

    private func container(_ root: Root, _ path: String, _ mapping: IdentityMapping? = nil) throws -> CopyEndpoint {
        try .container(try ContainerName("web"), root: root.shared, path: path, mapping: mapping)
    }

    /// Writes the stream of a path to a file.
    private func archive(
        _ root: Root, _ path: String, _ mapping: IdentityMapping? = nil, followsLink: Bool = false
    ) throws -> String {
        let copier = ContainerCopy(options: .init(followsLink: followsLink), checkpoint: Checkpoint())
        let feed = try copier.archive(try container(root, path, mapping))
        defer { feed.finish() }
        let file = root.directory("stream\(UInt32.random(in: 0 ... .max)).tar")
        let output = try Descriptor.openDirectory(atHostPath: root.directory.path)
            .createFile(bytes(String(file.dropFirst(root.directory.path.count + 1))))
        while let chunk = try feed.nextChunk() { try chunk.withUnsafeBytes { try output.writeAll($0, at: nil) } }
        #expect(feed.skipped.isEmpty && feed.changed.isEmpty)
        return file
    }

    private func extract(_ root: Root, _ file: String, _ path: String) throws -> ContainerCopy.Report {
        try copier.extract(
            SharedDescriptor(try Descriptor.openFile(atHostPath: file)), called: "-", to: try container(root, path))
    }

    @Test(
        "The names are Docker's",
        arguments: [
            ("s/d", ["d/", "d/a", "d/s/", "d/s/b"]), ("s/d/", ["d/", "d/a", "d/s/", "d/s/b"]),
            ("s/d/.", ["./", "./a", "./s/", "./s/b"]), ("s/f", ["f"]), ("/s/lf", ["lf"]),
        ])
    func names(_ path: String, _ names: [String]) throws {
        let root = try Root("streams")
        try CopyTrees.makeSource("\(root.path)/s")
        let file = try archive(root, path)
        #expect(try Tool.run("tar", "-tf", file).check().lines == names)
    }

    @Test("A link that is followed gives the file, under the link's name")
    func followsLinks() throws {
        let root = try Root("streams")
        try CopyTrees.makeSource("\(root.path)/s")
        let file = try archive(root, "s/lf", followsLink: true)
        #expect(try Tool.run("tar", "-xOf", file, "lf").check().text == "F")
        #expect(try Tool.run("tar", "-tf", try archive(root, "s/ld", followsLink: true)).check().lines.contains("ld/a"))
    }

    @Test("What GNU tar unpacks is the tree, and what it packs is too", arguments: [41, 42] as [UInt64])
    func roundTrip(_ seed: UInt64) throws {
        let root = try Root("streams")
        let tree = try TreeBuilder("\(root.path)/tree")
        try tree.fill(seed: seed, RandomTreeOptions(entries: 100, hasNegativeTimes: false))
        let wanted = try TreeFingerprint(tree.root)
        let file = try archive(root, "tree")
        let out = try root.directory.makeDirectory("out")
        try Tool.run("tar", "--xattrs", "--xattrs-include=*", "--acls", "-xpf", file, "-C", out).check()
        #expect(try TreeFingerprint("\(out)/tree").difference(from: wanted) == [])
        try root.tree.directory("in")
        _ = try extract(root, file, "/in")
        #expect(try TreeFingerprint("\(root.path)/in/tree").difference(from: wanted) == [])
        for compression in ["--gzip", "--zstd", "--xz"] {
            let packed = root.directory("packed")
            try Tool.run(
                "tar", compression, "--format=pax", "--xattrs", "--xattrs-include=*", "--acls", "--sparse", "-cf",
                packed, "-C", root.path, "tree"
            ).check()
            try Tool.run("rm", "-rf", "\(root.path)/in/tree").check()
            _ = try extract(root, packed, "in")
            #expect(try TreeFingerprint("\(root.path)/in/tree").difference(from: wanted) == [], "\(compression)")
        }
    }

    @Test("Owners in streams are those of the container", .enabled(if: Environment.isRoot, "owners need root"))
    func owners() throws {
        let root = try Root("streams")
        let mapping = try IdentityMapping("0:100000:65536")
        try root.tree.file("f", "F")
        try root.tree.owner(bytes("f"), 100_007, 100_008)
        let file = try archive(root, "f", mapping)
        #expect(try Tool.run("tar", "--numeric-owner", "-tvf", file).check().text.contains(" 7/8 "))
        try root.tree.directory("in")
        _ = try copier.extract(
            SharedDescriptor(try Descriptor.openFile(atHostPath: file)), called: "-",
            to: try container(root, "in", mapping))
        #expect(try Tool.run("stat", "-c", "%u:%g", "\(root.path)/in/f").check().text == "100007:100008\n")
    }

    @Test("A stream is unpacked into a directory only", arguments: ["t/tf", "t/none", "t/tf/x", "t/lb"])
    func needsDirectory(_ path: String) throws {
        let root = try Root("streams")
        try CopyTrees.makeTarget("\(root.path)/t")
        try CopyTrees.makeSource("\(root.path)/s")
        let file = try archive(root, "s/f")
        #expect(throws: StorageError.self) { try extract(root, file, path) }
    }

    @Test("A stream merges, and refuses what it cannot be merged with, as a whole")
    func merges() throws {
        let root = try Root("streams")
        try CopyTrees.makeTarget("\(root.path)/t")
        try CopyTrees.makeSource("\(root.path)/s")
        let file = try archive(root, "s/d")
        _ = try extract(root, file, "/t/ltd")
        #expect(try CopyTrees.listing("\(root.path)/t/td").isSuperset(of: ["d/a f A", "d/stays f old", "d/s/b f B"]))
        let before = try CopyTrees.listing("\(root.path)/t")
        #expect(throws: StorageError.self) { try extract(root, file, "/t/tc") }
        #expect(try CopyTrees.listing("\(root.path)/t") == before)
    }

    /// A tar with one entry of the type under the name, made by hand.
    private func tar(_ members: [(type: String, name: String, link: String)]) throws -> [UInt8] {
        var result: [UInt8] = []
        for member in members {
            var block = [UInt8](repeating: 0, count: 512)
            func put(_ text: String, _ offset: Int) {
                block.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
            }
            put(member.name, 0)
            put("0000644\0", 100)
            put("0000000\0", 108)
            put("0000000\0", 116)
            put("00000000000\0", 124)
            put("00000000000\0", 136)
            put(member.type, 156)
            put(member.link, 157)
            put("ustar\u{0}00", 257)
            put("        ", 148)
            let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
            put(String(repeating: "0", count: 6 - sum.count) + sum + "\0 ", 148)
            result += block
        }
        return result + [UInt8](repeating: 0, count: 1024)
    }

    @Test("Hostile streams change nothing, inside or outside")
    func hostileStreams() throws {
        let root = try Root("streams")
        let outside = try TreeBuilder(root.directory("outside"))
        try outside.file("secret", "secret")
        try root.tree.directory("t")
        try root.tree.symbolicLink("t/link", to: "../../outside")
        let (before, inside) = (try TreeFingerprint(outside.root), try CopyTrees.listing(root.path))
        let hostile: [[(type: String, name: String, link: String)]] = [
            [("0", "../escaped", "")], [("0", "a/../../escaped", "")],
            [("2", "l", outside.root), ("0", "l/planted", "")], [("2", "l", "../../outside"), ("0", "l/planted", "")],
            [("1", "hard", "../../outside/secret")], [("1", "hard", "link/secret")],
            [("2", "l", outside.root), ("1", "hard", "l/secret")], [("5", "link", ""), ("0", "link/planted", "")],
            [("0", "link/planted", "")], [("2", "d", "x"), ("5", "d", ""), ("0", "d/../../../x", "")],
        ]
        for (index, members) in hostile.enumerated() {
            let file = root.directory("hostile\(index).tar")
            let output = try Descriptor.openDirectory(atHostPath: root.directory.path)
                .createFile(bytes("hostile\(index).tar"))
            try tar(members).withUnsafeBytes { try output.writeAll($0, at: 0) }
            #expect(throws: StorageError.self, "\(members)") { try extract(root, file, "t") }
            #expect(try CopyTrees.listing(root.path) == inside, "\(members)")
            #expect(try TreeFingerprint(outside.root) == before, "\(members)")
        }
    }

    @Test("A stream that was cut off, or is none, changes nothing")
    func brokenStreams() throws {
        let root = try Root("streams")
        try CopyTrees.makeSource("\(root.path)/s")
        try root.tree.directory("in")
        let file = try archive(root, "s/d")
        for size in ["3000", "1024", "700", "0"] {
            let cut = root.directory("cut")
            try Tool.script("head -c \"$1\" \"$2\" >\"$3\"", size, file, cut).check()
            #expect(throws: StorageError.self, "\(size)") { try extract(root, cut, "in") }
            #expect(try root.shared.descriptor.openDirectory(bytes("in")).entries().isEmpty, "\(size)")
        }
        #expect(throws: StorageError.self) { try extract(root, "/etc/passwd", "in") }
    }
}
