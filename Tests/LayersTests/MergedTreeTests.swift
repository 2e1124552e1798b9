import Catalog
import StorageModel
import TestSupport
import Testing

/// Goal: a mounted image is what the OCI specification says that its layers are. Method: layers built byte by byte, unpacked,
/// and looked at through a mount of the kernel's; the expected tree is written down.
@Suite("Merged trees", .enabled(if: Environment.isRoot, "mounting needs root"))
struct MergedTreeTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let layers: [[TarMember]]
        /// `path` of a directory, `path=content` of a file, `path->target` of a link; sorted.
        let expected: [String]
        /// The mode, owner and time of one entry: `path 755 0:0 1700000000`.
        var attributes: String?

        init(_ description: String, _ layers: [TarMember]..., expected: String, attributes: String? = nil) {
            testDescription = description
            self.layers = layers
            self.expected = expected.split(separator: " ").map(String.init)
            self.attributes = attributes
        }
    }

    static let cases: [Case] = [
        Case(
            "a whiteout hides a file", [.file("a", "1"), .file("b", "2")], [.whiteout(of: "a")], expected: "b=2"),
        Case(
            "a whiteout hides a directory with everything in it",
            [.directory("d"), .file("d/x", "1"), .file("e", "2")], [.whiteout(of: "d")], expected: "e=2"),
        Case(
            "a whiteout before a file of its name", [.file("a", "1")], [.whiteout(of: "a"), .file("a", "2")],
            expected: "a=2"),
        Case(
            "a whiteout behind a file of its name", [.file("a", "1")], [.file("a", "2"), .whiteout(of: "a")],
            expected: "a=2"),
        Case(
            "a whiteout before a directory of its name", [.directory("d"), .file("d/old", "1")],
            [.whiteout(of: "d"), .directory("d"), .file("d/new", "2")], expected: "d d/new=2"),
        Case(
            "a whiteout behind a directory of its name", [.directory("d"), .file("d/old", "1")],
            [.directory("d"), .file("d/new", "2"), .whiteout(of: "d")], expected: "d d/new=2"),
        Case(
            "a whiteout, then something below its name", [.directory("d"), .file("d/old", "1")],
            [.whiteout(of: "d"), .file("d/new", "2")], expected: "d d/new=2"),
        Case(
            "an opaque mark at the beginning", [.directory("d"), .file("d/old", "1")],
            [.directory("d"), .opaque(in: "d"), .file("d/new", "2")], expected: "d d/new=2"),
        Case(
            "an opaque mark at the end", [.directory("d"), .file("d/old", "1")],
            [.directory("d"), .file("d/new", "2"), .opaque(in: "d")], expected: "d d/new=2"),
        Case(
            "an opaque mark and whiteouts in the same directory",
            [.directory("d"), .file("d/a", "1"), .file("d/b", "1")],
            [.directory("d"), .whiteout(of: "d/a"), .opaque(in: "d"), .whiteout(of: "d/b"), .file("d/c", "2")],
            expected: "d d/c=2"),
        Case(
            "an opaque mark without an entry of its directory", [.directory("d", mode: 0o700), .file("d/old", "1")],
            [.opaque(in: "d"), .file("d/new", "2")], expected: "d d/new=2", attributes: "d 700 0:0 1700000000"),
        Case(
            "an opaque mark in the root", [.file("a", "1"), .directory("d"), .file("d/x", "1")],
            [.file(".wh..wh..opq"), .file("b", "2")], expected: "b=2"),
        Case(
            "an opaque directory in an opaque one", [.directory("d"), .directory("d/e"), .file("d/e/x", "1")],
            [.directory("d"), .opaque(in: "d"), .directory("d/e"), .opaque(in: "d/e"), .file("d/e/y", "2")],
            expected: "d d/e d/e/y=2"),
        Case(
            "a whiteout of nothing", [.file("a", "1")], [.whiteout(of: "b"), .whiteout(of: "no/dir")], expected: "a=1"),
        Case("whiteouts in a lowest layer", [.whiteout(of: "a"), .file("b", "1"), .opaque(in: "d")], expected: "b=1"),
        Case(
            "marks of AUFS", [.file("a", "1")], [.directory(".wh..wh.plnk"), .file(".wh..wh.aufs", "text")],
            expected: "a=1"),
        Case("a file over a directory", [.directory("d"), .file("d/x", "1")], [.file("d", "2")], expected: "d=2"),
        Case("a directory over a file", [.file("d", "1")], [.directory("d"), .file("d/x", "2")], expected: "d d/x=2"),
        Case(
            "of two entries of one name the later counts", [.file("a", "1"), .file("b", "2"), .file("a", "3")],
            expected: "a=3 b=2"),
        Case(
            "a directory twice has the later attributes",
            [.directory("d", mode: 0o700), .file("d/x", "1"), .directory("d", mode: 0o711)], expected: "d d/x=1",
            attributes: "d 711 0:0 1700000000"),
        Case(
            "a missing parent has the attributes of the layer below",
            [.directory("d", mode: 0o1770).owned(by: 7, 8), .file("d/x", "1")], [.file("d/y", "2")],
            expected: "d d/x=1 d/y=2", attributes: "d 1770 7:8 1700000000"),
        Case(
            "a missing parent of a whiteout too", [.directory("d", mode: 0o2750).owned(by: 7, 8), .file("d/x", "1")],
            [.whiteout(of: "d/x")], expected: "d", attributes: "d 2750 7:8 1700000000"),
        Case(
            "a parent that is nowhere", [.file("a/b/c", "1")], expected: "a a/b a/b/c=1",
            attributes: "a/b 755 0:0 1700000000"),
        Case(
            "a parent that is a link of the same layer",
            [.directory("usr"), .symbolicLink("lib", to: "usr"), .file("lib/x", "1")],
            expected: "lib->usr usr usr/x=1"),
        Case(
            "a parent that is a link of the layer below", [.directory("usr"), .symbolicLink("lib", to: "usr")],
            [.file("lib/x", "2")], expected: "lib->usr usr usr/x=2"),
        Case(
            "a parent that is an absolute link stays inside", [.symbolicLink("out", to: "/etc"), .file("out/x", "1")],
            expected: "etc etc/x=1 out->/etc"),
        Case(
            "a parent that climbs out stays inside", [.symbolicLink("out", to: "../../../up"), .file("out/x", "1")],
            expected: "out->../../../up up up/x=1"),
        Case(
            "a whiteout behind a link", [.directory("usr"), .file("usr/x", "1"), .symbolicLink("lib", to: "usr")],
            [.whiteout(of: "lib/x")], expected: "lib->usr usr"),
        Case(
            "a hard link in a layer", [.file("a", "1"), .hardLink("b", to: "a")], expected: "a=1 b=1"),
        Case(
            "a hard link to a file of the layer below", [.file("a", "1", mode: 0o640)], [.hardLink("b", to: "a")],
            expected: "a=1 b=1", attributes: "b 640 0:0 1700000000"),
        Case(
            "a hard link to a link", [.symbolicLink("a", to: "x"), .hardLink("b", to: "a")], expected: "a->x b->x"),
        Case(
            "a hard link, then its target once more",
            [.file("a", "1"), .hardLink("b", to: "a"), .file("a", "2")], expected: "a=2 b=1"),
        Case(
            "set-id bits with another owner", [.file("a", "1", mode: 0o6755).owned(by: 5, 6)], expected: "a=1",
            attributes: "a 6755 5:6 1700000000"),
        Case(
            "the root's own entry", [.directory(".", mode: 0o750).owned(by: 3, 4), .file("a", "1")], [.file("b", "2")],
            expected: "a=1 b=2", attributes: ". 750 3:4 1700000000"),
    ]

    @Test("a mounted image is the tree that its layers mean", arguments: cases)
    func merged(_ example: Case) throws {
        let fixture = try LayerFixture()
        let top = try fixture.add(example.layers)
        try fixture.withMerged(top) { root in
            #expect(try Self.listing(root) == example.expected)
            guard let attributes = example.attributes else { return }
            let path = String(attributes.split(separator: " ")[0])
            let found = try Tool.run("stat", "-c", "%a %u:%g %Y", "\(root)/\(path)").check().lines[0]
            #expect("\(path) \(found)" == attributes)
        }
        let findings = try fixture.findings(top)
        #expect(findings.isEmpty, "\(findings)")
        #expect(try fixture.content(of: "staging").isEmpty)
    }

    @Test("the tars of the same layers come back bit for bit", arguments: cases)
    func rebuilt(_ example: Case) throws {
        let fixture = try LayerFixture()
        let top = try fixture.add(example.layers)
        let chain = try fixture.catalog.read { transaction throws(StorageError) in try transaction.chain(to: top) }
        for (layer, members) in zip(chain, example.layers) {
            #expect(try fixture.rebuilt(layer.chainID) == members.tar)
        }
    }

    /// By find(1) and cat(1).
    private static func listing(_ root: String) throws -> [String] {
        try Tool.script(
            """
            cd "$1"; find . -mindepth 1 | LC_ALL=C sort | while IFS= read -r path; do
                name=${path#./}
                if [[ -L $path ]]; then echo "$name->$(readlink "$path")"
                elif [[ -d $path ]]; then echo "$name"
                else echo "$name=$(cat "$path")"; fi
            done
            """, root
        ).check().lines
    }
}
