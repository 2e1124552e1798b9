internal import GRDB
package import StorageModel

extension Transaction {
    /// All volumes in the order of their names.
    package func volumes() throws(StorageError) -> [Volume] {
        try attempt("read the volumes") {
            let labels = try pairs("SELECT volume_id, key, value FROM volume_labels")
            let options = try pairs("SELECT volume_id, key, value FROM volume_options")
            let rows = try Row.fetchCursor(
                try database.cachedStatement(sql: "\(Self.columns) ORDER BY name"))
            var volumes: [Volume] = []
            while let row = try rows.next() {
                let id: Int64 = row[0]
                volumes.append(try volume(row, labels: labels[id] ?? [:], options: options[id] ?? [:]))
            }
            return volumes
        }
    }

    /// The volume of that name, `nil` if there is none.
    package func volume(named name: VolumeName) throws(StorageError) -> Volume? {
        try attempt("read volume '\(name)'") {
            let statement = try database.cachedStatement(sql: "\(Self.columns) WHERE name = ?")
            guard let row = try Row.fetchOne(statement, arguments: [name.rawValue]) else { return nil }
            let id: Int64 = row[0]
            let labels = try pairs("SELECT volume_id, key, value FROM volume_labels WHERE volume_id = ?", [id])
            let options = try pairs("SELECT volume_id, key, value FROM volume_options WHERE volume_id = ?", [id])
            return try volume(row, labels: labels[id] ?? [:], options: options[id] ?? [:])
        }
    }

    /// How many volumes there are.
    package func countVolumes() throws(StorageError) -> Int {
        try attempt("count the volumes") {
            try Int.fetchOne(try database.cachedStatement(sql: "SELECT count(*) FROM volumes")) ?? 0
        }
    }

    /// The names of all volumes.
    package func volumeNames() throws(StorageError) -> Set<String> {
        try attempt("read the volumes") {
            try String.fetchSet(try database.cachedStatement(sql: "SELECT name FROM volumes"))
        }
    }

    /// - Throws: ``StorageError/Code/conflict`` if the name is taken.
    package func insert(_ volume: Volume) throws(StorageError) {
        try attempt("record volume '\(volume.name)'") {
            do {
                try database.execute(
                    sql: """
                        INSERT INTO volumes (name, driver, created_at_ns, is_anonymous, is_protected, populated_from)
                        VALUES (?, ?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        volume.name.rawValue, volume.driver, volume.createdAt.nanosecondsSinceEpoch,
                        volume.isAnonymous, volume.isProtected, volume.populatedFrom,
                    ])
            } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
                throw StorageError(.conflict, object: volume.name.rawValue, "volume '\(volume.name)' exists already")
            }
            let id = database.lastInsertedRowID
            try insert(volume.labels, "INSERT INTO volume_labels (volume_id, key, value) VALUES (?, ?, ?)", id)
            try insert(volume.options, "INSERT INTO volume_options (volume_id, key, value) VALUES (?, ?, ?)", id)
        }
    }

    /// Removes the volume's row with its labels and options.
    ///
    /// - Returns: whether there was one.
    package func remove(_ name: VolumeName) throws(StorageError) -> Bool {
        try attempt("remove the record of volume '\(name)'") {
            try database.execute(sql: "DELETE FROM volumes WHERE name = ?", arguments: [name.rawValue])
            return database.changesCount > 0
        }
    }

    /// - Returns: whether there is a volume of that name.
    package func setProtection(_ isProtected: Bool, of name: VolumeName) throws(StorageError) -> Bool {
        try attempt("change volume '\(name)'") {
            try database.execute(
                sql: "UPDATE volumes SET is_protected = ? WHERE name = ?", arguments: [isProtected, name.rawValue])
            return database.changesCount > 0
        }
    }
}

extension Transaction {
    private static let columns = """
        SELECT id, name, driver, created_at_ns, is_anonymous, is_protected, populated_from FROM volumes
        """

    private func volume(_ row: Row, labels: [String: String], options: [String: String]) throws(StorageError) -> Volume
    {
        Volume(
            name: try name(row[1]), driver: row[2], createdAt: Timestamp(nanosecondsSinceEpoch: row[3]),
            labels: labels, options: options, isAnonymous: row[4], isProtected: row[5], populatedFrom: row[6])
    }

    private func name(_ text: String) throws(StorageError) -> VolumeName {
        do throws(StorageError) {
            return try VolumeName(text)
        } catch {
            throw StorageError(
                .damaged, object: text, "the catalog holds an impossible name", causes: [error.message])
        }
    }

    private func pairs(
        _ sql: String, _ arguments: StatementArguments = []
    ) throws -> [Int64: [String: String]] {
        var result: [Int64: [String: String]] = [:]
        let rows = try Row.fetchCursor(try database.cachedStatement(sql: sql), arguments: arguments)
        while let row = try rows.next() {
            let id: Int64 = row[0]
            result[id, default: [:]][row[1]] = row[2]
        }
        return result
    }

    private func insert(_ pairs: [String: String], _ sql: String, _ id: Int64) throws {
        if pairs.isEmpty { return }
        let statement = try database.cachedStatement(sql: sql)
        for (key, value) in pairs { try statement.execute(arguments: [id, key, value]) }
    }
}
