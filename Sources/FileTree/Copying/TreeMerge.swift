package import StorageModel

/// Moves a finished tree into a directory that has entries already: directories of the same name become one, everything
/// else replaces what has its name, each in a single step (`renameat2(2)`). Links are moved and replaced, never followed.
package enum TreeMerge {
    /// Two entries of one name of which one is a directory and the other is not.
    package struct Conflict: Sendable {
        package let path: EntryPath
        /// What is there already.
        package let existing: EntryKind
    }

    /// Looks for what ``move(contentOf:into:ownership:checkpoint:)`` would refuse, so that nothing is moved by halves.
    package static func firstConflict(
        moving staged: borrowing Descriptor, into target: borrowing Descriptor
    ) throws(FileError) -> Conflict? {
        var pending = [EntryPath.root]
        while let path = pending.popLast() {
            let from = try staged.openDirectory(beneath: path)
            let to = try target.openDirectory(beneath: path)
            for entry in try from.entries() {
                guard let existing = try kind(of: entry.name, in: to) else { continue }
                let isDirectory = try kind(of: entry.name, in: from) == .directory
                if isDirectory != (existing == .directory) {
                    return Conflict(path: path.appending(entry.name), existing: existing)
                }
                if isDirectory { pending.append(path.appending(entry.name)) }
            }
        }
        return nil
    }

    /// Moves everything in `staged` to `target`. Directories that are there already get the owner, mode, attributes and time
    /// of the moved ones; `target` itself keeps its own.
    ///
    /// What lies on another file system than `staged`, because something is mounted in `target`, is copied there first.
    /// - Parameter ownership: whether owners can be set.
    /// - Throws: the first failure; what was moved until then stays moved.
    package static func move(
        contentOf staged: borrowing Descriptor, into target: borrowing Descriptor, ownership: Bool,
        checkpoint: Checkpoint
    ) throws(StorageError) {
        var pending = [EntryPath.root]
        var merged: [EntryPath] = []
        while let path = pending.popLast() {
            try checkpoint.interruption.check()
            pending += try moveDirectory(path, staged, target, ownership, checkpoint)
            if !path.isRoot { merged.append(path) }
        }
        for path in merged.reversed() {
            do throws(FileError) {
                let from = try staged.openDirectory(beneath: path)
                try target.openDirectory(beneath: path).applyMetadata(
                    try from.status().metadata, xattrs: try from.extendedAttributes(), ownership: ownership)
            } catch {
                throw failure(error, path)
            }
        }
    }

    /// - Returns: the directories that both have, and whose entries are still to be moved.
    private static func moveDirectory(
        _ path: EntryPath, _ staged: borrowing Descriptor, _ target: borrowing Descriptor, _ ownership: Bool,
        _ checkpoint: Checkpoint
    ) throws(StorageError) -> [EntryPath] {
        var shared: [EntryPath] = []
        var foreign: [[UInt8]] = []
        let (from, to) = try place(path) { () throws(FileError) in
            (
                SharedDescriptor(try staged.openDirectory(beneath: path)),
                SharedDescriptor(try target.openDirectory(beneath: path))
            )
        }
        try place(path) { () throws(FileError) in
            for entry in try from.descriptor.entries() {
                let existing = try kind(of: entry.name, in: to.descriptor)
                if existing == .directory, try kind(of: entry.name, in: from.descriptor) == .directory {
                    shared.append(path.appending(entry.name))
                    continue
                }
                do throws(FileError) {
                    try from.descriptor.rename(
                        entry.name, to: to.descriptor, entry.name, mode: existing == nil ? .noReplace : .replace)
                } catch  where error.errno == .crossDevice {
                    foreign.append(entry.name)
                }
            }
        }
        for name in foreign {
            try copyAcross(name, from.descriptor, to.descriptor, ownership, checkpoint, path.appending(name))
        }
        return shared
    }

    /// Copies an entry to another file system, under a hidden name first.
    private static func copyAcross(
        _ name: [UInt8], _ from: borrowing Descriptor, _ to: borrowing Descriptor, _ ownership: Bool,
        _ checkpoint: Checkpoint, _ path: EntryPath
    ) throws(StorageError) {
        let area: HiddenArea
        do throws(FileError) { area = try HiddenArea(in: to) } catch { throw failure(error, path) }
        defer { area.discard() }
        if try place(path, { () throws(FileError) in try from.status(of: name).kind }) == .directory {
            let (source, copy) = try place(path) { () throws(FileError) in
                try area.content.makeDirectory(name)
                return (
                    SharedDescriptor(try from.openDirectory(name)),
                    SharedDescriptor(try area.content.openDirectory(name))
                )
            }
            _ = try TreeCopy.copy(
                source.descriptor, to: copy.descriptor, ownership: ownership, checkpoint: checkpoint)
        } else {
            _ = try TreeCopy.copyEntry(
                name, of: from, to: area.content, ownership: ownership, checkpoint: checkpoint)
        }
        try place(path) { () throws(FileError) in
            try area.content.rename(name, to: to, name, mode: .replace)
        }
    }

    private static func place<Result>(
        _ path: EntryPath, _ body: () throws(FileError) -> Result
    ) throws(StorageError) -> Result {
        do throws(FileError) { return try body() } catch { throw failure(error, path) }
    }

    private static func kind(
        of name: [UInt8], in directory: borrowing Descriptor
    ) throws(FileError) -> EntryKind? {
        do throws(FileError) {
            return try directory.status(of: name).kind
        } catch  where error.errno == .noEntry {
            return nil
        }
    }

    private static func failure(_ error: FileError, _ path: EntryPath) -> StorageError {
        let shown = path.description.printable()
        return StorageError(error, doing: "put the copy in place at '\(shown)'", object: shown)
    }
}
