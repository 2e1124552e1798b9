package import StorageModel

/// An entry that a walk came to.
package struct WalkedEntry: Sendable {
    package let path: EntryPath
    package let status: FileStatus
}

/// Walks a tree depth first, names byte-sorted within a directory, the root first: the order of an archive.
///
/// Each directory is opened beneath the root by its path, listed, examined and closed before anything else happens, so
/// that no descriptor is held on the way down, however deep the tree. Memory: the listings of the directories between
/// the root and the current entry. What vanishes meanwhile is passed over in silence.
package struct OrderedWalk: ~Copyable {
    package struct Options: Sendable {
        /// Whether directories where another file system is mounted are left unentered (they are reported, empty).
        package var staysOnFileSystem = true
        /// Directories that are neither reported nor entered.
        package var excluded: Set<FileIdentity> = []

        package init() {}
    }

    private let root: Descriptor
    private let options: Options

    /// - Parameter root: an open directory; duplicated, so that the walk owns what it uses.
    package init(root: borrowing Descriptor, options: Options) throws(FileError) {
        self.root = try root.duplicate()
        self.options = options
    }

    /// - Parameters:
    ///   - body: called for every entry; what it throws ends the walk.
    ///   - onError: called for a directory that cannot be listed or an entry that cannot be examined; the walk goes on.
    package borrowing func forEach(
        _ body: (WalkedEntry) throws(StorageError) -> Void, onError: (EntryPath, FileError) -> Void
    ) throws(StorageError) {
        let rootStatus: FileStatus
        do throws(FileError) {
            rootStatus = try root.status()
        } catch {
            onError(.root, error)
            return
        }
        try body(WalkedEntry(path: .root, status: rootStatus))
        // Listings of the directories on the way, each reversed so that the next entry is the last.
        var stack = [reversedListing(.root, onError)]
        while var listing = stack.popLast() {
            guard let entry = listing.popLast() else { continue }
            stack.append(listing)
            if options.excluded.contains(entry.status.identity) { continue }
            try body(entry)
            guard entry.status.kind == .directory else { continue }
            // A bind mount has the device of its source, so the device alone does not tell.
            let isElsewhere = entry.status.device != rootStatus.device || entry.status.isMountRoot
            if options.staysOnFileSystem && isElsewhere { continue }
            stack.append(reversedListing(entry.path, onError))
        }
    }

    private borrowing func reversedListing(
        _ path: EntryPath, _ onError: (EntryPath, FileError) -> Void
    ) -> [WalkedEntry] {
        do throws(FileError) {
            let directory = try root.openDirectory(beneath: path)
            let names = try directory.entries().map(\.name).sorted { $1.lexicographicallyPrecedes($0) }
            var listing: [WalkedEntry] = []
            listing.reserveCapacity(names.count)
            for name in names {
                do throws(FileError) {
                    listing.append(WalkedEntry(path: path.appending(name), status: try directory.status(of: name)))
                } catch {
                    if error.errno != .noEntry { onError(path.appending(name), error) }
                }
            }
            return listing
        } catch {
            if error.errno != .noEntry || path.isRoot { onError(path, error) }
            return []
        }
    }
}
