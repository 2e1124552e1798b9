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
                        INSERT INTO volumes (
                            name, driver, created_at_ns, is_anonymous, is_protected, populated_from, populated_image,
                            populated_path, populated_at_ns, last_mounted_at_ns)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        volume.name.rawValue, volume.driver, volume.createdAt.nanosecondsSinceEpoch,
                        volume.isAnonymous, volume.isProtected, volume.population?.image,
                        volume.population?.imageID.hex, volume.population?.path.rawValue,
                        volume.population?.populatedAt.nanosecondsSinceEpoch,
                        volume.lastMountedAt?.nanosecondsSinceEpoch,
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
    /// - Throws: ``StorageError/Code/inUse`` naming the containers that mount it.
    package func remove(_ name: VolumeName) throws(StorageError) -> Bool {
        try refuseIfMounted(name)
        return try attempt("remove the record of volume '\(name)'") {
            try database.execute(sql: "DELETE FROM volumes WHERE name = ?", arguments: [name.rawValue])
            return database.changesCount > 0
        }
    }

    /// - Throws: ``StorageError/Code/inUse`` naming the containers that mount the volume.
    package func refuseIfMounted(_ name: VolumeName) throws(StorageError) {
        let users = try containers(mounting: name)
        guard let user = users.first else { return }
        let others = users.count == 1 ? "" : " and \(users.count - 1) other\(users.count == 2 ? "" : "s")"
        throw StorageError(
            .inUse, object: name.rawValue, "volume '\(name)' is in use by container '\(user)'\(others)",
            hint: "remove the container first: holdfast container rm \(user)",
            causes: users.dropFirst().map { "also by container '\($0)'" })
    }

    /// The names of the containers that mount the volume, in byte order.
    package func containers(mounting name: VolumeName) throws(StorageError) -> [ContainerName] {
        try attempt("read who mounts volume '\(name)'") {
            let statement = try database.cachedStatement(
                sql: """
                    SELECT DISTINCT containers.name FROM container_mounts
                    JOIN volumes ON volumes.id = container_mounts.volume_id
                    JOIN containers ON containers.id = container_mounts.container_id
                    WHERE volumes.name = ? ORDER BY containers.name
                    """)
            return try String.fetchAll(statement, arguments: [name.rawValue]).map { try ContainerName($0) }
        }
    }

    /// The containers that mount volumes, by volume; volumes that none mounts are missing.
    package func containersByVolume() throws(StorageError) -> [VolumeName: [ContainerName]] {
        try attempt("read who mounts the volumes") {
            let statement = try database.cachedStatement(
                sql: """
                    SELECT DISTINCT volumes.name, containers.name FROM container_mounts
                    JOIN volumes ON volumes.id = container_mounts.volume_id
                    JOIN containers ON containers.id = container_mounts.container_id
                    ORDER BY volumes.name, containers.name
                    """)
            var result: [VolumeName: [ContainerName]] = [:]
            for row in try Row.fetchAll(statement) {
                result[try self.name(row[0]), default: []].append(try ContainerName(row[1] as String))
            }
            return result
        }
    }

    /// Gives the volume another name; containers that mount it follow.
    ///
    /// - Returns: whether there is a volume of the old name.
    /// - Throws: ``StorageError/Code/conflict`` if the new name is taken.
    package func rename(_ name: VolumeName, to newName: VolumeName) throws(StorageError) -> Bool {
        try attempt("rename volume '\(name)'") {
            do {
                try database.execute(
                    sql: "UPDATE volumes SET name = ?, is_anonymous = 0 WHERE name = ?",
                    arguments: [newName.rawValue, name.rawValue])
            } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
                throw StorageError(.conflict, object: newName.rawValue, "volume '\(newName)' exists already")
            }
            return database.changesCount > 0
        }
    }

    /// Replaces all labels of the volume.
    ///
    /// - Returns: whether there is a volume of that name.
    package func setLabels(_ labels: [String: String], of name: VolumeName) throws(StorageError) -> Bool {
        try attempt("change the labels of volume '\(name)'") {
            let statement = try database.cachedStatement(sql: "SELECT id FROM volumes WHERE name = ?")
            guard let id = try Int64.fetchOne(statement, arguments: [name.rawValue]) else { return false }
            try database.execute(sql: "DELETE FROM volume_labels WHERE volume_id = ?", arguments: [id])
            try insert(labels, "INSERT INTO volume_labels (volume_id, key, value) VALUES (?, ?, ?)", id)
            return true
        }
    }

    /// Records what the volume was filled from.
    ///
    /// - Returns: whether there is a volume of that name.
    package func setPopulation(_ population: VolumePopulation?, of name: VolumeName) throws(StorageError) -> Bool {
        try attempt("change volume '\(name)'") {
            try database.execute(
                sql: """
                    UPDATE volumes SET populated_from = ?, populated_image = ?, populated_path = ?, populated_at_ns = ?
                    WHERE name = ?
                    """,
                arguments: [
                    population?.image, population?.imageID.hex, population?.path.rawValue,
                    population?.populatedAt.nanosecondsSinceEpoch, name.rawValue,
                ])
            return database.changesCount > 0
        }
    }

    /// Records that a container had the volumes at that time.
    package func stampMounted(_ names: [VolumeName], at time: Timestamp) throws(StorageError) {
        try attempt("change the volumes") {
            let statement = try database.cachedStatement(
                sql: "UPDATE volumes SET last_mounted_at_ns = max(ifnull(last_mounted_at_ns, ?1), ?1) WHERE name = ?2")
            for name in names {
                try statement.execute(arguments: [time.nanosecondsSinceEpoch, name.rawValue])
            }
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
        SELECT id, name, driver, created_at_ns, is_anonymous, is_protected, populated_from, populated_image,
            populated_path, populated_at_ns, last_mounted_at_ns
        FROM volumes
        """

    private func volume(_ row: Row, labels: [String: String], options: [String: String]) throws -> Volume {
        let lastMounted: Int64? = row[10]
        return Volume(
            name: try name(row[1]), driver: row[2], createdAt: Timestamp(nanosecondsSinceEpoch: row[3]),
            labels: labels, options: options, isAnonymous: row[4], isProtected: row[5],
            population: try population(row), lastMountedAt: lastMounted.map(Timestamp.init(nanosecondsSinceEpoch:)))
    }

    private func population(_ row: Row) throws -> VolumePopulation? {
        let (image, id, path): (String?, String?, String?) = (row[6], row[7], row[8])
        guard let image, let id, let path else { return nil }
        return VolumePopulation(
            image: image, imageID: try digest(id), path: try ContainerPath(path),
            populatedAt: Timestamp(nanosecondsSinceEpoch: row[9]))
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
