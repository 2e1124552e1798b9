import Reports
import StorageModel
import Testing

/// A tree made by hand: names with sizes, directories with what is in them.
indirect enum Sketch {
    case file(String, UInt64)
    case directory(String, [Sketch])

    static func tree(_ content: [Sketch]) -> UsageTree {
        var tree = UsageTree(root: entry(.directory, 0))
        var waiting: [(content: [Sketch], index: Int)] = [(content, 0)]
        while let (content, index) = waiting.popLast() {
            let indices = tree.append(
                content.map { part in
                    switch part {
                    case .file(let name, let bytes): (Array(name.utf8), entry(.file, bytes))
                    case .directory(let name, _): (Array(name.utf8), entry(.directory, 0))
                    }
                }, to: index)
            for (part, child) in zip(content, indices) {
                if case .directory(_, let inner) = part { waiting.append((inner, child)) }
            }
        }
        return tree
    }

    private static func entry(_ kind: EntryKind, _ bytes: UInt64) -> UsageTree.Entry {
        UsageTree.Entry(
            kind: kind, allocatedBytes: bytes, apparentBytes: bytes, modifiedAtSeconds: 1000, uid: 0, gid: 0)
    }
}

/// Goal: lists that say where the space went. Method: trees made by hand.
@Suite("Lists of a scan") struct BreakdownTests {
    private func largest(_ content: [Sketch], _ limit: Int = 10) -> [String] {
        let tree = Sketch.tree(content)
        return LargestEntries.indices(of: tree, tree.totals(), limit: limit).map { tree.path(of: $0).description }
    }

    @Test("a large file stands for the directories that it makes large")
    func leaf() {
        let content: [Sketch] = [
            .directory("a", [.directory("b", [.directory("c", [.file("huge", 100), .file("x", 1)])])]),
            .directory("many", (0..<10).map { .file("f\($0)", 6) }), .file("small", 5),
        ]
        #expect(largest(content) == ["a/b/c/huge", "many", "small", "a/b/c/x"])
        #expect(largest(content, 1) == ["a/b/c/huge"])
    }

    @Test("nothing is listed that takes nothing, and nothing twice")
    func empty() {
        #expect(largest([]).isEmpty && largest([.file("empty", 0), .directory("d", [])]).isEmpty)
        #expect(largest([.directory("d", [.file("a", 2), .file("b", 2)])]) == ["d/a", "d/b"])
    }

    @Test(
        "what a name ends in",
        arguments: [
            ("a.tar.GZ", ".gz"), (".bashrc", "(none)"), ("log.1", "(none)"), ("log.1a", ".1a"), ("end.", "(none)"),
            ("a b.c d", "(none)"), ("x.verylongsuffixindeed", "(none)"), ("UPPER.TXT", ".txt"), ("é.ä", "(none)"),
        ] as [(String, String)])
    func suffixes(_ name: String, _ expected: String) {
        let groups = UsageGroup.groups(.type, of: Sketch.tree([.file(name, 1)]), now: Timestamp(seconds: 0))
        #expect(groups.map(\.key) == [expected, "directory"])
    }

    @Test("ages count from the given time; a time to come is new")
    func ages() {
        let tree = Sketch.tree([.file("f", 7)])
        let bucket = { (now: Int64) in
            UsageGroup.groups(.age, of: tree, now: Timestamp(seconds: now)).first { $0.files == 1 }?.key
        }
        #expect(bucket(0) == "<1d" && bucket(Int64.min) == "<1d" && bucket(1000 + 86_400) == "<7d")
        #expect(bucket(1000 + 364 * 86_400) == "<1y" && bucket(1000 + 365 * 86_400) == ">1y")
    }

    @Test("sizes are counted below powers of two, without gaps")
    func sizes() {
        let tree = Sketch.tree([.file("a", 0), .file("b", 1), .file("c", 4095), .file("d", 4096), .file("e", 9000)])
        let groups = UsageGroup.groups(.size, of: tree, now: Timestamp(seconds: 0))
        #expect(groups.first?.key == "<1B" && groups.last?.key == "<16.0KiB" && groups.count == 15)
        #expect(groups.first { $0.key == "<4.0KiB" }?.files == 1 && groups.first { $0.key == "<8.0KiB" }?.files == 1)
    }

    @Test("names of owners, and of ids that users may map")
    func owners() {
        let names = OwnerNames(
            passwd: "root:x:0:0::/:/bin/sh\nalice:x:1000:1000::/:\nbroken\n",
            subuid: "alice:100000:65536\n1000:300000:10\n")
        #expect(names.name(of: 0) == "root" && names.name(of: 100_033) == "alice+33")
        #expect(names.name(of: 300_009) == "alice+9" && names.name(of: 300_010) == nil)
    }
}
