internal import GRDB
package import StorageModel

extension Transaction {
    /// All images, the oldest in the store first.
    package func images() throws(StorageError) -> [Image] {
        try attempt("read the images") {
            let tags = try names("SELECT image_id, reference FROM tags ORDER BY reference")
            let digests = try names("SELECT image_id, reference FROM repository_digests ORDER BY reference")
            let rows = try Row.fetchAll(try database.cachedStatement(sql: "\(Self.columns) ORDER BY images.id"))
            return try rows.map { row in
                try image(row, tags: tags[row[0]] ?? [], digests: digests[row[0]] ?? [])
            }
        }
    }

    /// The image with that id, `nil` if there is none.
    package func image(_ id: Digest) throws(StorageError) -> Image? {
        try oneImage("WHERE images.digest = ?", id.hex, "read image \(id.short)")
    }

    /// The uppermost layer below a container; `nil` for an image without layers.
    package func topLayer(below container: Container) throws(StorageError) -> Digest? {
        let found: String?? = try attempt("read the image of container '\(container.name)'") {
            let statement = try database.cachedStatement(
                sql: """
                    SELECT layers.chain_id FROM images LEFT JOIN layers ON layers.id = images.top_layer_id
                    WHERE images.digest = ?
                    """)
            return try Row.fetchOne(statement, arguments: [container.image.hex]).map { $0[0] as String? }
        }
        guard let found else {
            throw StorageError(
                .damaged, object: container.name.rawValue, "the image of container '\(container.name)' is gone",
                hint: "run holdfast check --repair")
        }
        return try found.map { hex throws(StorageError) in try attempt("read a layer") { try digest(hex) } }
    }

    /// The image that has that name now: by its digest if the name has one, else by its tag.
    package func image(named reference: ImageReference) throws(StorageError) -> Image? {
        let table = reference.digest == nil ? "tags" : "repository_digests"
        let name = reference.digest.map { "\(reference.name)@\($0)" } ?? reference.canonical
        return try oneImage(
            "WHERE images.id = (SELECT image_id FROM \(table) WHERE reference = ?)", name, "read image '\(reference)'")
    }

    /// The ids of the images whose id begins so.
    package func images(withPrefix hex: String) throws(StorageError) -> [Digest] {
        guard hex.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else { return [] }
        return try attempt("read the images") {
            let statement = try database.cachedStatement(
                sql: "SELECT digest FROM images WHERE digest GLOB ? || '*' ORDER BY id LIMIT 2")
            return try String.fetchAll(statement, arguments: [hex]).map(digest)
        }
    }

    /// The digests of all images, in hexadecimal: the names of the blobs that belong to something.
    package func imageNames() throws(StorageError) -> Set<String> {
        try attempt("read the images") {
            try String.fetchSet(try database.cachedStatement(sql: "SELECT digest FROM images"))
        }
    }

    package func countImages() throws(StorageError) -> Int {
        try attempt("count the images") {
            try Int.fetchOne(try database.cachedStatement(sql: "SELECT count(*) FROM images")) ?? 0
        }
    }

    /// Records an image without its names. One that is there already is left as it is.
    ///
    /// - Returns: whether it was recorded now.
    @discardableResult
    package func insert(_ image: Image) throws(StorageError) -> Bool {
        try attempt("record image \(image.id.short)") {
            try database.execute(
                sql: """
                    INSERT INTO images (digest, top_layer_id, loaded_at_ns) VALUES (?, ?, ?) ON CONFLICT DO NOTHING
                    """,
                arguments: [
                    image.id.hex, try image.topLayer.map { try rowNumber(ofLayer: $0) },
                    image.loadedAt.nanosecondsSinceEpoch,
                ])
            return database.changesCount > 0
        }
    }

