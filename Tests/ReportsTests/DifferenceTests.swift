import Reports
import StorageModel
import TestSupport
import Testing

/// Goal: what changed between two scans is said of the directory that changed, exactly, and unknown where it is not known.
/// Method: two trees made up in code, the first through its encoded list of directories.
@Suite("Differences between scans") struct DifferenceTests {
    private static func difference(
        _ before: [Planned], _ after: [Planned], limit: Int = DirectoryList.limit
    ) throws -> UsageDifference {
        let (old, new) = (UsageTree(before), UsageTree(after))
        let list = try #require(
            DirectoryList(decoding: DirectoryList(old, totals: old.totals(), limit: limit).encoded()))
        let source = SourceReference.volume(try VolumeName("pg"))
        let sample = { (tree: UsageTree) in
            UsageSample(scannedAt: Timestamp(seconds: 1), totals: tree.totals()[0])
        }
        return UsageDifference(source, before: sample(old), list, after: sample(new), new)
    }

    private static func text(_ change: DirectoryChange) -> String {
        "\(change.kind) \(change.path) \(change.changeBytes)"
    }

    @Test("growth is that of the directory where it happened, not of those above")
    func deepest() throws {
        let tree = { (bytes: UInt64) in
            [
                Planned.directory("base", [.directory("16384", [.file("1", bytes)]), .file("x", 8192)]),
                .directory("wal", [.file("0", 16384)]),
            ]
        }
        let changes = try Self.difference(tree(4096), tree(4096 + (10 << 20))).changes
        #expect(changes.map(Self.text) == ["grew base/16384 \(10 << 20)"])
    }

    @Test("directories appear and vanish once, with what is in them, and a sum over several is their parent's")
    func appearing() throws {
        let kept = Planned.directory("kept", [.file("a", 4096)])
        let before = [kept, .directory("old", [.directory("inner", [.file("b", 1 << 20)])])]
        let after = [
            kept, .directory("new", [.directory("inner", [.file("c", 2 << 20)]), .file("d", 4096)]),
        ]
        let changes = try Self.difference(before, after).changes
        #expect(
            changes.map(Self.text) == [
                "appeared new \((2 << 20) + 3 * 4096)", "vanished old \(-((1 << 20) + 2 * 4096))",
                "grew . \((2 << 20) + 3 * 4096 - (1 << 20) - 2 * 4096)",
            ])
        #expect(changes[1].beforeFiles == 1 && changes[1].afterFiles == 0)
    }

    @Test("nothing changed: nothing is said")
    func same() throws {
        let tree = [Planned.directory("a", [.file("b", 4096)]), .file("c", 1 << 20)]
        #expect(try Self.difference(tree, tree).changes.isEmpty)
    }

    @Test("a directory that became a file vanished, and the other way round appeared")
    func changedKind() throws {
        let changes = try Self.difference(
            [.directory("x", [.file("1", 8192)]), .file("y", 4096)],
            [.file("x", 12288), .directory("y", [.file("1", 1 << 20)])])
        #expect(Set(changes.changes.map { "\($0.kind) \($0.path)" }).isSuperset(of: ["vanished x", "appeared y"]))
    }

    @Test("of a directory that was too small to be recorded it is said how large it can have been")
    func unrecorded() throws {
        let small = (0..<10).map { Planned.directory("small\($0)", [.file("f", 4096)]) }
        var grown = small
        grown[3] = .directory("small3", [.file("f", 50 << 20)])
        let difference = try Self.difference(
            small + [.directory("large", [.file("f", 1 << 20)])],
            grown + [.directory("large", [.file("f", 1 << 20)])], limit: 4)
        #expect(difference.unrecordedBytes == 8192)
        let change = try #require(difference.changes.first { $0.path.description == "small3" })
        #expect(change.isBeforeUnknown && change.kind == .grew && change.beforeBytes == 8192)
        #expect(change.afterBytes == (50 << 20) + 4096)
    }

    @Test("the list has the largest directories, each with its parent, in about 20 bytes each")
    func list() throws {
        let tree = UsageTree(
            (0..<300).map { outer in
                .directory(
                    "d\(outer)", (0..<10).map { .directory("e\($0)", [.file("f", UInt64(outer * 10 + $0 + 1) << 12)]) })
            })
        let list = DirectoryList(tree, totals: tree.totals())
        #expect(list.items.count == DirectoryList.limit && list.unrecordedBytes > 0)
        for (position, item) in list.items.enumerated().dropFirst() { #expect(item.parent < position) }
        let encoded = list.encoded()
        #expect(encoded.count < 20 * DirectoryList.limit)
        #expect(DirectoryList(decoding: encoded) == list)
        #expect(list.path(of: 1).description.hasPrefix("d"))
    }

    @Test("long names make the list shorter, never larger than its bound")
    func longNames() throws {
        let tree = UsageTree(
            (0..<2000).map {
                .directory("\($0)" + String(repeating: "n", count: 240), [.file("f", UInt64($0 + 1) << 12)])
            })
        let list = DirectoryList(tree, totals: tree.totals())
        #expect(list.encoded().count <= DirectoryList.limitBytes && list.items.count > 400)
        #expect(list.unrecordedBytes >= list.items.last?.allocatedBytes ?? 0 || list.unrecordedBytes > 0)
    }

    @Test("hostile and invalid names survive the encoding")
    func names() throws {
        let tree = UsageTree(HostileName.all.map { .directory($0, [.file("f", 4096)]) })
        let list = DirectoryList(tree, totals: tree.totals())
        let decoded = try #require(DirectoryList(decoding: list.encoded()))
        #expect(Set(decoded.items.dropFirst().map(\.name)) == Set(HostileName.all))
    }

    @Test("a list that is cut, or changed, is refused or another list; it never traps")
    func damage() throws {
        let tree = UsageTree([.directory("a", [.directory("b", [.file("f", 4096)])]), .directory("c", [])])
        let bytes = DirectoryList(tree, totals: tree.totals()).encoded()
        for length in 0..<bytes.count { #expect(DirectoryList(decoding: Array(bytes[..<length])) == nil) }
        #expect(DirectoryList(decoding: bytes + [0]) == nil)
        for position in bytes.indices {
            for value in [UInt8(0), 1, 0x7f, 0x80, 0xff] {
                var changed = bytes
                changed[position] = value
                guard let list = DirectoryList(decoding: changed) else { continue }
                for item in list.items.indices { _ = list.path(of: item) }
            }
        }
    }
}
