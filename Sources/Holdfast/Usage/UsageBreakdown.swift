internal import FileTree
internal import Reports
public import StorageModel

/// What a scan with a tree says in detail.
public enum UsageBreakdown {
    /// One entry with all that is below it.
    public struct Item: Sendable {
        public let index: Int
        public let kind: EntryKind
        public let totals: UsageTotals
    }

    /// The largest files and directories: a directory that is large because of one thing in it gives way to that, and none
    /// lies inside of another.
    public static func largest(_ limit: Int, of tree: UsageTree, apparent: Bool = false) -> [Item] {
        let totals = tree.totals()
        return LargestEntries.indices(of: tree, totals, limit: limit, apparent: apparent).map {
            Item(index: $0, kind: tree[$0].kind, totals: totals[$0])
        }
    }

    /// The groups of the tree's entries; see ``StorageModel/UsageGrouping``.
    public static func groups(_ grouping: UsageGrouping, of tree: UsageTree, now: Timestamp) -> [UsageGroup] {
        UsageGroup.groups(grouping, of: tree, now: now)
    }

    /// The names of this host's users. A file that cannot be read has none.
    public static func ownerNames() -> (UInt32) -> String? {
        let names = OwnerNames(passwd: text("/etc/passwd"), subuid: text("/etc/subuid"))
        return { names.name(of: $0) }
    }

    private static func text(_ path: String) -> String {
        do throws(FileError) {
            let bytes = try Descriptor.openFile(atHostPath: path).readToEnd(limitBytes: 16 << 20)
            return String(decoding: bytes, as: UTF8.self)
        } catch {
            // Without it ids have no names, which is no reason to fail.
            return ""
        }
    }
}
