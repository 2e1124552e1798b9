internal import Foundation
internal import GRDB
package import StorageModel

extension Transaction {
    /// All containers, the oldest first.
    package func containers() throws(StorageError) -> [Container] {
        try fetch("ORDER BY containers.id", [], "read the containers")
    }

    /// The containers that are made of an image or mount it.
    package func containers(ofImage id: Digest) throws(StorageError) -> [Container] {
        try fetch(
            """
            WHERE images.digest = ?1 OR containers.id IN (
                SELECT container_mounts.container_id FROM container_mounts
                JOIN images AS mounted ON mounted.id = container_mounts.image_id WHERE mounted.digest = ?1)
            ORDER BY containers.id
            """, [id.hex], "read the containers of image \(id.short)")
    }

    package func container(_ id: ContainerID) throws(StorageError) -> Container? {
        try fetch("WHERE container_id = ?", [id.rawValue], "read container \(id.short)").first
    }

    package func container(named name: ContainerName) throws(StorageError) -> Container? {
        try fetch("WHERE name = ?", [name.rawValue], "read container '\(name)'").first
    }

    /// The containers whose id begins so, two at most.
    package func containers(withPrefix hex: String) throws(StorageError) -> [Container] {
        guard hex.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else { return [] }
        return try fetch("WHERE container_id GLOB ? || '*' LIMIT 2", [hex], "read the containers")
    }

    /// The ids of all containers: the names of their directories.
    package func containerNames() throws(StorageError) -> Set<String> {
        try attempt("read the containers") {
            try String.fetchSet(try database.cachedStatement(sql: "SELECT container_id FROM containers"))
        }
    }

    package func countContainers() throws(StorageError) -> Int {
        try attempt("count the containers") {
            try Int.fetchOne(try database.cachedStatement(sql: "SELECT count(*) FROM containers")) ?? 0
        }
    }

    /// - Throws: ``StorageError/Code/conflict`` if the name is taken; ``StorageError/Code/notFound`` if the image is gone.
    package func insert(_ container: Container) throws(StorageError) {
        try attempt("record container '\(container.name)'") {
            let settings = String(decoding: try JSONEncoder().encode(container.settings), as: UTF8.self)
            do {
                try database.execute(
                    sql: """
                        INSERT INTO containers (container_id, name, image_id, image_name, created_at_ns, settings)
                        VALUES (?, ?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        container.id.rawValue, container.name.rawValue, try rowNumber(ofImage: container.image),
                        container.imageName, container.createdAt.nanosecondsSinceEpoch, settings,
                    ])
            } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
                throw StorageError(
                    .conflict, object: container.name.rawValue,
                    "the name '\(container.name)' is taken by another container",
                    hint: "choose another name, or remove that container: holdfast container rm \(container.name)")
            }
            try insert(container.mounts, ofContainer: database.lastInsertedRowID)
        }
    }

    /// - Throws: ``StorageError/Code/conflict`` if a volume was removed by another process meanwhile.
    private func insert(_ mounts: [ContainerMount], ofContainer number: Int64) throws {
        if mounts.isEmpty { return }
        let volumes = try database.cachedStatement(sql: "SELECT id FROM volumes WHERE name = ?")
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO container_mounts (container_id, position, volume_id, image_id, mount)
                VALUES (?, ?, ?, ?, ?)
                """)
        for (position, mount) in mounts.enumerated() {
            var volume: Int64?
            if let name = mount.spec.volumeName {
                volume = try Int64.fetchOne(volumes, arguments: [name.rawValue])
                guard volume != nil else {
                    throw StorageError(
                        .conflict, object: name.rawValue, "volume '\(name)' was removed by another process meanwhile",
                        hint: "try again")
                }
            }
            let text = String(decoding: try JSONEncoder().encode(mount), as: UTF8.self)
            try statement.execute(
                arguments: [
                    number, position, volume, try mount.image.map { try rowNumber(ofImage: $0) }, text,
                ])
        }
    }

    /// Removes the container's row.
    ///
    /// - Returns: whether there was one.
    package func remove(_ id: ContainerID) throws(StorageError) -> Bool {
        try attempt("remove the record of container \(id.short)") {
            try database.execute(sql: "DELETE FROM containers WHERE container_id = ?", arguments: [id.rawValue])
            return database.changesCount > 0
        }
    }
}

extension Transaction {
    private func fetch(
        _ condition: String, _ arguments: StatementArguments, _ doing: String
    ) throws(StorageError) -> [Container] {
        try attempt(doing) {
            let statement = try database.cachedStatement(
                sql: """
                    SELECT container_id, name, images.digest, image_name, created_at_ns, settings, containers.id
                    FROM containers JOIN images ON images.id = containers.image_id \(condition)
                    """)
            return try Row.fetchAll(statement, arguments: arguments).map(container)
        }
    }

    private func container(_ row: Row) throws -> Container {
        let (id, name, settings): (String, String, String) = (row[0], row[1], row[5])
        guard let id = ContainerID(id) else {
            throw StorageError(.damaged, object: id, "the catalog holds an impossible container id")
        }
        return Container(
            id: id, name: try ContainerName(name), image: try digest(row[2]), imageName: row[3],
            createdAt: Timestamp(nanosecondsSinceEpoch: row[4]),
            settings: try JSONDecoder().decode(ContainerSettings.self, from: Data(settings.utf8)),
            mounts: try mounts(ofContainer: row[6]))
    }

    private func mounts(ofContainer number: Int64) throws -> [ContainerMount] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT mount, volumes.name FROM container_mounts
                LEFT JOIN volumes ON volumes.id = container_mounts.volume_id
                WHERE container_mounts.container_id = ? ORDER BY position
                """)
        return try Row.fetchAll(statement, arguments: [number]).map { row in
            let (text, name): (String, String?) = (row[0], row[1])
            var mount = try JSONDecoder().decode(ContainerMount.self, from: Data(text.utf8))
            // The volume's name now, which may be another than when the container was made.
            if let name, case .volume(var volume) = mount.spec.content {
                volume.name = try VolumeName(name)
                mount.spec.content = .volume(volume)
            }
            return mount
        }
    }
}
