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
        var known = present
        var candidates: [(group: StoredArchives.Group, name: ArchiveName)] = []
        for other in others {
            for group in try groups(at: other) {
                for name in group.names where known.insert(name).inserted { candidates.append((group, name)) }
            }
        }
        if policy == nil {
            guard let oldest = present.min() else { return [] }
            candidates.removeAll { $0.name < oldest }
        }
        candidates.removeAll { isCopied($0.group, $0.name, own) }
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
    ) -> Bool {
        let size = group.sizeBytes(of: name)
        return own.contains { other in
            other.names.contains { $0.time == name.time && other.sizeBytes(of: $0) == size }
        }
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

extension StoredArchives.Group {
    /// `nil` for one that was removed meanwhile, or cannot be looked at.
    fileprivate func sizeBytes(of name: ArchiveName) -> UInt64? {
        (try? folder.descriptor.status(of: Array(name.text.utf8)))?.sizeBytes
    }
}

extension StoredArchives.Archive {
    fileprivate var found: MissingArchives.Found { MissingArchives.Found(path: path, sizeBytes: sizeBytes) }
}
