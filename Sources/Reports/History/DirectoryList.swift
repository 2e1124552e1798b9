package import StorageModel

/// The largest directories of a tree at the time of a scan: what `usage diff` compares with.
///
/// At most ``limit`` of them, by what they take with all that is in them, so that whatever is in the list has its parent in it
/// too. Encoded a directory takes about 20 bytes:
///
/// ```
/// version      1 byte: 1
/// count        number of directories
/// unrecorded   blocks of the largest directory that was left out; 0 if none was
/// then each, a parent before its children:
///   parent     its position in the list; 0 for the root, which is the first
///   name       length, then bytes; empty for the root
///   blocks     512-byte blocks allocated
///   files      inodes that are not directories
/// ```
///
/// Numbers are unsigned LEB128.
package struct DirectoryList: Hashable, Sendable {
    package struct Item: Hashable, Sendable {
        package let parent: Int
        package let name: [UInt8]
        package let allocatedBytes: UInt64
        package let files: UInt64
    }

    package static let limit = 2000
    /// Of an encoded list; long names make it shorter than ``limit``.
    package static let limitBytes = 128 << 10

    package let items: [Item]
    /// What the largest directory takes that was left out; 0 if none was.
    package let unrecordedBytes: UInt64

    /// - Parameter totals: what ``StorageModel/UsageTree/totals()`` says.
    package init(_ tree: UsageTree, totals: [UsageTotals], limit: Int = Self.limit) {
        let chosen = Self.largest(tree, totals, limit)
        var positions: [Int: Int] = [:]
        var items: [Item] = []
        var bytes = 0
        var unrecorded: UInt64 = chosen.unrecorded
        for index in chosen.indices {
            let name = Array(tree.name(of: index))
            bytes += name.count + 16
            // By size, not by index: what does not fit is smaller than what does.
            guard bytes <= Self.limitBytes,
                let parent = positions[tree.parent(of: index) ?? index] ?? (index == 0 ? 0 : nil)
            else {
                unrecorded = max(unrecorded, totals[index].allocatedBytes)
                continue
            }
            positions[index] = items.count
            items.append(
                Item(
                    parent: parent, name: name, allocatedBytes: totals[index].allocatedBytes, files: totals[index].files
                ))
        }
        self.items = items
        unrecordedBytes = unrecorded
    }

    /// The indices of the largest directories, the largest first, parents before children.
    private static func largest(
        _ tree: UsageTree, _ totals: [UsageTotals], _ limit: Int
    ) -> (indices: [Int], unrecorded: UInt64) {
        var directories = (0..<tree.count).filter { tree[$0].kind == .directory }
        directories.sort { (totals[$1].allocatedBytes, $0) < (totals[$0].allocatedBytes, $1) }
        let unrecorded = directories.count > limit ? totals[directories[limit]].allocatedBytes : 0
        return (Array(directories.prefix(limit)), unrecorded)
    }

    private static let version: UInt8 = 1
    private static let blockBytes: UInt64 = 512

    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = [Self.version]
        bytes.append(number: UInt64(items.count))
        bytes.append(number: unrecordedBytes / Self.blockBytes)
        for item in items {
            bytes.append(number: UInt64(item.parent))
            bytes.append(number: UInt64(item.name.count))
            bytes += item.name
            bytes.append(number: item.allocatedBytes / Self.blockBytes)
            bytes.append(number: item.files)
        }
        return bytes
    }

    /// - Returns: `nil` for anything but what ``encoded()`` makes.
    package init?(decoding bytes: [UInt8]) {
        var reader = NumberReader(rest: bytes[...])
        guard reader.byte() == Self.version, let count = reader.number(), count <= UInt64(bytes.count),
            let unrecorded = reader.number()
        else { return nil }
        var items: [Item] = []
        for position in 0..<Int(count) {
            guard let parent = reader.number(), parent < UInt64(max(1, position)), let length = reader.number(),
                let name = reader.bytes(length), (position == 0) == name.isEmpty, let blocks = reader.number(),
                let files = reader.number()
            else { return nil }
            items.append(
                Item(
                    parent: Int(parent), name: Array(name), allocatedBytes: blocks &* Self.blockBytes, files: files))
        }
        guard reader.rest.isEmpty, !items.isEmpty else { return nil }
        self.items = items
        unrecordedBytes = unrecorded &* Self.blockBytes
    }

    package func path(of position: Int) -> EntryPath {
        var chain: [Int] = []
        var current = position
        while current > 0 {
            chain.append(current)
            current = items[current].parent
        }
        var path = EntryPath.root
        for step in chain.reversed() { path = path.appending(items[step].name) }
        return path
    }
}

extension [UInt8] {
    fileprivate mutating func append(number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }
}

/// Takes an encoded list apart from its beginning.
private struct NumberReader {
    var rest: ArraySlice<UInt8>

    mutating func byte() -> UInt8? { rest.popFirst() }

    mutating func bytes(_ count: UInt64) -> ArraySlice<UInt8>? {
        guard count <= UInt64(rest.count) else { return nil }
        defer { rest = rest.dropFirst(Int(count)) }
        return rest.prefix(Int(count))
    }

    mutating func number() -> UInt64? {
        var result: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            let part = UInt64(byte & 0x7f)
            guard (part << shift) >> shift == part else { return nil }
            result |= part << shift
            if byte < 0x80 { return result }
        }
        return nil
    }
}
