import StorageModel
import TestSupport
import Testing

/// Goal: a layer is given back exactly as it came, whoever wrote it. Method: tars of real tools and of odd shapes, unpacked,
/// rebuilt and compared byte for byte.
@Suite("Tars of layers", .enabled(if: Environment.isRoot, "owners and devices need root"))
struct LayerTarTests {
    @Test(
        "of real tools",
        arguments: [
            "tar --format=gnu -c .", "tar --format=gnu -cS .", "tar --format=pax -c .",
            "tar --format=pax --sparse-version=0.0 -cS .", "tar --format=pax --sparse-version=0.1 -cS .",
            "tar --format=pax --sparse-version=1.0 -cS .", "tar --format=pax --xattrs --acls -c .",
            "tar --format=ustar -c small", "tar --format=v7 -c small", "bsdtar -c .", "tar -b 1 -c .",
            "tar -c . | head -c -1024",
        ])
    func tools(command: String) throws {
        let fixture = try LayerFixture()
        let source = try fixture.directory.makeDirectory("source")
        try TreeBuilder(source).fill(seed: 11, RandomTreeOptions(entries: 120, largestFileBytes: 60_000))
        let builder = try TreeBuilder(source + "/small")
        try builder.file("file", "text")
        try builder.sparseFile(
            Array("sparse".utf8), sizeBytes: 9_000_000,
            pieces: [(4096, [UInt8](repeating: 1, count: 5000)), (8_000_000, [2, 3, 4])])
        // Sockets have no place in a tar.
        try Tool.run("find", source, "-type", "s", "-delete").check()
        let script = command.hasSuffix("small") ? "rm -f small/sparse; \(command)" : command
        let tar = try Tool.run(["bash", "-o", "pipefail", "-c", script], in: source).check().output
        let top = try fixture.add([tar]).top
        #expect(try fixture.rebuilt(top) == tar)
        let findings = try fixture.findings(top)
        #expect(findings.isEmpty, "\(findings)")
    }

    struct Odd: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let tar: [UInt8]
    }

    static let oddCases: [Odd] = [
        Odd(testDescription: "an empty layer", tar: [UInt8](repeating: 0, count: 1024)),
        Odd(testDescription: "no end of the archive", tar: [TarMember.file("a", "1")].flatMap(\.bytes)),
        Odd(testDescription: "bytes behind the end", tar: [TarMember.file("a", "1")].tar + Array("more".utf8)),
        Odd(
            testDescription: "a file three times",
            tar: [TarMember.file("a", "one"), .file("a", "second"), .file("a", String(repeating: "3", count: 9000))].tar
        ),
        Odd(
            testDescription: "a large file twice",
            tar: [
                TarMember.file("a", [UInt8](repeating: 7, count: 3 << 20)),
                .file("a", [UInt8](repeating: 8, count: 2 << 20)),
            ].tar),
        Odd(
            testDescription: "a file that becomes a link",
            tar: [TarMember.file("a", "one"), .symbolicLink("a", to: "b")].tar),
        Odd(
            testDescription: "data in marks",
            tar: [TarMember.file(".wh.gone", "why"), .file(".wh..wh.aufs", "text"), .file("d/.wh..wh..opq", "x")].tar),
        Odd(
            testDescription: "names that are not UTF-8",
            tar: [TarMember([0x66, 0xff, 0xfe], type: "0").with { $0.content = [1, 2] }].tar),
        Odd(
            testDescription: "a device that looks like a whiteout", tar: [TarMember.device("a", major: 0, minor: 0)].tar
        ),
    ]

    @Test("of odd shapes", arguments: oddCases)
    func oddShapes(_ example: Odd) throws {
        let fixture = try LayerFixture()
        let top = try fixture.add([example.tar]).top
        #expect(try fixture.rebuilt(top) == example.tar)
        let findings = try fixture.findings(top)
        #expect(findings.isEmpty, "\(findings)")
    }

    @Test("attributes of overlayfs's own are not taken from a layer")
    func reservedAttributes() throws {
        let fixture = try LayerFixture()
        let members: [TarMember] = [
            TarMember.directory("d").attribute("trusted.overlay.opaque", [0x79]).attribute("user.kept", [1]),
            TarMember.file("f").attribute("trusted.overlay.redirect", Array("/etc".utf8)),
        ]
        let (top, notices) = try fixture.add([members.tar])
        let names = try Tool.run("getfattr", "-m", "-", "-R", "--absolute-names", fixture.tree(top)).check().text
        #expect(names.contains("user.kept") && !names.contains("overlay"))
        #expect(notices.map(\.path.description) == ["d", "f"])
        #expect(try fixture.rebuilt(top) == members.tar)
    }

    struct Hostile: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let members: [TarMember]
    }

    static let hostileCases: [Hostile] = [
        Hostile(testDescription: "a name that climbs out", members: [.file("../x", "1")]),
        Hostile(testDescription: "a name that climbs out in the middle", members: [.file("a/../../x", "1")]),
        Hostile(testDescription: "a whiteout of nothing", members: [.file(".wh.")]),
        Hostile(testDescription: "a whiteout of the directory", members: [.file("a/.wh..")]),
        Hostile(testDescription: "a whiteout of its parent", members: [.file("a/.wh...")]),
        Hostile(testDescription: "a hard link to nothing", members: [.hardLink("a", to: "b")]),
        Hostile(testDescription: "a hard link to outside", members: [.hardLink("a", to: "../../etc/passwd")]),
        Hostile(testDescription: "a hard link to a directory", members: [.directory("d"), .hardLink("a", to: "d")]),
        Hostile(testDescription: "an entry below a file", members: [.file("a", "1"), .file("a/b", "2")]),
        Hostile(
            testDescription: "a file in place of a directory",
            members: [.directory("d"), .file("d/x"), .file("d", "1")]),
        Hostile(
            testDescription: "links that lead in a circle",
            members: [.symbolicLink("a", to: "b"), .symbolicLink("b", to: "a"), .file("a/x")]),
    ]

    @Test("of broken and hostile tools are refused, and nothing is left", arguments: hostileCases)
    func hostile(_ example: Hostile) throws {
        let fixture = try LayerFixture()
        let error = #expect(throws: StorageError.self) { _ = try fixture.add([example.members]) }
        #expect(error?.code == .damaged, "\(String(describing: error))")
        for name in ["staging", "layers", "trash"] { #expect(try fixture.content(of: name).isEmpty) }
    }

    @Test("a layer that is not what its digest says is refused, and layers that wait for it give up")
    func wrongDigest() throws {
        let fixture = try LayerFixture()
        var tars = [[TarMember.directory("d")].tar, [TarMember.file("d/x", "1")].tar, [TarMember.file("d/y", "1")].tar]
        let good = try fixture.add(tars).top
        #expect(try fixture.findings(good) == [])
        let other = try LayerFixture()
        tars[0][513] ^= 1
        #expect(throws: StorageError.self) {
            try other.addClaiming(tars, [[TarMember.directory("d")].tar] + tars[1...])
        }
        #expect(try other.content(of: "layers").isEmpty && other.content(of: "staging").isEmpty)
    }
}

extension LayerFixture {
    /// Adds tars under the digests of others.
    func addClaiming(_ tars: [[UInt8]], _ claimed: [[UInt8]]) throws {
        try add(tars, claiming: claimed.map { Checksum.digest($0) })
    }
}
