internal import GRDB
package import StorageModel

extension Transaction {
    /// All remembered sizes of what is still there.
    package func measuredSizes() throws(StorageError) -> [MeasuredObject: MeasuredSize] {
        try attempt("read the measured sizes") {
            let statement = try database.cachedStatement(
                sql: """
                    SELECT kind, volumes.name, containers.container_id, method, allocated_bytes, apparent_bytes, files,
                        directories, errors, measured_at_ns
                    FROM measured_sizes
                    LEFT JOIN volumes ON kind = 'volume' AND volumes.id = object_id
                    LEFT JOIN containers ON kind <> 'volume' AND containers.id = object_id
                    """)
            var sizes: [MeasuredObject: MeasuredSize] = [:]
            let rows = try Row.fetchCursor(statement)
            while let row = try rows.next() {
                if let object = try object(row) { sizes[object] = size(row) }
            }
            return sizes
        }
    }

    /// Remembers what was measured, in place of what was. Of what is gone meanwhile nothing is kept.
    package func remember(_ sizes: [MeasuredObject: MeasuredSize]) throws(StorageError) {
        try attempt("remember measured sizes") {
            for (object, size) in sizes {
                let (kind, row, name) = Self.key(of: object)
                let statement = try database.cachedStatement(
                    sql: """
                        INSERT INTO measured_sizes (kind, object_id, method, allocated_bytes, apparent_bytes, files,
                            directories, errors, measured_at_ns)
                        SELECT ?, id, ?, ?, ?, ?, ?, ?, ? FROM \(row) = ?
                        ON CONFLICT (kind, object_id) DO UPDATE SET method = excluded.method,
                            allocated_bytes = excluded.allocated_bytes, apparent_bytes = excluded.apparent_bytes,
                            files = excluded.files, directories = excluded.directories, errors = excluded.errors,
                            measured_at_ns = excluded.measured_at_ns
                        """)
                let totals = size.totals
                try statement.execute(arguments: [
                    kind, size.method.rawValue, Int64(clamping: totals.allocatedBytes),
                    Int64(clamping: totals.apparentBytes), Int64(clamping: totals.files),
                    Int64(clamping: totals.directories), Int64(clamping: totals.errors),
                    size.measuredAt.nanosecondsSinceEpoch, name,
                ])
            }
        }
    }

    private static func key(of object: MeasuredObject) -> (kind: String, row: String, name: String) {
        switch object {
        case .volume(let name): ("volume", "volumes WHERE name", name.rawValue)
        case .container(let id): ("container", "containers WHERE container_id", id.rawValue)
        case .upper(let id): ("upper", "containers WHERE container_id", id.rawValue)
        }
    }

    private func object(_ row: Row) throws -> MeasuredObject? {
        let (kind, volume, container): (String, String?, String?) = (row[0], row[1], row[2])
        if let volume { return .volume(try VolumeName(volume)) }
        guard let container, let id = ContainerID(container) else { return nil }
        return kind == "upper" ? .upper(id) : .container(id)
    }

    private func size(_ row: Row) -> MeasuredSize {
        var totals = UsageTotals()
        totals.allocatedBytes = unsigned(row[4])
        totals.apparentBytes = unsigned(row[5])
        totals.files = unsigned(row[6])
        totals.directories = unsigned(row[7])
        totals.errors = unsigned(row[8])
        let method: String = row[3]
        return MeasuredSize(
            totals: totals, method: MeasuredSize.Method(rawValue: method) ?? .walk,
            measuredAt: Timestamp(nanosecondsSinceEpoch: row[9]), isRemembered: true)
    }
}
