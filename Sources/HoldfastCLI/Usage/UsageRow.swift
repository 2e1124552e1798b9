internal import Holdfast
internal import StorageModel

/// What `usage` prints as JSON and CSV. The keys are a promise to scripts.
enum UsageRow {
    static let columns = [
        "source", "allocatedBytes", "apparentBytes", "files", "directories", "sharedBytes", "errors", "partial",
        "scannedAt", "seconds",
    ]

    static func members(_ report: UsageReport) -> [String: JSONValue] {
        var members = members(report.totals)
        members["source"] = .string(report.source.description)
        members["sharedBytes"] = .unsigned(report.sharedBytes)
        members["partial"] = .boolean(report.isPartial)
        members["scannedAt"] = .string(report.scannedAt.description)
        members["remembered"] = .boolean(report.isRemembered)
        members["seconds"] = .number((report.seconds * 1000).rounded() / 1000)
        members["unreadable"] = .array(
            report.unreadable.map { notice in
                .object(notice.path.jsonMembers.merging(["reason": .string(notice.reason)]) { own, _ in own })
            })
        if let extents = report.extents {
            members["extents"] = [
                "exclusiveBytes": .unsigned(extents.exclusiveBytes), "sharedBytes": .unsigned(extents.sharedBytes),
                "betweenSourcesBytes": .unsigned(extents.betweenSourcesBytes),
                "encoded": .boolean(extents.isEncoded),
            ]
        }
        return members
    }

    /// All sources together.
    static func members(_ sum: UsageSum) -> [String: JSONValue] {
        var members = members(sum.totals)
        members["source"] = .string("total")
        members["partial"] = .boolean(sum.isPartial)
        return members
    }

    private static func members(_ totals: UsageTotals) -> [String: JSONValue] {
        [
            "allocatedBytes": .unsigned(totals.allocatedBytes), "apparentBytes": .unsigned(totals.apparentBytes),
            "files": .unsigned(totals.files), "directories": .unsigned(totals.directories),
            "errors": .unsigned(totals.errors),
        ]
    }

    // MARK: Largest entries

    static let topColumns = ["path", "kind", "allocatedBytes", "apparentBytes", "files", "directories"]
    static let treeColumns = ["path", "kind", "depth", "allocatedBytes", "apparentBytes", "files", "directories"]

    static func top(_ items: [UsageBreakdown.Item], _ tree: UsageTree) -> [[String: JSONValue]] {
        items.map { entry(tree.path(of: $0.index), $0.kind, $0.totals) }
    }

    static func entry(_ path: EntryPath, _ kind: EntryKind, _ totals: UsageTotals) -> [String: JSONValue] {
        var members = members(totals).merging(path.jsonMembers) { own, _ in own }
        members["errors"] = nil
        members["kind"] = .string(kind.word)
        return members
    }

    // MARK: Groups

    /// The name of the list of groups.
    static func name(of grouping: UsageGrouping) -> String {
        switch grouping {
        case .age: "byAge"
        case .owner: "byOwner"
        case .type: "byType"
        case .size: "histogram"
        }
    }

    static func groupColumns(_ grouping: UsageGrouping) -> [String] {
        let first = grouping == .owner ? ["uid", "containerUid", "name"] : [key(of: grouping)]
        return first + ["allocatedBytes", "apparentBytes", "files", "directories"]
    }

    private static func key(of grouping: UsageGrouping) -> String {
        switch grouping {
        case .age: "age"
        case .owner: "uid"
        case .type: "type"
        case .size: "size"
        }
    }

    static func groups(
        _ groups: [UsageGroup], _ grouping: UsageGrouping, _ mapping: IdentityMapping?
    ) -> [[String: JSONValue]] {
        let name = grouping == .owner ? UsageBreakdown.ownerNames() : { _ in nil }
        return groups.map { group in
            var members: [String: JSONValue] = [
                "allocatedBytes": .unsigned(group.allocatedBytes), "apparentBytes": .unsigned(group.apparentBytes),
                "files": .unsigned(group.files), "directories": .unsigned(group.directories),
            ]
            guard grouping == .owner, let uid = UInt32(group.key) else {
                members[key(of: grouping)] = .string(group.key)
                return members
            }
            members["uid"] = .unsigned(UInt64(uid))
            members["name"] = .optional(name(uid))
            if let mapping { members["containerUid"] = .optional(mapping.inside(of: uid).map { UInt64($0) }) }
            return members
        }
    }

    // MARK: Duplicates

    static let duplicateColumns = ["digest", "sizeBytes", "reclaimableBytes", "source", "path"]

    /// The groups whose first file is in the source.
    static func duplicates(_ report: DuplicateReport, of source: SourceReference) -> JSONValue {
        let own = report.groups.filter { $0.files.first?.source == source }
        return [
            "reclaimableBytes": .unsigned(own.reduce(0) { $0 &+ $1.reclaimableBytes }),
            "groups": .array(own.map(json)),
        ]
    }

    private static func json(_ group: DuplicateReport.Group) -> JSONValue {
        [
            "digest": .string(group.digest.description), "sizeBytes": .unsigned(group.sizeBytes),
            "reclaimableBytes": .unsigned(group.reclaimableBytes),
            "files": .array(
                group.files.map { file in
                    .object(
                        file.path.jsonMembers.merging(["source": .string(file.source.description)]) { own, _ in own })
                }),
        ]
    }

    /// One row for each file.
    static func flat(_ group: DuplicateReport.Group) -> [[String: JSONValue]] {
        group.files.map { file in
            [
                "digest": .string(group.digest.description), "sizeBytes": .unsigned(group.sizeBytes),
                "reclaimableBytes": .unsigned(group.reclaimableBytes), "source": .string(file.source.description),
                "path": .string(file.path.description),
            ]
        }
    }
}
