internal import FileTree
internal import StorageModel

/// Notices, while a tree is read, databases with a journal beside them: files that mean something only together.
///
/// Told is what can be known from the files: SQLite's databases with a write-ahead log or a rollback journal that is not done
/// with, InnoDB's tablespace with its redo log, and the directory of a running PostgreSQL.
final class JournalWatch: Sendable {
    private let candidates = Monitor<[EntryPath]>([])

    private static let candidateLimit = 10_000

    private static let walSuffix = Array("-wal".utf8)
    private static let journalSuffix = Array("-journal".utf8)
    private static let innoDB = Array("ibdata1".utf8)
    private static let postgres = Array("postmaster.pid".utf8)

    /// Looks at an entry's name. Called for every entry: cheap.
    func observe(_ entry: WalkedEntry) {
        guard entry.status.kind == .file, entry.status.sizeBytes > 0 else { return }
        let name = entry.path.name
        guard
            Self.has(name, Self.walSuffix) || Self.has(name, Self.journalSuffix) || name.elementsEqual(Self.innoDB)
                || name.elementsEqual(Self.postgres)
        else { return }
        candidates.update { if $0.count < Self.candidateLimit { $0.append(entry.path) } }
    }

    var hasCandidates: Bool { candidates.update { !$0.isEmpty } }

    /// The databases whose files may not fit together.
    ///
    /// - Parameters:
    ///   - root: what was read.
    ///   - changed: files that changed while they were read.
    ///   - isInUse: whether some process uses the data: then any of them may have changed between two files.
    func findings(in root: borrowing Descriptor, changed: [EntryNotice], isInUse: Bool) -> [EntryNotice] {
        let changed = Set(changed.map(\.path))
        var found: [EntryNotice] = []
        for path in candidates.update({ $0 }).sorted() {
            guard let directory = try? root.openDirectory(beneath: path.parent),
                let (database, members, reason) = Self.finding(path, in: directory)
            else { continue }
            guard isInUse || members.contains(where: { changed.contains($0) }) else { continue }
            found.append(EntryNotice(path: database, reason: reason))
        }
        return found
    }

    private static func finding(
        _ path: EntryPath, in directory: borrowing Descriptor
    ) -> (EntryPath, members: [EntryPath], reason: String)? {
        let name = Array(path.name)
        if has(name, walSuffix) || has(name, journalSuffix) {
            let isLog = has(name, walSuffix)
            let base = Array(name.dropLast(isLog ? walSuffix.count : journalSuffix.count))
            guard beginning(of: base, in: directory) == sqliteMagic, isLive(beginning(of: name, in: directory), isLog)
            else { return nil }
            let database = path.parent.appending(base)
            let reason =
                isLog
                ? "a SQLite database with a write-ahead log that is not written back: they were read one after the other"
                : "a SQLite database with a rollback journal of a change that is not finished: they were read one after the other"
            return (database, [database, path], reason)
        }
        if name == innoDB {
            let logs = ["ib_logfile0", "#innodb_redo"].map { Array($0.utf8) }
            guard let log = logs.first(where: { (try? directory.status(of: $0)) != nil }) else { return nil }
            return (
                path, [path, path.parent.appending(log)],
                "an InnoDB tablespace and its redo log: they were read one after the other"
            )
        }
        guard (try? directory.status(of: Array("PG_VERSION".utf8))) != nil else { return nil }
        return (
            path.parent, [path],
            "the data of a PostgreSQL server that was running: its files were read one after the other"
        )
    }

    private static let sqliteMagic = Array("SQLite format 3\0".utf8)

    /// A log begins with 0x377f0682 or …83 (sqlite.org/fileformat.html); a journal that is done with begins with zeros.
    private static func isLive(_ beginning: [UInt8], _ isLog: Bool) -> Bool {
        isLog
            ? beginning.starts(with: [0x37, 0x7f, 0x06, 0x82]) || beginning.starts(with: [0x37, 0x7f, 0x06, 0x83])
            : beginning.starts(with: [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7])
    }

    private static func beginning(of name: [UInt8], in directory: borrowing Descriptor) -> [UInt8] {
        guard let file = try? directory.openFile(name, for: .reading), (try? file.status().kind) == .file else {
            return []
        }
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = bytes.withUnsafeMutableBytes { room in (try? file.read(into: room, at: 0)) ?? 0 }
        return Array(bytes.prefix(count))
    }

    private static func has(_ name: some Collection<UInt8>, _ suffix: [UInt8]) -> Bool {
        name.count > suffix.count && name.suffix(suffix.count).elementsEqual(suffix)
    }
}
