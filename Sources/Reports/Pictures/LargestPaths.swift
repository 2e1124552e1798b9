internal import StorageModel

/// The largest files and directories of several trees.
struct LargestPaths {
    struct Entry {
        let source: SourceReference
        let path: EntryPath
        let totals: UsageTotals
        let modifiedAtSeconds: Int64
        let category: FileCategory
    }

    private(set) var files: [Entry] = []
    private(set) var directories: [Entry] = []

    /// One pass over each tree; only the paths of what is kept are made.
    init(_ reports: [UsageReport], limit: Int) {
        for report in reports {
            guard let tree = report.tree else { continue }
            let totals = tree.totals()
            var (files, directories) = (Top(limit), Top(limit))
            for index in 0..<tree.count {
                if tree[index].kind == .directory {
                    if index > 0 { directories.offer(index, totals[index].allocatedBytes) }
                } else {
                    files.offer(index, totals[index].allocatedBytes)
                }
            }
            let entry = { (index: Int) in
                Entry(
                    source: report.source, path: tree.path(of: index), totals: totals[index],
                    modifiedAtSeconds: tree[index].modifiedAtSeconds, category: FileCategory(name: tree.name(of: index))
                )
            }
            self.files += files.items.map { entry($0.index) }
            self.directories += directories.items.map { entry($0.index) }
        }
        files = Self.first(limit, of: files)
        directories = Self.first(limit, of: directories)
    }

    private static func first(_ limit: Int, of entries: [Entry]) -> [Entry] {
        Array(
            entries.sorted {
                ($1.totals.allocatedBytes, $0.source.description, $0.path)
                    < ($0.totals.allocatedBytes, $1.source.description, $1.path)
            }.prefix(limit))
    }

    /// The largest of many, the largest first.
    private struct Top {
        private let limit: Int
        private(set) var items: [(index: Int, bytes: UInt64)] = []

        init(_ limit: Int) { self.limit = limit }

        mutating func offer(_ index: Int, _ bytes: UInt64) {
            if bytes == 0 || (items.count == limit && (items.last?.bytes ?? .max) >= bytes) { return }
            let place = items.firstIndex { $0.bytes < bytes } ?? items.count
            items.insert((index, bytes), at: place)
            if items.count > limit { items.removeLast() }
        }
    }
}
