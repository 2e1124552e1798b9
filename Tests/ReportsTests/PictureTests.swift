import Reports
import StorageModel
import TestSupport
import Testing

/// Goal: pictures show all of the space once, at any size of the trees, and names can do nothing in them. Method: trees made up
/// in code; Python's parsers, which share nothing with ours, read the result.
@Suite("Pictures of usage") struct PictureTests {
    private static let mixed: [Planned] = [
        .directory(
            "data",
            [.file("big.db", 400 << 20), .file("small.db", 100 << 20), .directory("wal", [.file("1", 64 << 20)])]),
        .directory("log", [.file("app.log", 90 << 20), .file("app.log.1", 30 << 20)]), .file("dump.tar.zst", 200 << 20),
    ]

    @Test("every byte and file of the trees is in exactly one node")
    func conservation() throws {
        var generator = SeededGenerator(seed: 3)
        func random(_ depth: Int) -> [Planned] {
            (0..<Int.random(in: 0...30, using: &generator)).map { index in
                depth < 4 && generator.chance(30)
                    ? .directory("d\(index)", random(depth + 1))
                    : .file("f\(index)", UInt64.random(in: 0...1 << 24, using: &generator) / 512 * 512)
            }
        }
        for limit in [1, 2, 50, 400, 4000] {
            let reports = [try UsageReport.volume("a", random(0)), try UsageReport.volume("b", random(0))]
            let tree = PictureTree(reports, limit: limit)
            #expect(tree.nodes.count <= limit + 121 + reports.count)
            let root = tree.nodes[0]
            let totals = reports[0].totals + reports[1].totals
            #expect(root.allocatedBytes == totals.allocatedBytes && root.files == totals.files)
            #expect(root.byCategory.map(\.files).reduce(0, +) == totals.files)
            #expect(root.byAge.map(\.files).reduce(0, +) == totals.files)
            for node in tree.nodes where !node.children.isEmpty {
                let inside = tree.nodes[node.children].map(\.allocatedBytes).reduce(0, +)
                #expect(inside <= node.allocatedBytes && node.allocatedBytes - inside <= 4096, "\(node.name)")
                #expect(tree.nodes[node.children].map(\.files).reduce(0, +) == node.files)
            }
        }
    }

    @Test("a treemap's places have the areas of the sizes, lie inside and never overlap")
    func squarified() {
        let rect = PictureRect(x: 10, y: 20, width: 600, height: 400)
        for sizes in [[6.0, 6, 4, 3, 2, 2, 1], [1], [100, 1, 1, 1, 0, 0], Array(repeating: 1, count: 97), [0, 0]] {
            let places = TreemapLayout.squarified(sizes, in: rect)
            #expect(places.count == sizes.count)
            let whole = sizes.reduce(0, +)
            for (size, place) in zip(sizes, places) where whole > 0 {
                #expect(abs(place.width * place.height - 240_000 * size / whole) < 0.01)
                #expect(place.x >= 9.999 && place.x + place.width <= 610.001)
                #expect(place.y >= 19.999 && place.y + place.height <= 420.001)
            }
            for (index, one) in places.enumerated() {
                for other in places[(index + 1)...] {
                    let width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
                    let height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
                    #expect(width < 0.001 || height < 0.001)
                }
            }
        }
    }

    @Test(
        "names tell what files are for",
        arguments: [
            ("a.DB", FileCategory.database), ("x.tar.gz", .archive), ("app.log.1", .log), ("libc.so.6", .program),
            ("README", .other), (".bashrc", .other), ("photo.JPEG", .image), ("a.", .other), ("1.2.3", .other),
            ("c.swift", .code),
            ("disk.qcow2", .package), ("film.mkv", .video), ("notes.md", .document), ("", .other),
        ])
    func categories(name: String, expected: FileCategory) {
        #expect(FileCategory(name: Array(name.utf8)[...]) == expected)
    }

    @Test("what names hold of bytes and controls is shown, never passed on")
    func names() {
        #expect(MarkupText.name([0xff, 0x41, 0x0a]) == "\\x{ff}A\\n")
        #expect(MarkupText.name(Array("a\u{202e}b\u{0}\u{feff}".utf8)) == "a\\x{202e}b\\x{0}\\x{feff}")
        #expect(MarkupText.name(Array("ключ 日本".utf8)) == "ключ 日本")
        #expect(MarkupText.name([0xe6, 0x97]) == "\\x{e6}\\x{97}")
        #expect(MarkupText.name(Array(repeating: 0x61, count: 300)).count == 161)
        for name in HostileName.all {
            let shown = MarkupText.escaped(MarkupText.name(name))
            #expect(!shown.contains("<") && !shown.contains(">") && !shown.contains("\"") && !shown.contains("'"))
        }
    }

