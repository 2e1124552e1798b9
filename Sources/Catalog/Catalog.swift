package import FileTree
internal import GRDB
package import StorageModel

/// The records of a store: what has no row here is garbage on disk.
///
/// One SQLite file, `catalog.sqlite`, in WAL mode with `synchronous=FULL`: a transaction that returned survives a power
/// cut. Several processes may use it at once; each waits up to ten seconds for the others. Values go in and come out;
/// records, SQL and GRDB stay inside this module.
///
/// A mutation is one IMMEDIATE transaction, in which the caller may also rename on disk, so that no other process can
/// change the same rows meanwhile:
///
/// ```swift
/// try catalog.transaction { transaction throws(StorageError) in
///     try transaction.insert(volume)
///     try rename()                    // what this throws takes the row back
/// }
/// ```
package final class Catalog: Sendable {
    /// The name of the file below the store's root.
    package static let fileName = "catalog.sqlite"

    /// How long a process waits for the transactions of others.
    static let busyTimeoutSeconds = 10.0

    private let queue: DatabaseQueue
    let path: String

    /// Opens the catalog in a store's root directory, makes it if it is missing, and migrates an older one.
    ///
    /// The file is for its owner only (mode 0600). Cost where nothing is to be done: one open and two reads.
    ///
    /// - Parameters:
    ///   - root: the store's root, in which the file is made and which is locked while it is made or migrated.
    ///   - hostPath: the absolute path of `root`; SQLite knows no descriptors.
    /// - Throws: ``StorageError/Code/tooNew`` for a store of a newer version, ``StorageError/Code/damaged`` for a file that
    ///   is not SQLite or is corrupt, ``StorageError/Code/conflict`` for another program's database.
    package init(in root: borrowing Descriptor, hostPath: String) throws(StorageError) {
        path = hostPath == "/" ? "/" + Self.fileName : "\(hostPath)/\(Self.fileName)"
        let isNew = try CatalogFile.prepare(in: root, path: path)
        queue = try CatalogFile.open(path)
        let isCurrent = isNew ? false : try version() == Schema.version
        if !isCurrent {
            let lock = try CatalogFile.lock(root, path: path)
            try migrate()
            lock.release()
        }
    }

    /// Runs `body` in one IMMEDIATE transaction and returns once it is on disk.
    ///
    /// What `body` throws rolls the transaction back. It must be short: all other writers wait.
    package func transaction<Result>(
        _ body: (Transaction) throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        try run("change the catalog") { queue throws in
            var result: Result?
            try queue.writeWithoutTransaction { database in
                CatalogFile.restartJournal(database)
                try database.inTransaction(.immediate) {
                    result = try body(Transaction(database: database, path: path))
                    return .commit
                }
                CatalogFile.setCheckpointOnClose(true, database)
            }
            guard let result else { throw DatabaseError(resultCode: .SQLITE_INTERNAL) }
            return result
        }
    }

    /// Runs `body` as ``transaction(_:)`` does, and takes everything back: what it returns is what would be.
    package func rehearse<Result>(
        _ body: (Transaction) throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        try run("look into the catalog") { queue throws in
            var result: Result?
            try queue.writeWithoutTransaction { database in
                try database.inTransaction(.immediate) {
                    result = try body(Transaction(database: database, path: path))
                    return .rollback
                }
            }
            guard let result else { throw DatabaseError(resultCode: .SQLITE_INTERNAL) }
            return result
        }
    }

    /// Runs `body` on one consistent state of the catalog. Never waits for writers.
    package func read<Result>(_ body: (Transaction) throws(StorageError) -> Result) throws(StorageError) -> Result {
        try run("read the catalog") { queue throws in
            try queue.read { try body(Transaction(database: $0, path: path)) }
        }
    }

    /// The volumes that the filter means, in the order of their names. Three or four statements, however many there are.
    package func volumes(matching filter: VolumeFilter = .all) throws(StorageError) -> [Volume] {
        let (volumes, users) = try read { transaction throws(StorageError) in
            (try transaction.volumes(), filter.asksForReferences ? try transaction.containersByVolume() : [:])
        }
        return volumes.filter { filter.matches($0, isReferenced: users[$0.name] != nil) }
    }

    /// The volumes that the filter means, in the order of their names, with the containers that mount each, as one state.
    package func volumesWithContainers(
        matching filter: VolumeFilter = .all
    ) throws(StorageError) -> [(volume: Volume, containers: [ContainerName])] {
        let (volumes, users) = try read { transaction throws(StorageError) in
            (try transaction.volumes(), try transaction.containersByVolume())
        }
        return volumes.map { (volume: $0, containers: users[$0.name] ?? []) }.filter {
            filter.matches($0.volume, isReferenced: !$0.containers.isEmpty)
        }
    }

    /// The volume of that name, `nil` if there is none.
    package func volume(named name: VolumeName) throws(StorageError) -> Volume? {
        try read { transaction throws(StorageError) in try transaction.volume(named: name) }
    }

    /// Lets the next transaction overwrite the journal from its beginning instead of making it longer, where nobody reads it.
    package func reuseJournal() throws(StorageError) {
        try run("write to the catalog") { queue throws in
            try queue.writeWithoutTransaction { _ = try $0.checkpoint(.passive) }
        }
    }

    /// Closes the connection; nothing may be asked afterwards. Without it the connection closes with the last reference.
    package func close() throws(StorageError) {
        try run("close the catalog") { queue throws in try queue.close() }
    }

    /// The schema as SQL, for the test that guards it.
    package func schemaDump() throws(StorageError) -> String {
        try run("read the catalog's schema") { queue throws in
            try queue.read { database in
                let rows = try String.fetchAll(
                    database, sql: "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, name")
                return rows.joined(separator: ";\n\n") + ";\n"
            }
        }
    }

    private func run<Result>(
        _ doing: String, _ body: (DatabaseQueue) throws -> Result
    ) throws(StorageError) -> Result {
        do {
            return try body(queue)
        } catch let error as StorageError {
            throw error
        } catch {
            throw StorageError(catalogFailure: error, doing: doing, path: path)
        }
    }
}

