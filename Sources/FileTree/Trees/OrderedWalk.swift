package import StorageModel

/// An entry that a walk came to.
package struct WalkedEntry: Sendable {
    package let path: EntryPath
    package let status: FileStatus

    package init(path: EntryPath, status: FileStatus) {
        self.path = path
        self.status = status
    }
}

/// Walks a tree depth first, names byte-sorted within a directory, the root first: the order of an archive.
///
/// Each directory is opened beneath the root by its path, listed, examined and closed before anything else happens, so
/// that no descriptor is held on the way down, however deep the tree. Memory: the names of the directories between the
/// root and the current entry, and the status of at most ``windowEntries`` entries of each. What vanishes meanwhile is
/// passed over in silence.
package struct OrderedWalk: ~Copyable {
    package struct Options: Sendable {
        /// Whether directories where another file system is mounted are left unentered (they are reported, empty).
        package var staysOnFileSystem = true
        /// Entries that are neither reported nor entered.
        package var excluded: Set<FileIdentity> = []

        package init() {}
    }

    private let root: Descriptor
    private let options: Options

    /// So many entries of one directory are examined at once; a larger directory is opened again for the next ones.
    private static let windowEntries = 1024

    /// - Parameter root: an open directory; duplicated, so that the walk owns what it uses.
    package init(root: borrowing Descriptor, options: Options) throws(FileError) {
        self.root = try root.duplicate()
        self.options = options
    }

    /// - Parameters:
    ///   - body: called for every entry; what it throws ends the walk.
    ///   - onError: called for a directory that cannot be listed or an entry that cannot be examined; the walk goes on.
    package borrowing func forEach<Failure>(
        _ body: (WalkedEntry) throws(Failure) -> Void, onError: (EntryPath, FileError) -> Void
    ) throws(Failure) {
        let rootStatus: FileStatus
        do throws(FileError) {
            rootStatus = try root.status()
        } catch {
            onError(.root, error)
            return
        }
        try body(WalkedEntry(path: .root, status: rootStatus))
        var levels = [list(.root, onError)]
        while let deepest = levels.indices.last {
            guard let entry = levels[deepest].pop() else {
                if !refill(&levels[deepest], onError) { levels.removeLast() }
                continue
            }
            if !options.excluded.isEmpty && options.excluded.contains(entry.status.identity) { continue }
            try body(entry)
            guard entry.status.kind == .directory else { continue }
            // A bind mount has the device of its source, so the device alone does not tell.
            let isElsewhere = entry.status.device != rootStatus.device || entry.status.isMountRoot
            if options.staysOnFileSystem && isElsewhere { continue }
            levels.append(list(entry.path, onError))
        }
    }

    /// One directory on the way from the root to the current entry.
    private struct Level {
        let path: EntryPath
        let names: SortedNames
        /// The first name that was not examined yet.
        var examined = 0
        /// Examined and not yet reported, the next one last.
        var window: [WalkedEntry] = []

        mutating func pop() -> WalkedEntry? { window.popLast() }
    }

    private borrowing func list(_ path: EntryPath, _ onError: (EntryPath, FileError) -> Void) -> Level {
        do throws(FileError) {
            let directory = try root.openDirectory(beneath: path)
            var level = Level(path: path, names: try SortedNames(of: directory))
            Self.examine(&level, in: directory, onError)
            return level
        } catch {
            if error.errno != .noEntry || path.isRoot { onError(path, error) }
            return Level(path: path, names: SortedNames())
        }
    }

    /// - Returns: `false` if the directory is at its end.
    private borrowing func refill(_ level: inout Level, _ onError: (EntryPath, FileError) -> Void) -> Bool {
        guard level.examined < level.names.count else { return false }
        do throws(FileError) {
            Self.examine(&level, in: try root.openDirectory(beneath: level.path), onError)
            return true
        } catch {
            if error.errno != .noEntry { onError(level.path, error) }
            return false
        }
    }

    private static func examine(
        _ level: inout Level, in directory: borrowing Descriptor, _ onError: (EntryPath, FileError) -> Void
    ) {
        let end = min(level.names.count, level.examined + windowEntries)
        level.window.reserveCapacity(end - level.examined)
        for index in level.examined..<end {
            let name = level.names[index]
            do throws(FileError) {
                let status = try directory.status(of: name)
                level.window.append(WalkedEntry(path: level.path.appending(name), status: status))
            } catch {
                if error.errno != .noEntry { onError(level.path.appending(name), error) }
            }
        }
        level.examined = end
        level.window.reverse()
    }
}