    /// An XML parser that knows nothing of SVG: it must be well formed, and made of drawing alone.
    private static let svgOracle = """
        import sys, xml.etree.ElementTree as E
        root = E.fromstring(sys.stdin.buffer.read())
        allowed = {'svg', 'title', 'desc', 'style', 'g', 'rect', 'text'}
        for element in root.iter():
            name = element.tag.split('}')[1]
            assert name in allowed, name
            for key in element.attrib:
                assert not key.startswith('on') and 'href' not in key and key != 'style', key
        print(sum(1 for e in root.iter() if e.tag.endswith('rect')))
        """

    @Test(
        "an SVG file is well formed XML without scripts and references, whatever the names",
        arguments: TreemapSVG.Coloring.allCases)
    func svg(_ coloring: TreemapSVG.Coloring) throws {
        let hostile = Planned.directory("hostile", HostileName.all.map { .file($0, 8 << 20) })
        let text = TreemapSVG.render([try .volume("pg", Self.mixed + [hostile])], coloring: coloring)
        let result = try Tool.run("python3", "-c", Self.svgOracle, input: .bytes(Array(text.utf8))).check()
        #expect((Int(result.text.dropLast()) ?? 0) > 25)
        #expect(text.contains("big.db") && text.contains("≥") == false)
    }

    @Test("an empty tree, a source without a tree, and no source at all are pictures too")
    func empty() throws {
        for reports in [
            [], [try UsageReport.volume("empty", [])],
            [
                UsageReport(
                    source: .directory("/x"), totals: UsageTotals(), scannedAt: Timestamp(seconds: 0), seconds: 0)
            ],
        ] {
            let text = TreemapSVG.render(reports)
            try Tool.run("python3", "-c", Self.svgOracle, input: .bytes(Array(text.utf8))).check()
            #expect(UsagePage.render(reports, madeAt: Timestamp(seconds: 0)).hasSuffix("</html>\n"))
        }
    }

    @Test("the size of a page is bounded, whatever the tree holds")
    func bounded() throws {
        let many = (0..<300).map { outer in
            Planned.directory(
                "directory \(outer)", (0..<400).map { .file("file \($0) with a longer name.dat", UInt64($0 + 1) << 12) }
            )
        }
        let page = UsagePage.render([try .volume("many", many)])
        #expect(page.utf8.count < 2_500_000, "\(page.utf8.count)")
        var deep: [Planned] = [.file("bottom", 1 << 30)]
        for level in 0..<2000 { deep = [.directory("level \(level)", deep)] }
        #expect(UsagePage.render([try .volume("deep", deep)]).utf8.count < 3_000_000)
    }

    @Test("the policy's digests are those of the script and the style")
    func digests() throws {
        for (text, digest) in [
            (UsagePage.digested.style, UsagePage.styleDigest), (UsagePage.digested.script, UsagePage.scriptDigest),
        ] {
            let result = try Tool.run(
                "python3", "-c",
                "import sys,hashlib,base64;print('sha256-'+base64.b64encode(hashlib.sha256(sys.stdin.buffer.read()).digest()).decode())",
                input: .bytes(Array(text.utf8))
            ).check()
            #expect(result.lines == [digest])
        }
    }

    @Test("metrics are escaped, typed and told from each other by labels")
    func metrics() throws {
        let path = "/srv/a\"b\\c\nd"
        let reports = [try UsageReport.volume("pg", Self.mixed), UsageReport(.directory(path), UsageTree(Self.mixed))]
        let families = UsageMetrics.families(
            reports,
            volumes: [
                try VolumeName("pg"): UsageMetrics.Volume(
                    driver: "local", references: 2, lastMountedAt: Timestamp(seconds: 5))
            ],
            reclaimable: ["images": 7, "volumes": 0], version: "1.2")
        let lines = OpenMetricsText.text(families).split(separator: "\n").map(String.init)
        let size = reports[0].totals.allocatedBytes
        #expect(lines.contains("holdfast_volume_size_bytes{volume=\"pg\",driver=\"local\"} \(size)"))
        #expect(lines.contains("holdfast_directory_size_bytes{path=\"/srv/a\\\"b\\\\c\\nd\"} \(size)"))
        #expect(lines.contains("holdfast_volume_references{volume=\"pg\",driver=\"local\"} 2"))
        #expect(lines.contains("holdfast_volume_last_mount_timestamp_seconds{volume=\"pg\",driver=\"local\"} 5"))
        #expect(lines.contains("holdfast_reclaimable_bytes{kind=\"images\"} 7"))
        #expect(lines.contains("holdfast_build_info{version=\"1.2\"} 1"))
        #expect(lines.last == "# EOF")
        #expect(Set(families.map(\.name)).count == families.count)
    }
}
