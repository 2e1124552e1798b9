package import StorageModel

/// The part of scanned trees that a picture can show: the largest entries at every depth, the rest summed up.
///
/// Whatever the trees hold, it has at most so many nodes; it is made in one pass over all entries and 4 bytes for each.
package struct PictureTree: Sendable {
    package enum Kind: Int, Hashable, Sendable {
        /// All sources together.
        case collection
        case source, directory, file
        /// What is too small to be shown by itself.
        case rest
    }

    package struct Node: Sendable {
        package let kind: Kind
        /// -1 for the root.
        package let parent: Int
        /// Safe to be shown; not escaped for markup.
        package let name: String
        package var children: Range<Int> = 0..<0
        package var allocatedBytes: UInt64
        package var apparentBytes: UInt64
        package var files: UInt64
        /// How many entries of its directory are summed up in it; 0 for all but ``Kind/rest``.
        package var summedUp = 0
        /// Whether something in it could not be read, or the scan was stopped.
        package var isLowerBound = false
        /// When a file in it was changed last, in seconds since 1970; `nil` if there is none.
        package var newestSeconds: Int64?
        package var byCategory = [Amount](repeating: Amount(), count: FileCategory.allCases.count)
        package var byAge = [Amount](repeating: Amount(), count: AgeClass.allCases.count)

        /// What most of its bytes are.
        package var category: FileCategory {
            let largest = byCategory.indices.max { byCategory[$0].bytes < byCategory[$1].bytes }
            return largest.flatMap { byCategory[$0].bytes > 0 ? FileCategory(rawValue: $0) : nil } ?? .other
        }
    }

    /// Files and what they take.
    package struct Amount: Hashable, Sendable {
        package var bytes: UInt64 = 0
        package var files: UInt64 = 0

        package static func += (left: inout Amount, right: Amount) {
            left.bytes &+= right.bytes
            left.files &+= right.files
        }
    }

    /// A parent before its children; the children of one node side by side, the largest first.
    package private(set) var nodes: [Node] = []
    /// When the newest of the scans began.
    package let scannedAt: Timestamp

    package static let limitNodes = 4000
    /// How many entries of one directory are shown by themselves, and which part of it they must have.
    private static let (limitChildren, leastPart): (Int, UInt64) = (120, 800)

    /// - Parameter limit: how many nodes there may be.
    package init(_ reports: [UsageReport], limit: Int = Self.limitNodes) {
        scannedAt = reports.map(\.scannedAt).max() ?? Timestamp(seconds: 0)
        var builder = Builder(reports, limit: limit)
        builder.build()
        nodes = builder.nodes
        for node in nodes.indices.dropFirst().reversed() { fold(node) }
    }

    /// Adds what is known of a node to its parent.
    private mutating func fold(_ index: Int) {
        let node = nodes[index]
        for position in node.byCategory.indices { nodes[node.parent].byCategory[position] += node.byCategory[position] }
        for position in node.byAge.indices { nodes[node.parent].byAge[position] += node.byAge[position] }
        if let newest = node.newestSeconds {
            nodes[node.parent].newestSeconds = max(nodes[node.parent].newestSeconds ?? newest, newest)
        }
    }

    /// Opens directories, the largest first, as long as there is room.
    private struct Builder {
        let reports: [UsageReport]
        let totals: [[UsageTotals]]
        let limit: Int
        var nodes: [Node] = []
        /// Where each node comes from: the report, and the entry of its tree.
        var origins: [(report: Int, entry: Int)?] = []
        /// Nodes that can be opened, the largest last.
        var queue: [Int] = []
        /// The node that has what is too small in a node that was opened.
        var rests: [Int: Int] = [:]

        init(_ reports: [UsageReport], limit: Int) {
            self.reports = reports.sorted { $0.totals.allocatedBytes > $1.totals.allocatedBytes }
            totals = self.reports.map { $0.tree?.totals() ?? [] }
            self.limit = limit
        }

        mutating func build() {
            if reports.count == 1 {
                append(source: 0, parent: -1)
            } else {
                nodes.append(
                    Node(
                        kind: .collection, parent: -1, name: "All sources", allocatedBytes: 0, apparentBytes: 0,
                        files: 0))
                origins.append(nil)
                for index in reports.indices { append(source: index, parent: 0) }
                nodes[0].children = 1..<nodes.count
                for node in nodes.dropFirst() {
                    nodes[0].allocatedBytes &+= node.allocatedBytes
                    nodes[0].apparentBytes &+= node.apparentBytes
                    nodes[0].files &+= node.files
                    nodes[0].isLowerBound = nodes[0].isLowerBound || node.isLowerBound
                }
            }
            while nodes.count < limit, let next = queue.popLast() { open(next) }
            for index in reports.indices { gather(index) }
        }

        private mutating func append(source index: Int, parent: Int) {
            let report = reports[index]
            var node = Node(
                kind: .source, parent: parent, name: MarkupText.name(report.source.description.utf8),
                allocatedBytes: report.totals.allocatedBytes, apparentBytes: report.totals.apparentBytes,
                files: report.totals.files)
            node.isLowerBound = report.isLowerBound
            append(node, report.tree == nil ? nil : (index, 0))
        }

        private mutating func append(_ node: Node, _ origin: (report: Int, entry: Int)?) {
            nodes.append(node)
            origins.append(origin)
            guard let origin, let tree = reports[origin.report].tree, !tree.children(of: origin.entry).isEmpty else {
                return
            }
            let size = node.allocatedBytes
            var (low, high) = (0, queue.count)
            while low < high {
                let middle = (low + high) / 2
                if nodes[queue[middle]].allocatedBytes < size { low = middle + 1 } else { high = middle }
            }
            queue.insert(nodes.count - 1, at: low)
        }

        private mutating func open(_ index: Int) {
            guard let origin = origins[index], let tree = reports[origin.report].tree else { return }
            let totals = totals[origin.report]
            let entries = tree.children(of: origin.entry)
            let least = max(1, totals[origin.entry].allocatedBytes / PictureTree.leastPart)
            var shown = entries.filter { totals[$0].allocatedBytes >= least }
            shown.sort { (totals[$1].allocatedBytes, $0) < (totals[$0].allocatedBytes, $1) }
            shown = Array(shown.prefix(PictureTree.limitChildren))
            // One that is left alone is shown by itself.
            if entries.count - shown.count == 1 {
                shown = entries.sorted { (totals[$1].allocatedBytes, $0) < (totals[$0].allocatedBytes, $1) }
            }
            let first = nodes.count
            var rest = UsageTotals()
            for entry in entries { rest += totals[entry] }
            for entry in shown {
                append(node(entry, of: tree, totals[entry], parent: index), (origin.report, entry))
                rest.allocatedBytes &-= totals[entry].allocatedBytes
                rest.apparentBytes &-= totals[entry].apparentBytes
                rest.files &-= totals[entry].files
            }
            let left = entries.count - shown.count
            if left > 0 {
                var node = Node(
                    kind: .rest, parent: index, name: "\(left) smaller", allocatedBytes: rest.allocatedBytes,
                    apparentBytes: rest.apparentBytes, files: rest.files)
                node.summedUp = left
                rests[index] = nodes.count
                append(node, nil)
            }
            nodes[index].children = first..<nodes.count
        }

        private func node(_ entry: Int, of tree: UsageTree, _ totals: UsageTotals, parent: Int) -> Node {
            let value = tree[entry]
            var node = Node(
                kind: value.kind == .directory ? .directory : .file, parent: parent,
                name: MarkupText.name(tree.name(of: entry)), allocatedBytes: totals.allocatedBytes,
                apparentBytes: totals.apparentBytes, files: totals.files)
            node.isLowerBound = totals.errors > 0
            return node
        }

        /// Sums up the kinds and ages of all files in the nodes that show them.
        private mutating func gather(_ report: Int) {
            guard let tree = reports[report].tree else { return }
            var owners = [UInt32](repeating: .max, count: tree.count)
            for (node, origin) in origins.enumerated() {
                if let origin, origin.report == report { owners[origin.entry] = UInt32(node) }
            }
            let now = reports[report].scannedAt.seconds
            for entry in 0..<tree.count {
                if owners[entry] == .max, let parent = tree.parent(of: entry) {
                    let above = Int(owners[parent])
                    owners[entry] = UInt32(rests[above] ?? above)
                }
                let value = tree[entry]
                guard value.kind != .directory, !value.flags.contains(.countedElsewhere) else { continue }
                let amount = Amount(bytes: value.allocatedBytes, files: 1)
                let node = Int(owners[entry])
                nodes[node].byCategory[FileCategory(name: tree.name(of: entry)).rawValue] += amount
                nodes[node].byAge[AgeClass(ageSeconds: now &- value.modifiedAtSeconds).rawValue] += amount
                nodes[node].newestSeconds = max(nodes[node].newestSeconds ?? .min, value.modifiedAtSeconds)
            }
        }
    }
}
