internal import StorageModel

/// Puts a finished tree or file where others will find it.
package enum Publication {
    /// Renames `name` from `source` to `target`, durably: everything is synced before, both directories after.
    ///
    /// A crash leaves the tree in one of the two places, whole; with ``RenameMode/exchange`` likewise both.
    /// - Parameters:
    ///   - mode: `.noReplace` for something new (`EEXIST` if it is there), `.exchange` to swap with what is there.
    ///   - isDurable: `false` leaves out the syncs; a power cut may then lose what was acknowledged.
    package static func publish(
        _ name: some Collection<UInt8>, from source: borrowing Descriptor, to target: borrowing Descriptor,
        as newName: some Collection<UInt8>, mode: RenameMode, isDurable: Bool
    ) throws(FileError) {
        if isDurable { try syncTree(name, in: source) }
        let before = mode == .exchange ? try source.status(of: name) : nil
        try source.rename(name, to: target, newName, mode: mode)
        if let before { try keepTime(before, of: newName, in: target, isDurable: isDurable) }
        if isDurable {
            try target.sync()
            try source.sync()
        }
    }

    /// XFS gives a directory that was exchanged a new modification time (`xfs_cross_rename`).
    private static func keepTime(
        _ before: FileStatus, of name: some Collection<UInt8>, in parent: borrowing Descriptor, isDurable: Bool
    ) throws(FileError) {
        let now = try parent.status(of: name)
        guard now.kind == .directory, now.modifiedAt != before.modifiedAt else { return }
        let directory = try parent.openDirectory(name)
        try directory.applyMetadata(before.metadata, xattrs: [], ownership: false, current: now)
        if isDurable { try directory.sync() }
    }

    /// From so many entries on, one `syncfs(2)` is cheaper than an `fsync(2)` of each.
    private static let syncEachLimit = 32

    /// Returns when the entry `name` and everything below it would survive a power cut: by `fsync(2)` of each file and
    /// directory of a small tree, by `syncfs(2)` of the file system for a large one.
    package static func syncTree(
        _ name: some Collection<UInt8>, in parent: borrowing Descriptor
    ) throws(FileError) {
        guard try parent.status(of: name).kind == .directory else {
            try parent.openFile(name, for: .reading).sync()
            return
        }
        let root = try parent.openDirectory(name)
        var budget = syncEachLimit
        var directories: [EntryPath] = [.root]
        var visited = 0
        while visited < directories.count {
            let path = directories[visited]
            visited += 1
            let directory = try root.openDirectory(beneath: path)
            for entry in try directory.entries() {
                budget -= 1
                let kind: EntryKind
                if let hint = entry.kindHint { kind = hint } else { kind = try directory.status(of: entry.name).kind }
                if budget < 0 {
                    try root.syncFileSystem()
                    return
                }
                switch kind {
                case .directory: directories.append(path.appending(entry.name))
                case .file: try directory.openFile(entry.name, for: .reading).sync()
                default: break  // Links and devices lie in their directory and its journal: there is nothing to open.
                }
            }
            try directory.sync()
        }
    }
}
