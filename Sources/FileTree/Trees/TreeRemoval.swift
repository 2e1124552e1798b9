internal import Glibc
internal import StorageModel

/// Removes trees by descriptor: nothing is followed, no mount is crossed.
package enum TreeRemoval {
    /// Removes the entry `name` of `parent` and everything below it.
    ///
    /// Goes down by renewed paths and holds one descriptor at a time, so depth is bounded by memory alone. Goes on after a
    /// failure and throws the first one at the end. A missing entry is no failure.
    package static func remove(_ name: [UInt8], in parent: borrowing Descriptor) throws(FileError) {
        let status: FileStatus
        do throws(FileError) {
            status = try parent.status(of: name)
        } catch where error.errno == .noEntry {
            return
        }
        guard status.kind == .directory else {
            try removeIfPresent(name, in: parent, isDirectory: false)
            return
        }
        var firstFailure: FileError?
        try empty(name, in: parent, device: status.device, &firstFailure)
        if let firstFailure { throw firstFailure }
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

    private struct Level {
        let path: EntryPath
        var pending: [[UInt8]]
    }

    private static func empty(
        _ name: [UInt8], in parent: borrowing Descriptor, device: UInt64, _ firstFailure: inout FileError?
    ) throws(FileError) {
        let top = try openForRemoval(name, in: parent)
        var stack = [Level(path: .root, pending: try clear(top, device: device, &firstFailure))]
        while let level = stack.popLast() {
            var level = level
            guard let next = level.pending.popLast() else {
                if level.path.isRoot { continue }
                do throws(FileError) {
                    let above = try top.openDirectory(beneath: level.path.parent)
                    try removeIfPresent(Array(level.path.name), in: above, isDirectory: true)
                } catch {
                    firstFailure = firstFailure ?? error
                }
                continue
            }
            let path = level.path.appending(next)
            stack.append(level)
            do throws(FileError) {
                let above = try top.openDirectory(beneath: level.path)
                let directory = try openForRemoval(next, in: above)
                stack.append(Level(path: path, pending: try clear(directory, device: device, &firstFailure)))
            } catch {
                firstFailure = firstFailure ?? error
            }
        }
    }

    /// Removes what is not a directory; returns the names of the directories that remain.
    private static func clear(
        _ directory: borrowing Descriptor, device: UInt64, _ firstFailure: inout FileError?
    ) throws(FileError) -> [[UInt8]] {
        var directories: [[UInt8]] = []
        for entry in try directory.entries() {
            do throws(FileError) {
                let kind: EntryKind
                if let hint = entry.kindHint { kind = hint } else { kind = try directory.status(of: entry.name).kind }
                guard kind == .directory else {
                    try removeIfPresent(entry.name, in: directory, isDirectory: false)
                    continue
                }
                let status = try directory.status(of: entry.name)
                if status.isMountRoot || status.device != device {
                    throw FileError(
                        operation: "unlinkat", path: String(decoding: entry.name, as: UTF8.self).printable(), errno: .busy)
                }
                directories.append(entry.name)
            } catch {
                if error.errno != .noEntry { firstFailure = firstFailure ?? error }
            }
        }
        return directories
    }

    /// A user who is not root may own directories that he cannot enter; he may change that.
    private static func openForRemoval(_ name: [UInt8], in parent: borrowing Descriptor) throws(FileError) -> Descriptor {
        do throws(FileError) {
            return try parent.openDirectory(name)
        } catch where error.errno == .accessDenied {
            guard try parent.status(of: name).kind == .directory else { throw error }
            try parent.openPermission(name)
            return try parent.openDirectory(name)
        }
    }

    private static func removeIfPresent(
        _ name: [UInt8], in parent: borrowing Descriptor, isDirectory: Bool
    ) throws(FileError) {
        do throws(FileError) {
            if isDirectory { try parent.removeDirectory(name) } else { try parent.remove(name) }
        } catch where error.errno == .noEntry {}
    }
}

extension Descriptor {
    /// Gives the owner of a child directory all permissions. `fchmodat` follows links; the caller has just seen that the
    /// child is a directory, and it lies in a tree that is being removed.
    fileprivate borrowing func openPermission(_ name: [UInt8]) throws(FileError) {
        let result = withName(name) { text in changing("fchmodat") { Int(fchmodat(rawValue, text, 0o700, 0)) } }
        try check(result, "fchmodat", name)
    }
}
