package import StorageModel

/// Copies trees with everything they have: content (shared where the file system can), holes, hard links, owners,
/// attributes with ACLs and capabilities, modes with set-id bits, devices, fifos, and times to the nanosecond.
package enum TreeCopy {
    package struct Report: Sendable {
        package var entries: UInt64 = 0
        package var copiedBytes: UInt64 = 0
        package var reflinkedFiles: UInt64 = 0
        /// Sockets, and entries that could not be read.
        package var skipped: [EntryNotice] = []
    }

    /// Copies the content of `source`, and the metadata of `source` itself, to the empty directory `target`.
    ///
    /// - Parameter ownership: whether owners are kept; only root can.
    /// - Throws: the first failure to write. What was copied until then stays; the caller owns the target.
    package static func copy(
        _ source: borrowing Descriptor, to target: borrowing Descriptor, ownership: Bool, checkpoint: Checkpoint
    ) throws(StorageError) -> Report {
        let copier: TreeCopier
        let walk: OrderedWalk
        do throws(FileError) {
            copier = TreeCopier(try source.duplicate(), try target.duplicate(), ownership)
            walk = try OrderedWalk(root: source, options: OrderedWalk.Options())
        } catch {
            throw StorageError(error, doing: "copy a tree", object: error.path)
        }
        var unreadable: [EntryNotice] = []
        try walk.forEach { (entry) throws(StorageError) in
            try checkpoint.interruption.check()
            do throws(FileError) {
                try copier.copy(entry)
            } catch {
                let shown = entry.path.description.printable()
                throw StorageError(error, doing: "copy '\(shown)'", object: shown)
            }
            checkpoint.progress.advance(entries: 1, bytes: entry.status.kind == .file ? entry.status.sizeBytes : 0)
        } onError: { path, error in
            unreadable.append(EntryNotice(path: path, reason: "cannot be read: \(error.errno)"))
        }
        do throws(FileError) {
            try copier.finishDirectories()
        } catch {
            throw StorageError(error, doing: "finish the copied directories", object: error.path)
        }
        copier.report.skipped += unreadable
        return copier.report
    }
}

/// The state of one copy.
private final class TreeCopier {
    private let source: Descriptor
    private let target: Descriptor
    private let ownership: Bool
    private var sharesBlocks = true
    private var firstNames: [FileIdentity: EntryPath] = [:]
    private var directories: [WalkedEntry] = []
    var report = TreeCopy.Report()

    init(_ source: consuming Descriptor, _ target: consuming Descriptor, _ ownership: Bool) {
        self.source = source
        self.target = target
        self.ownership = ownership
    }

    func copy(_ entry: WalkedEntry) throws(FileError) {
        let status = entry.status
        if status.kind == .socket {
            report.skipped.append(EntryNotice(path: entry.path, reason: "socket: it belongs to a running process"))
            return
        }
        report.entries += 1
        if entry.path.isRoot {
            directories.append(entry)
            return
        }
        let parent = try target.openDirectory(beneath: entry.path.parent)
        let name = entry.path.name
        if status.kind == .directory {
            try parent.makeDirectory(name, mode: 0o700)
            directories.append(entry)
            return
        }
        if status.linkCount > 1 {
            if let first = firstNames[status.identity] {
                try parent.makeHardLink(name, to: try target.openDirectory(beneath: first.parent), first.name)
                return
            }
            firstNames[status.identity] = entry.path
        }
        let sourceParent = try source.openDirectory(beneath: entry.path.parent)
        if status.kind == .file {
            try copyFile(name, from: sourceParent, to: parent)
        } else {
            try copySpecial(name, status, from: sourceParent, to: parent)
        }
    }

    private func copyFile(
        _ name: ArraySlice<UInt8>, from source: borrowing Descriptor, to parent: borrowing Descriptor
    ) throws(FileError) {
        let original = try source.openFile(name, for: .reading)
        let status = try original.status()
        let copy = try parent.createFile(name)
        let method = try copy.copyContent(of: original, status: status, sharesBlocks: &sharesBlocks)
        if method == .reflink { report.reflinkedFiles += 1 } else { report.copiedBytes += status.sizeBytes }
        try copy.applyMetadata(
            status.metadata, xattrs: try original.extendedAttributes(), ownership: ownership)
    }

    private func copySpecial(
        _ name: ArraySlice<UInt8>, _ status: FileStatus, from source: borrowing Descriptor,
        to parent: borrowing Descriptor
    ) throws(FileError) {
        switch status.kind {
        case .symbolicLink: try parent.makeSymbolicLink(name, target: try source.readLink(name))
        case .fifo: try parent.makeFifo(name)
        default:
            try parent.makeDevice(name, kind: status.kind, major: status.deviceMajor, minor: status.deviceMinor)
        }
        try parent.applyMetadata(
            status.metadata, xattrs: try source.extendedAttributes(of: name), ownership: ownership, of: name,
            kind: status.kind)
    }

    /// Directories get their metadata last, children first: making an entry changes the times of its directory.
    func finishDirectories() throws(FileError) {
        for entry in directories.reversed() {
            let original = try source.openDirectory(beneath: entry.path)
            let copy = try target.openDirectory(beneath: entry.path)
            try copy.applyMetadata(
                entry.status.metadata, xattrs: try original.extendedAttributes(), ownership: ownership)
        }
    }
}
