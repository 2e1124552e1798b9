internal import StorageModel

/// The upper levels of a tree: each directory followed by what is in it, the largest first.
struct UsageLevels {
    struct Line {
        let index: Int
        let depth: Int
        /// Empty for the root.
        let name: String
        let totals: UsageTotals
    }

    private let tree: UsageTree
    private(set) var lines: [Line] = []

    /// How many entries of a directory are shown where nothing else is said.
    private static let defaultLimit = 10

    init(_ tree: UsageTree, depth: Int, _ lists: UsageLists) {
        self.tree = tree
        let totals = tree.totals()
        let size = { (index: Int) in lists.usesApparentSize ? totals[index].apparentBytes : totals[index].allocatedBytes
        }
        // What is still to be shown, the next last.
        var waiting = [(index: 0, depth: 0)]
        while let (index, level) = waiting.popLast() {
            lines.append(
                Line(
                    index: index, depth: level, name: String(decoding: tree.name(of: index), as: UTF8.self),
                    totals: totals[index]))
            guard level < depth else { continue }
            let largest = tree.children(of: index).sorted { left, right in
                guard size(left) == size(right) else { return size(left) > size(right) }
                return tree.name(of: left).lexicographicallyPrecedes(tree.name(of: right))
            }
            for child in largest.prefix(lists.top ?? Self.defaultLimit).reversed() {
                waiting.append((child, level + 1))
            }
        }
    }

    /// As JSON.
    var rows: [[String: JSONValue]] {
        lines.map { line in
            var row = UsageRow.entry(tree.path(of: line.index), tree[line.index].kind, line.totals)
            row["depth"] = .unsigned(UInt64(line.depth))
            return row
        }
    }
}