extension Catalog {
    /// The schema's version of an existing catalog, 0 for an empty one.
    private func version() throws(StorageError) -> Int {
        let (version, application) = try run("open the catalog") { queue throws in
            try queue.read { database in
                (
                    try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0,
                    try Int32.fetchOne(database, sql: "PRAGMA application_id") ?? 0
                )
            }
        }
        if application != Schema.applicationID && !(application == 0 && version == 0) { throw foreignFile() }
        if version > Schema.version {
            throw StorageError(
                .tooNew, object: path,
                "the store's catalog has version \(version), this holdfast knows versions up to \(Schema.version)",
                hint: "use the newer holdfast that wrote the store, or another store (HOLDFAST_ROOT or --root)")
        }
        return version
    }

    /// Brings the schema up to this program's. The caller holds the lock, so the version is looked at again.
    private func migrate() throws(StorageError) {
        let version = try version()
        if version == Schema.version { return }
        try run("prepare the catalog") { queue throws in
            if version == 0 {
                let tables = try queue.read {
                    try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'grdb_%'") ?? 0
                }
                guard tables == 0 else { throw foreignFile() }
                // The journal mode is kept in the file: set once, not at each open.
                try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = WAL") }
            }
            try Schema.migrator.migrate(queue)
            try queue.writeWithoutTransaction { CatalogFile.setCheckpointOnClose(true, $0) }
        }
    }

    private func foreignFile() -> StorageError {
        StorageError(
            .conflict, object: path, "'\(path.printable())' is a database of another program",
            hint: "choose another store (HOLDFAST_ROOT or --root), or move that file away")
    }
}
