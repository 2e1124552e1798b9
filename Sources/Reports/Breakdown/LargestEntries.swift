package import StorageModel

/// The entries that say most about where the space went.
///
/// After dust: a directory that is large only because of one thing in it gives way to that thing, so that the list shows the
/// large leaf and not each of its parents. No entry of the list lies inside of another.
package enum LargestEntries {
    /// A directory gives way if one child has at least this part of it.
    private static let decisivePart = 0.5

    /// - Parameter totals: ``StorageModel/UsageTree/totals()`` of the tree.
    /// - Returns: the indices of at most `limit` entries, the largest first; of equal ones the first path.
    package static func indices(
        of tree: UsageTree, _ totals: [UsageTotals], limit: Int, apparent: Bool = false
    ) -> [Int] {
        let size = { (index: Int) in apparent ? totals[index].apparentBytes : totals[index].allocatedBytes }
        var heap = MaximumHeap(tree)
        for child in tree.children(of: 0) { heap.push(size(child), child) }
        var result: [Int] = []
        while result.count < limit, let (bytes, index) = heap.pop() {
            if bytes == 0 { break }
            let children = tree.children(of: index)
            let largest = children.map(size).max() ?? 0
            if Double(largest) >= Double(bytes) * decisivePart {
                for child in children { heap.push(size(child), child) }
            } else {
                result.append(index)
            }
        }
        return result
    }
}

/// A binary heap of entries with their sizes: the largest first, of equal ones the first path.
private struct MaximumHeap {
    private let tree: UsageTree
    private var elements: [(key: UInt64, index: Int)] = []

    init(_ tree: UsageTree) { self.tree = tree }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        let (a, b) = (elements[left], elements[right])
        return a.key != b.key ? a.key > b.key : tree.path(of: a.index) < tree.path(of: b.index)
    }

    mutating func push(_ key: UInt64, _ index: Int) {
        elements.append((key, index))
        var child = elements.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            elements.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> (key: UInt64, index: Int)? {
        guard let first = elements.first else { return nil }
        elements.swapAt(0, elements.count - 1)
        elements.removeLast()
        var parent = 0
        while true {
            var best = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < elements.count && precedes(child, best) {
                best = child
            }
            if best == parent { return first }
            elements.swapAt(best, parent)
            parent = best
        }
    }
}
