internal import FileTree
package import StorageModel

/// Says how old the newest whole archive of each source is.
package enum Freshness {
    /// - Parameters:
    ///   - sources: those that must be there; empty for whatever lies below the destination.
    ///   - limit: how old the newest archive may be; `nil` for any age.
    /// - Throws: ``StorageError/Code/notFound`` for a missing destination.
    package static func of(
        _ destination: String, sources: [SourceReference], limit: TimeSpan?, now: Timestamp, checkpoint: Checkpoint
    ) throws(StorageError) -> [SourceFreshness] {
        let stored = try StoredArchives(below: destination, of: sources)
        var result: [SourceFreshness] = []
        for group in stored.groups {
            try checkpoint.interruption.check()
            result.append(freshness(of: group, limit, now))
        }
        result += stored.missing(of: sources).map { SourceFreshness(source: $0.description, state: .missing) }
        return result.sorted { $0.source < $1.source }
    }

    private static func freshness(
        of group: StoredArchives.Group, _ limit: TimeSpan?, _ now: Timestamp
    ) -> SourceFreshness {
        // A clock that was wrong must not pass an old archive for a fresh one: those of the future do not count.
        for name in group.names.reversed() where name.time <= now {
            // What cannot be opened is no backup: the next older archive counts.
            guard let opened = try? group.open(name) else { continue }
            let age = max(0, now.seconds - name.time.seconds)
            let isStale = limit.map { age > $0.seconds } ?? false
            return SourceFreshness(
                source: group.source, archive: opened.path, createdAt: name.time, archiveBytes: opened.sizeBytes,
                ageSeconds: age, state: isStale ? .stale : .fresh)
        }
        return SourceFreshness(source: group.source, state: .missing)
    }
}
