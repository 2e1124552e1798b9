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

    /// An inode with several names, as one of its entries has it.
    public struct LinkedInode: Hashable, Sendable {
        public let device: UInt64
        public let inode: UInt64
        /// How many names it has on its file system, in the tree or elsewhere.
        public let linkCount: UInt32
        /// What the inode takes, also where it is counted under another name.
        public let allocatedBytes: UInt64
        public let apparentBytes: UInt64

        public init(device: UInt64, inode: UInt64, linkCount: UInt32, allocatedBytes: UInt64, apparentBytes: UInt64) {
            self.device = device
            self.inode = inode
            self.linkCount = linkCount
            self.allocatedBytes = allocatedBytes
            self.apparentBytes = apparentBytes
        }
    }

    /// The children of one directory, gathered before they are added. One value serves many directories.
    public struct Children: Sendable {
        @usableFromInline var entries: [Entry] = []
        @usableFromInline var nameEnds: [UInt32] = []
        @usableFromInline var names: [UInt8] = []
        @usableFromInline var links: [(ordinal: UInt32, inode: LinkedInode)] = []

        public init() {}

        public var count: Int { entries.count }

        /// - Parameter link: for one of several names of an inode.
        @inlinable
        public mutating func append(_ name: some Collection<UInt8>, _ entry: Entry, link: LinkedInode? = nil) {
            if let link { links.append((UInt32(entries.count), link)) }
            names.append(contentsOf: name)
            nameEnds.append(UInt32(names.count))
            entries.append(entry)
        }

        public mutating func removeAll() {
            entries.removeAll(keepingCapacity: true)
            nameEnds.removeAll(keepingCapacity: true)
            names.removeAll(keepingCapacity: true)
            links.removeAll(keepingCapacity: true)
        }
    }

    private var entries: [Entry] = []
    private var parents: [UInt32] = []
    private var firstChildren: [UInt32] = []
    private var childCounts: [UInt32] = []
    private var nameEnds: [UInt32] = []
    private var names: [UInt8] = []
    private var linkedIndices: [UInt32] = []
    private var linkedInodes: [LinkedInode] = []

    /// How many bytes the names of all entries may have together.
    public static let limitNameBytes = 4 << 30 - 1

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

    /// Adds all children of a directory, as ``append(_:to:)-(_,_)`` does.
    ///
    /// - Returns: the index of the first; `nil`, adding nothing, if the tree is full: it holds 4 billion entries and
    ///   ``limitNameBytes`` of names.
    public mutating func append(_ children: Children, to parent: Int) -> Int? {
        let first = entries.count
        guard first + children.count < UInt32.max, names.count + children.names.count <= Self.limitNameBytes else {
            return nil
        }
        firstChildren[parent] = UInt32(first)
        childCounts[parent] = UInt32(children.count)
        let base = UInt32(names.count)
        names.append(contentsOf: children.names)
        for end in children.nameEnds { nameEnds.append(base + end) }
        entries.append(contentsOf: children.entries)
        for _ in 0..<children.count {
            parents.append(UInt32(parent))
            firstChildren.append(0)
            childCounts.append(0)
        }
        for link in children.links {
            linkedIndices.append(UInt32(first) + link.ordinal)
            linkedInodes.append(link.inode)
        }
        return first
    }

    /// The inode of an entry that has other names; `nil` for one that has not. Cost: logarithmic.
    public func linkedInode(of index: Int) -> LinkedInode? {
        guard entries[index].flags.contains(.hasOtherNames) else { return nil }
        var (low, high) = (0, linkedIndices.count)
        while low < high {
            let middle = (low + high) / 2
            if linkedIndices[middle] < index { low = middle + 1 } else { high = middle }
        }
        return low < linkedIndices.count && linkedIndices[low] == index ? linkedInodes[low] : nil
    }

    /// Counts each inode with several names under the first of them in the order of paths, whichever was found first: the
    /// same tree gives the same figures every time.
    public mutating func settleLinks() {
        let order = linkedIndices.indices.sorted {
            let (left, right) = (linkedInodes[$0], linkedInodes[$1])
            return (left.device, left.inode, linkedIndices[$0]) < (right.device, right.inode, linkedIndices[$1])
        }
        var start = 0
        while start < order.count {
            let inode = linkedInodes[order[start]]
            var end = start + 1
            while end < order.count, linkedInodes[order[end]].inode == inode.inode,
                linkedInodes[order[end]].device == inode.device
            {
                end += 1
            }
            if end - start > 1 { settle(order[start..<end].map { Int(linkedIndices[$0]) }, inode) }
            start = end
        }
    }

    private mutating func settle(_ names: [Int], _ inode: LinkedInode) {
        let paths = names.map { path(of: $0) }
        guard let first = paths.indices.min(by: { paths[$0] < paths[$1] }) else { return }
        for (position, index) in names.enumerated() {
            let isCounted = position == first
            entries[index].allocatedBytes = isCounted ? inode.allocatedBytes : 0
            entries[index].apparentBytes = isCounted ? inode.apparentBytes : 0
            if isCounted {
                entries[index].flags.remove(.countedElsewhere)
            } else {
                entries[index].flags.insert(.countedElsewhere)
            }
        }
    }

    public mutating func mark(_ flags: Flags, at index: Int) { entries[index].flags.formUnion(flags) }

    /// What each entry takes together with all that is below it, by its index. One pass over everything.
    public func totals() -> [UsageTotals] {
        var totals = entries.map(\.ownTotals)
        for index in totals.indices.dropFirst().reversed() { totals[Int(parents[index])] += totals[index] }
        return totals
    }
}

extension UsageTree.Entry {
    /// What it adds to a sum by itself.
    public var ownTotals: UsageTotals {
        var own = UsageTotals()
        own.allocatedBytes = allocatedBytes
        own.apparentBytes = apparentBytes
        if flags.contains(.unreadable) { own.errors = 1 }
        if flags.contains(.otherFileSystem) || flags.contains(.countedElsewhere) { return own }
        if kind == .directory {
            own.directories = 1
        } else if !flags.contains(.unreadable) {
            own.files = 1
        }
        return own
    }
}
