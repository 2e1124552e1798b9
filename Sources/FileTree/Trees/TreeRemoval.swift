internal import StorageModel

/// Removes trees by descriptor: nothing is followed, no mount is crossed.
package enum TreeRemoval {
    /// Removes the entry `name` of `parent` and everything below it.
    ///
    /// Goes down by renewed paths and holds two descriptors at a time, so that depth is bounded by memory alone. Goes on
    /// after a failure and throws the first one at the end. What is missing, also because somebody else removes the same
    /// tree, is no failure. A mount below is left alone and throws `EBUSY`. A directory that its owner may not enter or
    /// change is given to him first. Subvolumes of btrfs go in one step where the caller may do that, and entry by entry else.
    package static func remove(_ name: some Collection<UInt8>, in parent: borrowing Descriptor) throws(FileError) {
        let status: FileStatus
        do throws(FileError) {
            status = try parent.status(of: name)
        } catch  where error.errno == .noEntry {
            return
        }
        guard status.kind == .directory else {
            try removeIfPresent(name, in: parent, isDirectory: false)
            return
        }
        if status.isMountRoot { throw busy(name) }
        var work = Work(device: status.device)
        do throws(FileError) {
            try work.empty(name, in: parent)
        } catch  where error.errno == .noEntry {}  // Another remover was faster.
        if let failure = work.firstFailure { throw failure }
        try removeIfPresent(name, in: parent, isDirectory: true)
    }

    /// Removes everything in `directory`, but not the directory itself.
    package static func removeContent(of directory: borrowing Descriptor) throws(FileError) {
        var firstFailure: FileError?
        for entry in try directory.entries() {
            do throws(FileError) {
                try remove(entry.name, in: directory)
            } catch {
                firstFailure = firstFailure ?? error
            }
        }
        if let firstFailure { throw firstFailure }
    }

    fileprivate static func busy(_ name: some Collection<UInt8>) -> FileError {
        FileError("unlinkat", path: String(decoding: name, as: UTF8.self).printable(), errno: .busy)
    }

    fileprivate static func removeIfPresent(
        _ name: some Collection<UInt8>, in parent: borrowing Descriptor, isDirectory: Bool
    ) throws(FileError) {
        do throws(FileError) {
            if isDirectory { try parent.removeDirectory(name) } else { try parent.remove(name) }
        } catch  where error.errno == .noEntry {}
    }
}

extension Descriptor {
    /// Removes the entry `name` and everything below it; see ``TreeRemoval/remove(_:in:)``.
    package borrowing func removeTree(_ name: some Collection<UInt8>) throws(FileError) {
        try TreeRemoval.remove(name, in: self)
    }
}

/// The state of one removal.
private struct Work {
    private struct Level {
        let path: EntryPath
        var pending: [[UInt8]]
    }

    let device: UInt64
    var firstFailure: FileError?

    init(device: UInt64) { self.device = device }

    mutating func empty(_ name: some Collection<UInt8>, in parent: borrowing Descriptor) throws(FileError) {
        let top = try Self.open(name, in: parent)
        var stack = [Level(path: .root, pending: try clear(top))]
        while var level = stack.popLast() {
            guard let next = level.pending.popLast() else {
                if !level.path.isRoot { removeEmptied(level.path, beneath: top) }
                continue
            }
            let path = level.path.appending(next)
            stack.append(level)
            do throws(FileError) {
                let above = try top.openDirectory(beneath: path.parent)
                let directory = try Self.open(next, in: above)
                let pending = try clear(directory)
                if pending.isEmpty {
                    try TreeRemoval.removeIfPresent(next, in: above, isDirectory: true)
                } else {
                    stack.append(Level(path: path, pending: pending))
                }
            } catch {
                note(error)
            }
        }
    }

    private mutating func removeEmptied(_ path: EntryPath, beneath top: borrowing Descriptor) {
        do throws(FileError) {
            let above = try top.openDirectory(beneath: path.parent)
            try TreeRemoval.removeIfPresent(path.name, in: above, isDirectory: true)
        } catch {
            note(error)
        }
    }

    /// Removes what is not a directory.
    ///
    /// - Returns: the names of the directories that remain.
    private mutating func clear(_ directory: borrowing Descriptor) throws(FileError) -> [[UInt8]] {
        var directories: [[UInt8]] = []
        var isOpened = false
        for entry in try directory.entries() {
            do throws(FileError) {
                if try isDirectory(entry, in: directory) {
                    directories.append(entry.name)
                    continue
                }
                do throws(FileError) {
                    try TreeRemoval.removeIfPresent(entry.name, in: directory, isDirectory: false)
                } catch  where error.errno == .accessDenied && !isOpened {
                    // The directory is read-only for its owner, who may change that.
                    isOpened = true
                    try directory.setMode(0o700)
                    try TreeRemoval.removeIfPresent(entry.name, in: directory, isDirectory: false)
                }
            } catch {
                note(error)
            }
        }
        // To remove a directory from this one needs the same right; root has it anyway.
        if !isOpened, !directories.isEmpty, try directory.status().mode & 0o300 != 0o300 {
            try directory.setMode(0o700)
        }
        return directories
    }

    /// - Throws: `EBUSY` for a mount.
    private func isDirectory(_ entry: DirectoryEntry, in directory: borrowing Descriptor) throws(FileError) -> Bool {
        if let kind = entry.kindHint, kind != .directory { return false }
        let status = try directory.status(of: entry.name)
        guard status.kind == .directory else { return false }
        if status.isMountRoot { throw TreeRemoval.busy(entry.name) }
        if status.device == device { return true }
        // A subvolume of btrfs has a device number of its own, and so has what is in it.
        if try status.device == directory.status().device { return true }
        guard try Subvolume.lies(entry.name, in: directory) else { throw TreeRemoval.busy(entry.name) }
        return !Subvolume.removeAtOnce(entry.name, in: directory)
    }

    private mutating func note(_ error: FileError) {
        if error.errno != .noEntry { firstFailure = firstFailure ?? error }
    }

    private static func open(
        _ name: some Collection<UInt8>, in parent: borrowing Descriptor
    ) throws(FileError) -> Descriptor {
        do throws(FileError) {
            return try parent.openDirectory(name)
        } catch  where error.errno == .accessDenied {
            try parent.setMode(0o700, of: name)
            return try parent.openDirectory(name)
        }
    }
}