    /// Gives an image a name, taken from another image if that has it: a tag, or `name@sha256:…`.
    ///
    /// - Returns: the image that had the tag before.
    @discardableResult
    package func setName(_ reference: ImageReference, of id: Digest) throws(StorageError) -> Digest? {
        let previous = try image(named: reference)?.id
        try attempt("name image \(id.short) '\(reference)'") {
            let table = reference.digest == nil ? "tags" : "repository_digests"
            let name = reference.digest.map { "\(reference.name)@\($0)" } ?? reference.canonical
            try database.execute(
                sql: """
                    INSERT INTO \(table) (reference, image_id) VALUES (?, ?)
                    ON CONFLICT (reference) DO UPDATE SET image_id = excluded.image_id
                    """,
                arguments: [name, try rowNumber(ofImage: id)])
        }
        return previous == id ? nil : previous
    }

    /// Takes a name from whatever image has it.
    ///
    /// - Returns: whether one had it.
    package func removeName(_ reference: ImageReference) throws(StorageError) -> Bool {
        try attempt("remove the name '\(reference)'") {
            let table = reference.digest == nil ? "tags" : "repository_digests"
            let name = reference.digest.map { "\(reference.name)@\($0)" } ?? reference.canonical
            try database.execute(sql: "DELETE FROM \(table) WHERE reference = ?", arguments: [name])
            return database.changesCount > 0
        }
    }

    /// Removes the row of an image with its names.
    ///
    /// - Throws: ``StorageError/Code/inUse`` naming the containers that are made of it.
    package func remove(image id: Digest) throws(StorageError) {
        if let container = try containers(ofImage: id).first {
            throw StorageError(
                .inUse, object: id.description,
                "image \(id.short) is used by container '\(container.name)' (\(container.id.short))",
                hint: "remove the container first: holdfast container rm \(container.name)")
        }
        try attempt("remove the record of image \(id.short)") {
            try database.execute(sql: "DELETE FROM images WHERE digest = ?", arguments: [id.hex])
        }
    }
}

extension Transaction {
    private static let columns = """
        SELECT images.id, images.digest, layers.chain_id, images.loaded_at_ns
        FROM images LEFT JOIN layers ON layers.id = images.top_layer_id
        """

    private func oneImage(_ condition: String, _ value: String, _ doing: String) throws(StorageError) -> Image? {
        try attempt(doing) {
            let statement = try database.cachedStatement(sql: "\(Self.columns) \(condition)")
            guard let row = try Row.fetchOne(statement, arguments: [value]) else { return nil }
            let id: Int64 = row[0]
            let tags = try names("SELECT image_id, reference FROM tags WHERE image_id = ? ORDER BY reference", [id])
            let digests = try names(
                "SELECT image_id, reference FROM repository_digests WHERE image_id = ? ORDER BY reference", [id])
            return try image(row, tags: tags[id] ?? [], digests: digests[id] ?? [])
        }
    }

    private func image(_ row: Row, tags: [ImageReference], digests: [ImageReference]) throws -> Image {
        let layer: String? = row[2]
        return Image(
            id: try digest(row[1]), topLayer: try layer.map(digest), loadedAt: Timestamp(nanosecondsSinceEpoch: row[3]),
            tags: tags, repositoryDigests: digests)
    }

    private func names(
        _ sql: String, _ arguments: StatementArguments = []
    ) throws -> [Int64: [ImageReference]] {
        var result: [Int64: [ImageReference]] = [:]
        let rows = try Row.fetchCursor(try database.cachedStatement(sql: sql), arguments: arguments)
        while let row = try rows.next() {
            result[row[0], default: []].append(try ImageReference(row[1] as String))
        }
        return result
    }

    /// - Throws: ``StorageError/Code/notFound`` if there is no such image.
    func rowNumber(ofImage id: Digest) throws -> Int64 {
        let statement = try database.cachedStatement(sql: "SELECT id FROM images WHERE digest = ?")
        guard let number = try Int64.fetchOne(statement, arguments: [id.hex]) else {
            throw StorageError(
                .notFound, object: id.description, "there is no image \(id.short)",
                hint: "holdfast image ls shows the images")
        }
        return number
    }
}
