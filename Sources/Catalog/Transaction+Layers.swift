internal import GRDB
package import StorageModel

extension Transaction {
    /// The layer with that chain id, `nil` if there is none.
    package func layer(_ chainID: Digest) throws(StorageError) -> Layer? {
        try attempt("read layer \(chainID.short)") {
            let statement = try database.cachedStatement(sql: "\(Self.columns) WHERE layers.chain_id = ?")
            return try Row.fetchOne(statement, arguments: [chainID.hex]).map(layer)
        }
    }

    /// All layers, each after the one it lies on.
    package func layers() throws(StorageError) -> [Layer] {
        try attempt("read the layers") {
            // A child is made after its parent, so its row has the larger number.
            try Row.fetchAll(try database.cachedStatement(sql: "\(Self.columns) ORDER BY layers.id")).map(layer)
        }
    }

    /// The layer and everything below it, lowest first.
    ///
    /// - Throws: ``StorageError/Code/damaged`` if it is not there.
    package func chain(to top: Digest) throws(StorageError) -> [Layer] {
        var result: [Layer] = []
        var next: Digest? = top
        while let id = next {
            guard let layer = try layer(id) else {
                throw StorageError(
                    .damaged, object: id.description, "layer \(id.short) is missing from the catalog",
                    hint: "run holdfast check --repair, then load the image again")
            }
            result.append(layer)
            next = layer.parent
        }
        return result.reversed()
    }

    /// The chain ids of all layers, in hexadecimal: the names of their directories.
    package func layerNames() throws(StorageError) -> Set<String> {
        try attempt("read the layers") {
            try String.fetchSet(try database.cachedStatement(sql: "SELECT chain_id FROM layers"))
        }
    }

    package func countLayers() throws(StorageError) -> Int {
        try attempt("count the layers") {
            try Int.fetchOne(try database.cachedStatement(sql: "SELECT count(*) FROM layers")) ?? 0
        }
    }

    /// - Throws: ``StorageError/Code/conflict`` if the layer is there, or its parent is not.
    package func insert(_ layer: Layer) throws(StorageError) {
        try attempt("record layer \(layer.chainID.short)") {
            let parent = try layer.parent.map { try rowNumber(ofLayer: $0) }
            do {
                try database.execute(
                    sql: """
                        INSERT INTO layers (chain_id, diff_id, parent_id, apparent_bytes, allocated_bytes, entries,
                            tar_bytes, created_at_ns)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        layer.chainID.hex, layer.diffID.hex, parent, Int64(clamping: layer.apparentBytes),
                        Int64(clamping: layer.allocatedBytes), Int64(clamping: layer.entries),
                        Int64(clamping: layer.tarBytes), layer.createdAt.nanosecondsSinceEpoch,
                    ])
            } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
                throw StorageError(
                    .conflict, object: layer.chainID.description, "layer \(layer.chainID.short) exists already")
            }
        }
    }

    /// Removes the layer's row if no layer lies on it and no image needs it.
    ///
    /// - Returns: the removed layer; `nil` if it is needed, or was not there.
    package func removeIfUnused(layer chainID: Digest) throws(StorageError) -> Layer? {
        guard let layer = try layer(chainID) else { return nil }
        return try attempt("remove the record of layer \(chainID.short)") {
            try database.execute(
                sql: """
                    DELETE FROM layers WHERE chain_id = ?
                        AND NOT EXISTS (SELECT 1 FROM layers AS child WHERE child.parent_id = layers.id)
                        AND NOT EXISTS (SELECT 1 FROM images WHERE images.top_layer_id = layers.id)
                    """,
                arguments: [chainID.hex])
            return database.changesCount > 0 ? layer : nil
        }
    }

    /// The layers that no layer lies on and no image needs.
    package func unusedLayers() throws(StorageError) -> [Digest] {
        try attempt("read the layers") {
            let names = try String.fetchAll(
                try database.cachedStatement(
                    sql: """
                        SELECT chain_id FROM layers
                        WHERE NOT EXISTS (SELECT 1 FROM layers AS child WHERE child.parent_id = layers.id)
                            AND NOT EXISTS (SELECT 1 FROM images WHERE images.top_layer_id = layers.id)
                        """))
            return try names.map(digest)
        }
    }

    /// Remembers a compressed form of the layer, as a registry has it. Again is no failure.
    package func insert(_ blob: ContentDescriptor, ofLayer chainID: Digest) throws(StorageError) {
        try attempt("record a blob of layer \(chainID.short)") {
            try database.execute(
                sql: """
                    INSERT INTO layer_blobs (layer_id, digest, media_type, size_bytes) VALUES (?, ?, ?, ?)
                    ON CONFLICT DO NOTHING
                    """,
                arguments: [
                    try rowNumber(ofLayer: chainID), blob.digest.hex, blob.mediaType, Int64(clamping: blob.sizeBytes),
                ])
        }
    }

    /// The compressed forms by which the layer is known to registries.
    package func blobs(ofLayer chainID: Digest) throws(StorageError) -> [ContentDescriptor] {
        try attempt("read the blobs of layer \(chainID.short)") {
            let statement = try database.cachedStatement(
                sql: """
                    SELECT media_type, layer_blobs.digest, size_bytes FROM layer_blobs
                    JOIN layers ON layers.id = layer_id WHERE chain_id = ? ORDER BY layer_blobs.digest
                    """)
            return try Row.fetchAll(statement, arguments: [chainID.hex]).map { row in
                ContentDescriptor(mediaType: row[0], digest: try digest(row[1]), sizeBytes: unsigned(row[2]))
            }
        }
    }
}

extension Transaction {
    private static let columns = """
        SELECT layers.chain_id, layers.diff_id, parent.chain_id, layers.apparent_bytes, layers.allocated_bytes,
            layers.entries, layers.tar_bytes, layers.created_at_ns
        FROM layers LEFT JOIN layers AS parent ON parent.id = layers.parent_id
        """

    private func layer(_ row: Row) throws -> Layer {
        let parent: String? = row[2]
        return Layer(
            chainID: try digest(row[0]), diffID: try digest(row[1]), parent: try parent.map(digest),
            apparentBytes: unsigned(row[3]), allocatedBytes: unsigned(row[4]), entries: unsigned(row[5]),
            tarBytes: unsigned(row[6]), createdAt: Timestamp(nanosecondsSinceEpoch: row[7]))
    }

    /// - Throws: ``StorageError/Code/conflict`` if there is no such layer.
    func rowNumber(ofLayer chainID: Digest) throws -> Int64 {
        let statement = try database.cachedStatement(sql: "SELECT id FROM layers WHERE chain_id = ?")
        guard let number = try Int64.fetchOne(statement, arguments: [chainID.hex]) else {
            throw StorageError(
                .conflict, object: chainID.description,
                "layer \(chainID.short) was removed by another process meanwhile",
                hint: "try again")
        }
        return number
    }

    func digest(_ hex: String) throws -> Digest {
        guard let digest = Digest(hex: hex) else {
            throw StorageError(.damaged, object: hex, "the catalog holds an impossible digest")
        }
        return digest
    }

    func unsigned(_ number: Int64) -> UInt64 { UInt64(clamping: number) }
}
