/// Every entry that a scan found, as columns, so that a million of them take about 80 MB.
///
/// Entry 0 is the root. A parent has a smaller index than its children, and the children of one directory lie side by side:
/// totals of all subtrees are one pass from the end to the beginning.
public struct UsageTree: Sendable {
    /// One entry by itself: a directory without what is in it.
    public struct Entry: Hashable, Sendable {
        public var kind: EntryKind
        /// 0 for an inode that was counted under another of its names.
        public var allocatedBytes: UInt64
        /// 0 for directories, and for an inode that was counted under another of its names.
        public var apparentBytes: UInt64
        public var modifiedAtSeconds: Int64
        public var uid: UInt32
        public var gid: UInt32
        public var flags: Flags

        public init(
            kind: EntryKind, allocatedBytes: UInt64, apparentBytes: UInt64, modifiedAtSeconds: Int64, uid: UInt32,
            gid: UInt32, flags: Flags = []
        ) {
            self.kind = kind
            self.allocatedBytes = allocatedBytes
            self.apparentBytes = apparentBytes
            self.modifiedAtSeconds = modifiedAtSeconds
            self.uid = uid
            self.gid = gid
            self.flags = flags
        }
    }

    public struct Flags: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// It could not be examined, or listed if it is a directory: what is below it is missing.
        public static let unreadable = Flags(rawValue: 1)
        /// A directory on another file system, which was not entered.
        public static let otherFileSystem = Flags(rawValue: 2)
        /// One of several names of its inode.
        public static let hasOtherNames = Flags(rawValue: 4)
        /// Its inode was counted under another name.
        public static let countedElsewhere = Flags(rawValue: 8)
    }

    private var entries: [Entry] = []
    private var parents: [UInt32] = []
    private var firstChildren: [UInt32] = []
    private var childCounts: [UInt32] = []
    private var nameEnds: [UInt32] = []
    private var names: [UInt8] = []

    public init(root: Entry) {
        entries = [root]
        (parents, firstChildren, childCounts, nameEnds) = ([0], [0], [0], [0])
    }

    public var count: Int { entries.count }

    public subscript(index: Int) -> Entry { entries[index] }

    /// The entry's name as the kernel has it; empty for the root.
    public func name(of index: Int) -> ArraySlice<UInt8> {
        names[(index == 0 ? 0 : Int(nameEnds[index - 1]))..<Int(nameEnds[index])]
    }

    /// `nil` for the root.
    public func parent(of index: Int) -> Int? { index == 0 ? nil : Int(parents[index]) }

    public func children(of index: Int) -> Range<Int> {
        let first = Int(firstChildren[index])
        return first..<(first + Int(childCounts[index]))
    }

    public func path(of index: Int) -> EntryPath {
        var chain: [Int] = []
        var current = index
        while let parent = parent(of: current) {
            chain.append(current)
            current = parent
        }
        var path = EntryPath.root
        for step in chain.reversed() { path = path.appending(name(of: step)) }
        return path
    }

    /// Adds all children of a directory, once for each directory and before the children of any of them.
    ///
    /// - Returns: their indices.
    @discardableResult
    public mutating func append(_ children: [(name: [UInt8], entry: Entry)], to parent: Int) -> Range<Int> {
        let first = entries.count
        firstChildren[parent] = UInt32(first)
        childCounts[parent] = UInt32(children.count)
        for child in children {
            names.append(contentsOf: child.name)
            entries.append(child.entry)
            parents.append(UInt32(parent))
            firstChildren.append(0)
            childCounts.append(0)
            nameEnds.append(UInt32(names.count))
        }
        return first..<entries.count
    }

    public mutating func mark(_ flags: Flags, at index: Int) { entries[index].flags.formUnion(flags) }

    /// What each entry takes together with all that is below it, by its index. One pass over everything.
    public func totals() -> [UsageTotals] {
        var totals = entries.map { entry in
            var own = UsageTotals()
            own.allocatedBytes = entry.allocatedBytes
            own.apparentBytes = entry.apparentBytes
            if entry.flags.contains(.unreadable) { own.errors = 1 }
            if entry.kind == .directory {
                if !entry.flags.contains(.otherFileSystem) { own.directories = 1 }
            } else if !entry.flags.contains(.countedElsewhere) {
                own.files = 1
            }
            return own
        }
        for index in totals.indices.dropFirst().reversed() { totals[Int(parents[index])] += totals[index] }
        return totals
    }
}
