package import StorageModel

extension UsageGroup {
    /// The groups of a tree's entries. Their sum is the tree's total, except that ages and sizes leave directories out.
    ///
    /// - Parameters:
    ///   - now: what ages count from. Times to come count as new.
    /// - Returns: ages and sizes in their order, without gaps; the others with the largest first.
    package static func groups(_ grouping: UsageGrouping, of tree: UsageTree, now: Timestamp) -> [UsageGroup] {
        switch grouping {
        case .age: byAge(tree, now)
        case .owner: byOwner(tree)
        case .type: byType(tree)
        case .size: bySize(tree)
        }
    }

    // MARK: Age

    /// Up to how many days, and what they are called. The last is everything older.
    private static let ages: [(days: Int64, key: String)] = [
        (1, "<1d"), (7, "<7d"), (30, "<30d"), (90, "<90d"), (365, "<1y"), (.max, ">1y"),
    ]

    private static func byAge(_ tree: UsageTree, _ now: Timestamp) -> [UsageGroup] {
        var groups = ages.map { UsageGroup($0.key) }
        for index in 0..<tree.count {
            let entry = tree[index]
            if entry.kind == .directory { continue }
            let (age, isBeyond) = now.seconds.subtractingReportingOverflow(entry.modifiedAtSeconds)
            let isToCome = now.seconds < entry.modifiedAtSeconds
            let days = isToCome ? 0 : isBeyond ? Int64.max - 1 : age / 86_400
            let bucket = ages.firstIndex { days < $0.days } ?? ages.count - 1
            groups[bucket].add(entry)
        }
        return groups
    }

    // MARK: Owner

    private static func byOwner(_ tree: UsageTree) -> [UsageGroup] {
        var groups: [UInt32: UsageGroup] = [:]
        for index in 0..<tree.count {
            let entry = tree[index]
            groups[entry.uid, default: UsageGroup(String(entry.uid))].add(entry)
        }
        return sorted(groups.values)
    }

    // MARK: Type

    private static func byType(_ tree: UsageTree) -> [UsageGroup] {
        var groups: [[UInt8]: UsageGroup] = [:]
        for index in 0..<tree.count {
            let entry = tree[index]
            let key = entry.kind == .file ? suffix(of: tree.name(of: index)) : Array(entry.kind.word.utf8)
            groups[key, default: UsageGroup(String(decoding: key, as: UTF8.self))].add(entry)
        }
        return sorted(groups.values)
    }

    private static let withoutSuffix = Array("(none)".utf8)
    private static let limitSuffixBytes = 16

    /// What is behind the last dot, in lower case and with the dot; a number, as of a rotated log, is no suffix, and neither
    /// is a name that begins with its only dot.
    private static func suffix(of name: ArraySlice<UInt8>) -> [UInt8] {
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > name.startIndex else { return withoutSuffix }
        let letters = name[(dot + 1)...]
        guard !letters.isEmpty, letters.count <= limitSuffixBytes else { return withoutSuffix }
        var result = [UInt8(ascii: ".")]
        var isNumber = true
        for letter in letters {
            switch letter {
            case 0x30...0x39: result.append(letter)
            case 0x41...0x5a:
                result.append(letter + 0x20)
                isNumber = false
            case 0x61...0x7a, UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "~"):
                result.append(letter)
                isNumber = false
            default: return withoutSuffix
            }
        }
        return isNumber ? withoutSuffix : result
    }

    // MARK: Size

    private static func bySize(_ tree: UsageTree) -> [UsageGroup] {
        var groups: [UsageGroup] = []
        for index in 0..<tree.count {
            let entry = tree[index]
            // An inode that is counted under another name has no size here.
            if entry.kind == .directory || entry.ownTotals.files == 0 { continue }
            let bits = UInt64.bitWidth - entry.apparentBytes.leadingZeroBitCount
            while groups.count <= bits { groups.append(UsageGroup("<" + upperBound(bits: groups.count))) }
            groups[bits].add(entry)
        }
        if let first = groups.firstIndex(where: { $0.files > 0 }) { groups.removeFirst(first) }
        return groups
    }

    /// The first size that takes more bits.
    private static func upperBound(bits: Int) -> String {
        bits == 64 ? "16EiB" : ByteCount(1 << UInt64(bits)).description
    }

    private static func sorted(_ groups: some Collection<UsageGroup>) -> [UsageGroup] {
        groups.sorted { ($1.allocatedBytes, $1.files, $0.key) < ($0.allocatedBytes, $0.files, $1.key) }
    }
}
