internal import Foundation
internal import GRDB
package import StorageModel

extension Transaction {
    /// How many sources that are not volumes of the store have a history; the one that was not scanned for longest goes first.
    package static let limitForeignSources = 1000

    /// Adds a sample to a source's history, and forgets what ``UsageThinning`` says may go.
    ///
    /// - Parameter directories: its largest directories, encoded; `nil` if the scan did not find them out.
    /// - Returns: whether it was recorded: a volume that was removed meanwhile gets no history.
    @discardableResult
    package func record(
        _ sample: UsageSample, of source: SourceReference, directories: [UInt8]?, now: Timestamp = .now
    ) throws(StorageError) -> Bool {
        if case .volume(let name) = source, try volume(named: name) == nil { return false }
        return try attempt("record the usage of '\(source.description.printable(limit: 200))'") {
            let id = try usageSource(source.description)
            let totals = sample.totals
            try database.cachedStatement(
                sql: """
                    INSERT INTO usage_samples (
                        source_id, scanned_at_ns, allocated_bytes, apparent_bytes, files, directories, errors,
                        is_partial, total_bytes, used_bytes, available_bytes)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """
            ).execute(arguments: [
                id, sample.scannedAt.nanosecondsSinceEpoch, Int64(clamping: totals.allocatedBytes),
                Int64(clamping: totals.apparentBytes), Int64(clamping: totals.files),
                Int64(clamping: totals.directories), Int64(clamping: totals.errors), sample.isPartial,
                sample.space.map { Int64(clamping: $0.totalBytes) },
                sample.space.map { Int64(clamping: $0.usedBytes) },
                sample.space.map { Int64(clamping: $0.availableBytes) },
            ])
            if let directories {
                try database.execute(
                    sql: "INSERT INTO usage_directories (sample_id, encoded) VALUES (?, ?)",
                    arguments: [database.lastInsertedRowID, Data(directories)])
            }
            try thinUsage(source: id, now: now)
            try forgetForeignSources()
            return true
        }
    }

    /// The sources that have a history, in the byte order of their names.
    package func usageSources() throws(StorageError) -> [SourceReference] {
        try attempt("read the usage history") {
            try String.fetchAll(database, sql: "SELECT source FROM usage_sources ORDER BY source").map {
                try sourceReference($0)
            }
        }
    }

    /// The samples of a source in the order in which they were recorded.
    package func usageSamples(of source: SourceReference) throws(StorageError) -> [UsageSample] {
        try attempt("read the usage history of '\(source.description.printable(limit: 200))'") {
            try Row.fetchAll(
                try database.cachedStatement(sql: Self.usageColumns + " WHERE source = ? ORDER BY usage_samples.id"),
                arguments: [source.description]
            ).map(Self.usageSample)
        }
    }

    /// The sample of a source with a list of directories that was scanned last at or before `time`, else the first after it.
    package func usageDirectories(
        of source: SourceReference, at time: Timestamp
    ) throws(StorageError) -> (sample: UsageSample, encoded: [UInt8])? {
        try attempt("read the usage history of '\(source.description.printable(limit: 200))'") {
            let columns = Self.usageColumns.replacing(
                " FROM", with: ", usage_directories.encoded FROM", maxReplacements: 1)
            let join = " JOIN usage_directories ON sample_id = usage_samples.id WHERE source = ? AND scanned_at_ns"
            for rest in [" <= ? ORDER BY scanned_at_ns DESC", " > ? ORDER BY scanned_at_ns"] {
                let row = try Row.fetchOne(
                    try database.cachedStatement(sql: columns + join + rest + " LIMIT 1"),
                    arguments: [source.description, time.nanosecondsSinceEpoch])
                if let row {
                    let encoded: Data = row[10]
                    return (Self.usageSample(row), Array(encoded))
                }
            }
            return nil
        }
    }

    private static let usageColumns = """
        SELECT scanned_at_ns, allocated_bytes, apparent_bytes, files, directories, errors, is_partial, total_bytes,
            used_bytes, available_bytes FROM usage_samples JOIN usage_sources ON usage_sources.id = source_id
        """

    private static func usageSample(_ row: Row) -> UsageSample {
        var totals = UsageTotals()
        totals.allocatedBytes = UInt64(clamping: row[1] as Int64)
        totals.apparentBytes = UInt64(clamping: row[2] as Int64)
        totals.files = UInt64(clamping: row[3] as Int64)
        totals.directories = UInt64(clamping: row[4] as Int64)
        totals.errors = UInt64(clamping: row[5] as Int64)
        let (total, used, available): (Int64?, Int64?, Int64?) = (row[7], row[8], row[9])
        var space: FileSystemRoom?
        if let total, let used, let available {
            space = FileSystemRoom(
                totalBytes: UInt64(clamping: total), usedBytes: UInt64(clamping: used),
                availableBytes: UInt64(clamping: available))
        }
        return UsageSample(
            scannedAt: Timestamp(nanosecondsSinceEpoch: row[0]), totals: totals, isPartial: row[6], space: space)
    }

    private func usageSource(_ source: String) throws -> Int64 {
        let known = try Int64.fetchOne(
            try database.cachedStatement(sql: "SELECT id FROM usage_sources WHERE source = ?"), arguments: [source])
        if let known { return known }
        try database.execute(sql: "INSERT INTO usage_sources (source) VALUES (?)", arguments: [source])
        return database.lastInsertedRowID
    }

    private func thinUsage(source: Int64, now: Timestamp) throws {
        let rows = try Row.fetchAll(
            try database.cachedStatement(
                sql: """
                    SELECT id, scanned_at_ns, sample_id IS NOT NULL FROM usage_samples
                    LEFT JOIN usage_directories ON sample_id = id WHERE source_id = ?
                    """), arguments: [source])
        let items = rows.map { row in
            UsageThinning.Item(
                id: row[0], seconds: Timestamp(nanosecondsSinceEpoch: row[1]).seconds, hasDirectories: row[2])
        }
        let thinning = UsageThinning(items, now: now)
        for id in thinning.samples {
            try database.execute(sql: "DELETE FROM usage_samples WHERE id = ?", arguments: [id])
        }
        for id in thinning.directories {
            try database.execute(sql: "DELETE FROM usage_directories WHERE sample_id = ?", arguments: [id])
        }
    }

    private func forgetForeignSources() throws {
        try database.cachedStatement(
            sql: """
                DELETE FROM usage_sources WHERE id IN (
                    SELECT source_id FROM usage_samples JOIN usage_sources ON usage_sources.id = source_id
                    WHERE source NOT GLOB 'holdfast:*' GROUP BY source_id
                    ORDER BY max(usage_samples.id) DESC LIMIT -1 OFFSET ?)
                """
        ).execute(arguments: [Self.limitForeignSources])
    }

    private func sourceReference(_ text: String) throws(StorageError) -> SourceReference {
        do throws(StorageError) {
            return try SourceReference(text)
        } catch {
            throw StorageError(
                .damaged, object: text, "the catalog holds an impossible source", causes: [error.message])
        }
    }
}
