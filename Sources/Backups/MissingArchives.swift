internal import FileTree
package import StorageModel

/// Finds the archives of a source that one destination lacks and others have: those of runs in which it could not be used.
///
/// What a policy would remove at once is not missing. Without a policy, only what is later than the oldest archive that the
/// destination has is: a new one begins with today, and whoever removes old archives by hand does not get them back.
package struct MissingArchives {
    /// An archive that another destination has.
    package struct Found: Sendable {
        package let path: String
        package let sizeBytes: UInt64
    }

    private let source: SourceReference
    private let destination: String
    private let others: [String]
    private let checkpoint: Checkpoint

    /// - Parameter others: where the archives of the same source lie, too.
    package init(of source: SourceReference, at destination: String, others: [String], checkpoint: Checkpoint) {
        (self.source, self.destination, self.others, self.checkpoint) = (source, destination, others, checkpoint)
    }

    /// Opens archives only if there is one that may be missing.
    ///
    /// - Parameters:
    ///   - policy: that of the destination; `nil` if everything is kept there.
    ///   - zone: in whose days and months the policy counts.
    /// - Returns: the newest first.
    /// - Throws: if a destination cannot be listed.
    package func find(_ policy: RetentionPolicy?, zone: ZoneRules?) throws(StorageError) -> [Found] {
        let own = try groups(at: destination)
        let present = Set(own.flatMap(\.names))
        // Without a policy, the oldest that is there is the bound.
        guard policy != nil || !present.isEmpty else { return [] }
        let bound = policy == nil ? present.min() : nil
        var known = present
        var candidates: [(group: StoredArchives.Group, name: ArchiveName)] = []
        for other in others {
            for group in try groups(at: other) {
                for name in group.names where known.insert(name).inserted {
                    if let bound, name < bound { continue }
                    if try !isCopied(group, name, own) { candidates.append((group, name)) }
                }
            }
        }
        guard !candidates.isEmpty else { return [] }
        let missing = try open(candidates)
        guard let policy else { return missing.map(\.found) }
        let there = try open(own.flatMap { group in group.names.map { (group, $0) } })
        return keep(missing, there, policy, zone)
    }

    private func groups(at destination: String) throws(StorageError) -> [StoredArchives.Group] {
        try StoredArchives(below: destination, of: [source]).groups
    }

    /// Whether the destination has it under another name of its second, as copies get one where something else has theirs.
    private func isCopied(
        _ group: StoredArchives.Group, _ name: ArchiveName, _ own: [StoredArchives.Group]
    ) throws(StorageError) -> Bool {
        let copy = ArchiveCopy(
            of: HostPath.join(group.path, name.text), source: source, limits: ResourceLimits(), checkpoint: checkpoint)
        for other in own {
            for there in other.names where there.time == name.time {
                if try copy.isSame(as: HostPath.join(other.path, there.text)) { return true }
            }
        }
        return false
    }

    /// The whole ones among them, the newest first.
    private func open(
        _ list: [(group: StoredArchives.Group, name: ArchiveName)]
    ) throws(StorageError) -> [StoredArchives.Archive] {
        var archives: [StoredArchives.Archive] = []
        for (group, name) in list.sorted(by: { $0.name > $1.name }) {
            try checkpoint.interruption.check()
            // Why: a damaged archive is not worth a copy. Who removes or checks archives tells of it.
            if let archive = try? group.open(name) { archives.append(archive) }
        }
        return archives
    }

    /// Those of the missing ones that the policy keeps among all.
    private func keep(
        _ missing: [StoredArchives.Archive], _ there: [StoredArchives.Archive], _ policy: RetentionPolicy,
        _ zone: ZoneRules?
    ) -> [Found] {
        let all = (missing + there).sorted { $0.name > $1.name }
        let names = Set(missing.map(\.name))
        let items = all.map { RetentionItem(time: ZonedTime($0.name.time), tags: $0.tags) }
        return RetentionSelection(policy, zone: zone).decide(items, now: .now).filter(\.isKept).map { all[$0.index] }
            .filter { names.contains($0.name) }.map(\.found)
    }
}

extension StoredArchives.Archive {
    fileprivate var found: MissingArchives.Found { MissingArchives.Found(path: path, sizeBytes: sizeBytes) }
}
