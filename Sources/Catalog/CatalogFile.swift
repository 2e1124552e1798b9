internal import CSQLite
internal import FileTree
internal import GRDB
internal import GRDBSQLite
internal import StorageModel

/// The catalog as a file: made for its owner only, opened with the settings that durability needs.
enum CatalogFile {
    /// Makes sure that the file is there and is private before SQLite sees it; its `-wal` and `-shm` inherit the mode.
    ///
    /// - Returns: whether the file is empty: just made, or left so by a crash.
    static func prepare(in root: borrowing Descriptor, path: String) throws(StorageError) -> Bool {
        let name = Catalog.fileName.utf8
        do throws(FileError) {
            let status = try existing(name, in: root)
            guard let status else {
                _ = try root.createFile(name, mode: 0o600, exclusive: false)
                return true
            }
            if status.kind == .file && status.mode != 0o600 {
                try root.openFile(name, for: .reading).setMode(0o600)
            }
            guard status.kind == .file else { throw FileError("open", path: path.printable(), errno: .exists) }
            return status.sizeBytes == 0
        } catch  where error.errno == .exists {
            throw StorageError(
                .conflict, object: path, "'\(path.printable())' is not a file, but the store's catalog must be there",
                hint: "move it away, or choose another store (HOLDFAST_ROOT or --root)")
        } catch {
            throw StorageError(error, doing: "open the catalog '\(path.printable())'", object: path)
        }
    }

    private static func existing(
        _ name: String.UTF8View, in root: borrowing Descriptor
    ) throws(FileError) -> FileStatus? {
        do throws(FileError) {
            return try root.status(of: name)
        } catch  where error.errno == .noEntry {
            return nil
        }
    }

    static func open(_ path: String) throws(StorageError) -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "catalog"
        configuration.busyMode = .timeout(Catalog.busyTimeoutSeconds)
        // The next lines do that.
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { database in
            try set("PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL", database)
            keepJournal(database)
            setCheckpointOnClose(false, database)
        }
        do {
            return try DatabaseQueue(path: path, configuration: configuration)
        } catch {
            throw StorageError(catalogFailure: error, doing: "open the catalog", path: path)
        }
    }

    /// Runs statements by SQLite's own interface: the first use of GRDB's makes generic types for a twentieth of the time that
    /// a short command takes.
    private static func set(_ pragmas: String, _ database: Database) throws {
        let code = sqlite3_exec(database.sqliteConnection, pragmas, nil, nil, nil)
        guard code == SQLITE_OK else {
            throw DatabaseError(
                resultCode: ResultCode(rawValue: code),
                message: String(cString: sqlite3_errmsg(database.sqliteConnection)))
        }
    }

    /// Leaves the `-wal` and `-shm` files in place when the last process closes the catalog.
    ///
    /// They hold the space that the next transaction needs, so that volumes can be removed on a full disk; and an open
    /// neither makes nor deletes files. A refusal has no other consequence.
    private static func keepJournal(_ database: Database) {
        var keeps: CInt = 1
        _ = sqlite3_file_control(database.sqliteConnection, nil, SQLITE_FCNTL_PERSIST_WAL, &keeps)
    }

    /// Whether the connection, if it closes last, writes the journal's pages to the database and syncs both.
    ///
    /// SQLite would do so even where nothing was written, as the journal stays: three syncs for every command that only
    /// reads. So only connections that wrote do it.
    static func setCheckpointOnClose(_ does: Bool, _ database: Database) {
        _ = holdfast_set_checkpoint_on_close(database.sqliteConnection, does ? 1 : 0)
    }

    /// Lets the first transaction of a connection overwrite the journal from its beginning.
    ///
    /// A journal that stayed is read by the next connection as if none of it were in the database, and is made longer;
    /// without this it would grow with every process that writes, and each open would read all of it.
    static func restartJournal(_ database: Database) {
        guard database.totalChangesCount == 0 else { return }
        // Refused while another process does the same, or on a full disk: the journal is then made longer this once.
        _ = try? database.checkpoint(.passive)
    }

    /// Whether so little space is left on the file system that SQLite's failures to write come from that.
    static func isDiskFull(at path: String) -> Bool {
        guard let slash = path.lastIndex(of: "/") else { return false }
        // Asked only to explain another failure: if it fails itself, that failure stays unexplained.
        let directory = try? Descriptor.openDirectory(atHostPath: String(path[...slash]))
        guard let available = try? directory?.availableBytes() else { return false }
        return available < 256 << 10
    }

    /// Which of the catalog's files cannot be opened, and why: SQLite tells neither.
    static func refusal(at path: String) -> FileError? {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        do throws(FileError) {
            let directory = try Descriptor.openDirectory(atHostPath: String(path[...slash]))
            for suffix in ["", "-wal", "-shm"] {
                let name = Catalog.fileName + suffix
                guard try existing(name.utf8, in: directory) != nil else { continue }
                _ = try directory.openFile(name.utf8, for: .readingAndWriting)
            }
            return nil
        } catch {
            return error
        }
    }

    /// Waits until no other process makes or migrates the catalog (`flock(2)` on the store's root).
    ///
    /// Why a lock besides SQLite's: switching to WAL and choosing the migrations to run happen outside transactions.
    static func lock(_ root: borrowing Descriptor, path: String) throws(StorageError) -> Lease {
        do throws(FileError) {
            guard let lease = try Lease.take(try root.reopenDirectory(), .exclusive, waits: true) else {
                throw FileError("flock", errno: .again)
            }
            return lease
        } catch {
            throw StorageError(error, doing: "lock the catalog '\(path.printable())'", object: path)
        }
    }
}
