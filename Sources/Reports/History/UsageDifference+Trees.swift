package import StorageModel

extension UsageDifference {
    /// A directory of which one child makes so much of the change is left out for that child.
    private static let explainedShare = 0.9

    /// Compares what was recorded of an earlier scan with a later one.
    package init(
        _ source: SourceReference, before: UsageSample, _ list: DirectoryList, after: UsageSample, _ tree: UsageTree
    ) {
        let totals = tree.totals()
        let comparison = Comparison(list, tree, totals)
        self.init(
            source: source, before: before, after: after, changes: comparison.changes(),
            unrecordedBytes: list.unrecordedBytes)
    }

    /// The later tree beside the earlier list.
    private struct Comparison {
        private let list: DirectoryList
        private let tree: UsageTree
        private let totals: [UsageTotals]
        /// Where each directory of the list is in the tree; `nil` if it is no more.
        private var found: [Int?] = []
        /// Which directory of the tree is where in the list.
        private var positions: [Int: Int] = [:]

        init(_ list: DirectoryList, _ tree: UsageTree, _ totals: [UsageTotals]) {
            self.list = list
            self.tree = tree
            self.totals = totals
            var children: [Int: [ArraySlice<UInt8>: Int]] = [:]
            for (position, item) in list.items.enumerated() {
                guard position > 0 else {
                    found.append(0)
                    positions[0] = 0
                    continue
                }
                guard let parent = found[item.parent] else {
                    found.append(nil)
                    continue
                }
                if children[parent] == nil { children[parent] = directories(in: parent) }
                let index = children[parent]?[item.name[...]]
                found.append(index)
                if let index { positions[index] = position }
            }
        }

        private func directories(in parent: Int) -> [ArraySlice<UInt8>: Int] {
            var result: [ArraySlice<UInt8>: Int] = [:]
            for child in tree.children(of: parent) where tree[child].kind == .directory {
                result[tree.name(of: child)] = child
            }
            return result
        }

        func changes() -> [DirectoryChange] {
            (known() + vanished() + unlisted()).sorted {
                ($1.changeBytes.magnitude, $0.path) < ($0.changeBytes.magnitude, $1.path)
            }
        }

        /// Directories that were there and are there, without those whose change one of their children makes.
        private func known() -> [DirectoryChange] {
            var deltas = [Int64](repeating: 0, count: list.items.count)
            for position in list.items.indices {
                deltas[position] =
                    Int64(clamping: after(position)) - Int64(clamping: list.items[position].allocatedBytes)
            }
            var explained = Set<Int>()
            for position in list.items.indices.dropFirst() {
                explain(list.items[position].parent, by: deltas[position], deltas, &explained)
            }
            for (index, parent) in newcomers() {
                if let position = positions[parent] {
                    explain(position, by: Int64(clamping: totals[index].allocatedBytes), deltas, &explained)
                }
            }
            return list.items.indices.compactMap { position in
                guard let index = found[position], deltas[position] != 0, !explained.contains(position) else {
                    return nil
                }
                return DirectoryChange(
                    path: list.path(of: position), kind: deltas[position] > 0 ? .grew : .shrank,
                    beforeBytes: list.items[position].allocatedBytes, afterBytes: totals[index].allocatedBytes,
                    beforeFiles: list.items[position].files, afterFiles: totals[index].files)
            }
        }

        private func after(_ position: Int) -> UInt64 { found[position].map { totals[$0].allocatedBytes } ?? 0 }

        private func explain(_ parent: Int, by change: Int64, _ deltas: [Int64], _ explained: inout Set<Int>) {
            let whole = Double(deltas[parent])
            if whole != 0, Double(change) / whole >= UsageDifference.explainedShare,
                Double(change) / whole <= 1 / UsageDifference.explainedShare
            {
                explained.insert(parent)
            }
        }

        /// Directories that are gone, without those in others that are gone.
        private func vanished() -> [DirectoryChange] {
            list.items.indices.compactMap { position in
                let item = list.items[position]
                guard found[position] == nil, found[item.parent] != nil else { return nil }
                return DirectoryChange(
                    path: list.path(of: position), kind: .vanished, beforeBytes: item.allocatedBytes, afterBytes: 0,
                    beforeFiles: item.files, afterFiles: 0)
            }
        }

        /// Directories that were not listed, in ones that were, and are larger than what was left out.
        private func newcomers() -> [(index: Int, parent: Int)] {
            positions.keys.flatMap { parent in
                tree.children(of: parent).filter { child in
                    tree[child].kind == .directory && positions[child] == nil
                        && totals[child].allocatedBytes > list.unrecordedBytes
                }.map { (index: $0, parent: parent) }
            }
        }

        private func unlisted() -> [DirectoryChange] {
            newcomers().map { index, _ in
                let isUnknown = list.unrecordedBytes > 0
                return DirectoryChange(
                    path: tree.path(of: index), kind: isUnknown ? .grew : .appeared,
                    beforeBytes: list.unrecordedBytes, afterBytes: totals[index].allocatedBytes, beforeFiles: 0,
                    afterFiles: totals[index].files, isBeforeUnknown: isUnknown)
            }
        }
    }
}
