import StorageModel

/// A tree of entries made up in code.
indirect enum Planned: Sendable {
    case leaf([UInt8], UInt64, Int64)
    case branch([UInt8], [Planned])

    static func file(_ name: String, _ bytes: UInt64, modified: Int64 = 1_772_000_000) -> Planned {
        .leaf(Array(name.utf8), bytes, modified)
    }

    static func file(_ name: [UInt8], _ bytes: UInt64) -> Planned { .leaf(name, bytes, 1_772_000_000) }

    static func directory(_ name: [UInt8], _ children: [Planned]) -> Planned { .branch(name, children) }

    static func directory(_ name: String, _ children: [Planned]) -> Planned {
        .branch(Array(name.utf8), children)
    }

    /// A directory takes 4 KiB itself.
    fileprivate var entry: UsageTree.Entry {
        switch self {
        case .leaf(_, let bytes, let modified):
            UsageTree.Entry(
                kind: .file, allocatedBytes: bytes, apparentBytes: bytes, modifiedAtSeconds: modified, uid: 0, gid: 0)
        case .branch:
            UsageTree.Entry(
                kind: .directory, allocatedBytes: 4096, apparentBytes: 0, modifiedAtSeconds: 1_772_000_000, uid: 0,
                gid: 0)
        }
    }

    fileprivate var name: [UInt8] {
        switch self {
        case .leaf(let name, _, _), .branch(let name, _): name
        }
    }
}

extension UsageTree {
    init(_ children: [Planned]) {
        self.init(
            root: Entry(
                kind: .directory, allocatedBytes: 4096, apparentBytes: 0, modifiedAtSeconds: 1_772_000_000, uid: 0,
                gid: 0))
        var queue = [(index: 0, children: children)]
        var next = 0
        while next < queue.count {
            let (index, children) = queue[next]
            next += 1
            let places = append(children.map { ($0.name, $0.entry) }, to: index)
            for (place, child) in zip(places, children) {
                if case .branch(_, let inner) = child { queue.append((place, inner)) }
            }
        }
    }
}

extension UsageReport {
    init(_ source: SourceReference, _ tree: UsageTree) {
        self.init(
            source: source, totals: tree.totals()[0], scannedAt: Timestamp(seconds: 1_772_366_400), seconds: 0.25,
            tree: tree)
    }

    static func volume(_ name: String, _ children: [Planned]) throws -> UsageReport {
        UsageReport(.volume(try VolumeName(name)), UsageTree(children))
    }
}

/// Names that have been trouble for pages, terminals and parsers.
enum HostileName {
    static let all: [[UInt8]] = [
        Array("<script>alert(1)</script>".utf8), Array("</script><script>document.title='owned'</script>".utf8),
        Array("\"><img src=x onerror=\"document.title='owned'\">".utf8), Array("'-->]]>".utf8),
        Array("<!--<script>".utf8), Array("&lt;b&gt;&amp;".utf8), Array("evil\u{202e}gpj.exe".utf8),
        Array("line\nfeed\ttab\u{1b}[31mred".utf8), Array("nul-like\u{0}".utf8.dropLast()), [0xff, 0xfe, 0x80, 0x41],
        Array("\u{2028}\u{2029}\u{feff}".utf8), Array("{{constructor}}${7*7}".utf8), Array("\\u003cscript\\u003e".utf8),
        Array("日本語のファイル.txt".utf8), Array("קובץ.log".utf8), Array("e\u{301}\u{301}\u{301}".utf8),
        Array("javascript:alert(1)".utf8), [UInt8](repeating: UInt8(ascii: "x"), count: 255),
    ]
}
