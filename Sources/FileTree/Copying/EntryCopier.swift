internal import StorageModel

/// Copies the entries of one directory after the other; one for each thread.
final class EntryCopier {
    /// On which side a call failed: what cannot be read is skipped, what cannot be written ends the copy.
    enum Failure: Error {
        case reading(FileError)
        case writing(FileError)
    }

    /// A further name of a file, made when all first names are.
    struct FurtherName: Sendable {
        let path: EntryPath
        let identity: FileIdentity
        let directory: SourceDirectory
        let entry: SourceEntry
    }

    /// A directory whose metadata comes last.
    struct MadeDirectory: Sendable {
        let path: EntryPath
        let metadata: EntryMetadata
        let attributes: [ExtendedAttribute]
        /// What was seen of the original.
        let status: FileStatus
    }

    /// A file whose copy is not made yet.
    private struct PendingFile: Sendable {
        let path: EntryPath
        let original: SharedDescriptor
        let status: FileStatus
        let metadata: EntryMetadata
        let attributes: [ExtendedAttribute]
    }

    /// So many files are made in one turn.
    private static let turnEntries = 16

    private let job: CopyJob
    private var pending: [PendingFile] = []
    private var writtenBytes: UInt64 = 0
    /// The directory that was opened last: the next entries are most often in it too.
    private var opened: (source: OpenedSource, target: SharedDescriptor)?
    private(set) var report = TreeCopy.Report()
    private(set) var furtherNames: [FurtherName] = []
    private(set) var directories: [MadeDirectory] = []

    init(_ job: CopyJob) { self.job = job }

    // MARK: Directories

    /// Lists a directory that was made in the target, and notes what it gets last.
    ///
    /// - Parameter status: what was seen of it in its parent; `nil` for the root.
    /// - Returns: the entries; none for one that is not to be entered or cannot be read.
    func enter(_ directory: SourceDirectory, _ status: FileStatus?) throws(StorageError) -> [SourceEntry] {
        var entries: [SourceEntry] = []
        var isNoted = false
        try settle(directory.path) { () throws(Failure) in
            report.entries += 1
            let source = try open(directory).source
            directories.append(
                MadeDirectory(
                    path: directory.path, metadata: job.owners(source.status.metadata),
                    attributes: source.attributes, status: source.status))
            isNoted = true
            guard directory.path.isRoot || isInside(source.status) else { return }
            entries = try reading { () throws(FileError) in try job.source.entries(of: source) }
        }
        if !isNoted, let status {
            directories.append(
                MadeDirectory(
                    path: directory.path, metadata: job.owners(status.metadata), attributes: [], status: status))
        }
        return entries
    }

    /// A bind mount has the device of its source, so the device alone does not tell.
    private func isInside(_ status: FileStatus) -> Bool {
        !job.options.walk.staysOnFileSystem || status.device == job.device && !status.isMountRoot
    }

    /// Sets everything that a directory has. Call when nothing below it changes any more.
    func finish(_ directory: MadeDirectory) throws(StorageError) {
        try settle(directory.path) { () throws(Failure) in
            try writing { () throws(FileError) in
                let target = try job.target.descriptor.openDirectory(beneath: directory.path)
                let current = try target.status()
                try target.applyMetadata(
                    directory.metadata, xattrs: directory.attributes, ownership: job.ownership, current: current,
                    onRefusal: noteRefusals(directory.path))
                note(current, of: directory.status)
            }
        }
    }

    // MARK: Entries

    /// Copies entries of a directory.
    ///
    /// Files are made several in one turn, so that threads do not wait for each other at every file.
    /// - Returns: the subdirectories to go on with.
    func copy(
        _ entries: [SourceEntry], in directory: SourceDirectory
    ) throws(StorageError) -> [(SourceDirectory, FileStatus)] {
        var found: [(SourceDirectory, FileStatus)] = []
        for entry in entries {
            try job.checkpoint.interruption.check()
            if let subdirectory = try copy(entry, in: directory) { found.append(subdirectory) }
            if pending.count == Self.turnEntries { try copyPending(in: directory) }
        }
        try copyPending(in: directory)
        job.checkpoint.progress.advance(entries: UInt64(entries.count), bytes: writtenBytes)
        job.options.writeback?.note(writtenBytes + UInt64(entries.count) * 256)
        writtenBytes = 0
        return found
    }

    /// - Returns: the subdirectory to go on with, if it is one.
    private func copy(
        _ entry: SourceEntry, in directory: SourceDirectory
    ) throws(StorageError) -> (SourceDirectory, FileStatus)? {
        let path = directory.path.appending(entry.name)
        var found: (SourceDirectory, FileStatus)?
        try settle(path) { () throws(Failure) in
            let (source, target) = try open(directory)
            let from = source.parts[entry.part]
            if entry.kindHint == .file && job.options.walk.excluded.isEmpty {
                try prepareFile(entry, path, from: from, directory)
                return
            }
            let status = try reading { () throws(FileError) in try from.descriptor.status(of: entry.name) }
            if job.options.walk.excluded.contains(status.identity) || job.source.isWhiteout(status) { return }
            switch status.kind {
            case .directory:
                try makeDirectory(entry, job.owners(status.metadata), in: target)
                found = (SourceDirectory(path: path, trees: entry.trees), status)
            case .file: try prepareFile(entry, path, from: from, directory)
            case .socket: skip(path, "socket: it belongs to a running process and has no content")
            case .characterDevice where !job.ownership, .blockDevice where !job.ownership:
                skip(path, "\(status.kind.word): only root can make it")
            case _ where isFurtherName(status, path, entry, directory): break
            default:
                try firstName(status) { () throws(Failure) in
                    try copySpecial(entry, path, status, from: from, to: target)
                }
            }
        }
        return found
    }

    /// Copies one entry, which is not a directory, of the root.
    func copyAlone(_ name: [UInt8], kind: EntryKind) throws(StorageError) -> TreeCopy.Report {
        let entry = SourceEntry(name: name, inode: 0, kindHint: kind == .file ? .file : nil, part: 0, trees: [0])
        _ = try copy([entry], in: job.source.root)
        return report
    }

    /// Gives a file that was copied a further name; copies it if it could not be read by its first one.
    func addName(_ name: FurtherName) throws(StorageError) {
        guard let first = job.links.firstName(name.identity) else {
            _ = try copy([name.entry], in: name.directory)
            return
        }
        try settle(name.path) { () throws(Failure) in
            let target = try open(name.directory).target
            try writing { () throws(FileError) in
                let directory = try job.target.descriptor.openDirectory(beneath: first.parent)
                try target.descriptor.makeHardLink(name.entry.name, to: directory, first.name)
            }
            report.entries += 1
        }
    }

    private func makeDirectory(
        _ entry: SourceEntry, _ metadata: EntryMetadata, in target: SharedDescriptor
    ) throws(Failure) {
        let mode = job.freshOwner.initialMode(metadata, hasAttributes: false) | 0o700
        try writing { () throws(FileError) in
            try job.turn.take { () throws(FileError) in
                try target.descriptor.makeDirectory(entry.name, mode: mode)
            }
        }
    }

    private func prepareFile(
        _ entry: SourceEntry, _ path: EntryPath, from: SharedDescriptor, _ directory: SourceDirectory
    ) throws(Failure) {
        let original = try reading { () throws(FileError) in
            SharedDescriptor(try from.descriptor.openFile(entry.name, for: .reading))
        }
        let status = try reading { () throws(FileError) in try original.descriptor.status() }
        guard status.kind == .file else {
            throw .reading(FileError("openat", path: path.description.printable(), errno: .stale))
        }
        if isFurtherName(status, path, entry, directory) { return }
        try firstName(status) { () throws(Failure) in
            let attributes = try reading { () throws(FileError) in try original.descriptor.extendedAttributes() }
            pending.append(
                PendingFile(
                    path: path, original: original, status: status, metadata: job.owners(status.metadata),
                    attributes: attributes.isEmpty ? [] : attributes.filter { job.source.isKept($0.name) }))
        }
    }

    private func copyPending(in directory: SourceDirectory) throws(StorageError) {
        guard let first = pending.first else { return }
        var made: [SharedDescriptor] = []
        try settle(first.path) { () throws(Failure) in
            let target = try open(directory).target
            try writing { () throws(FileError) in
                try job.turn.take { () throws(FileError) in
                    for file in pending {
                        let mode = job.freshOwner.initialMode(file.metadata, hasAttributes: !file.attributes.isEmpty)
                        made.append(SharedDescriptor(try target.descriptor.createFile(file.path.name, mode: mode)))
                    }
                }
            }
        }
        for (file, copy) in zip(pending, made) {
            try settle(file.path) { () throws(Failure) in try fill(copy.descriptor, with: file) }
        }
        pending.removeAll(keepingCapacity: true)
    }

    private func fill(_ copy: borrowing Descriptor, with file: PendingFile) throws(Failure) {
        var sharesBlocks = job.sharesBlocks
        let method: FileCopyMethod
        let current: FileStatus
        do throws(FileError) {
            method = try copy.copyContent(
                of: file.original.descriptor, status: file.status, sharesBlocks: &sharesBlocks,
                requiresSharing: job.options.requiresReflink)
            // Asking costs a tenth of setting, and most of it is right from the start.
            current = try copy.status()
            try copy.applyMetadata(
                file.metadata, xattrs: file.attributes, ownership: job.ownership, current: current,
                onRefusal: noteRefusals(file.path))
        } catch {
            // Half a file is no copy: what cannot be read to its end ends the copy too.
            throw error.operation == "pread" && !job.options.skipsUnreadable ? .reading(error) : .writing(error)
        }
        if !sharesBlocks { job.sharesBlocks = false }
        report.entries += 1
        if method == .reflink {
            report.reflinkedFiles += 1
        } else {
            report.copiedBytes += file.status.sizeBytes
            writtenBytes += file.status.sizeBytes
        }
        if job.source.isImmutable { return }
        let later = try reading { () throws(FileError) in try file.original.descriptor.status() }
        if later.sizeBytes != file.status.sizeBytes || later.modifiedAt != file.status.modifiedAt {
            report.changed.append(EntryNotice(path: file.path, reason: "was written while it was copied"))
        } else if later.changedAt == file.status.changedAt {
            note(current, of: file.status)
        }
    }

    /// Notes what the original of a copy was. It has not changed until the copy had all of it.
    private func note(_ copy: FileStatus, of original: FileStatus) {
        guard job.options.notesOriginals else { return }
        report.originals.append(OriginalEntry(copyInode: copy.inode, original))
    }

    private func copySpecial(
        _ entry: SourceEntry, _ path: EntryPath, _ status: FileStatus, from: SharedDescriptor,
        to target: SharedDescriptor
    ) throws(Failure) {
        var linkTarget: [UInt8] = []
        if status.kind == .symbolicLink {
            linkTarget = try reading { () throws(FileError) in try from.descriptor.readLink(entry.name) }
        }
        let attributes = try reading { () throws(FileError) in
            try from.descriptor.extendedAttributes(of: entry.name).filter { job.source.isKept($0.name) }
        }
        try writing { () throws(FileError) in
            try job.turn.take { () throws(FileError) in
                switch status.kind {
                case .symbolicLink: try target.descriptor.makeSymbolicLink(entry.name, target: linkTarget)
                case .fifo: try target.descriptor.makeFifo(entry.name)
                default:
                    try target.descriptor.makeDevice(
                        entry.name, kind: status.kind, major: status.deviceMajor, minor: status.deviceMinor)
                }
            }
            let current = try target.descriptor.status(of: entry.name)
            try target.descriptor.applyMetadata(
                job.owners(status.metadata), xattrs: attributes, ownership: job.ownership, of: entry.name,
                kind: status.kind, current: current, onRefusal: noteRefusals(path))
            note(current, of: status)
        }
        report.entries += 1
    }

    // MARK: Names

    private func isFurtherName(
        _ status: FileStatus, _ path: EntryPath, _ entry: SourceEntry, _ directory: SourceDirectory
    ) -> Bool {
        guard status.linkCount > 1, !job.links.claim(status.identity, path) else { return false }
        furtherNames.append(
            FurtherName(path: path, identity: status.identity, directory: directory, entry: entry))
        return true
    }

    /// The further names of a file that could not be read are no links.
    private func firstName(_ status: FileStatus, _ body: () throws(Failure) -> Void) throws(Failure) {
        do throws(Failure) {
            try body()
        } catch {
            if status.linkCount > 1 { job.links.giveUp(status.identity) }
            throw error
        }
    }

    // MARK: Places

    private func open(_ directory: SourceDirectory) throws(Failure) -> (source: OpenedSource, target: SharedDescriptor)
    {
        if let opened, opened.source.path == directory.path { return opened }
        opened = nil
        let source = try reading { () throws(FileError) in try job.source.open(directory) }
        let target = try writing { () throws(FileError) in
            SharedDescriptor(try job.target.descriptor.openDirectory(beneath: directory.path))
        }
        opened = (source, target)
        return (source, target)
    }

    // MARK: Failures

    private func settle(_ path: EntryPath, _ body: () throws(Failure) -> Void) throws(StorageError) {
        do throws(Failure) {
            try body()
        } catch {
            let shown = path.description.printable()
            switch error {
            case .reading(let cause) where !job.options.skipsUnreadable:
                throw StorageError(
                    .damaged, object: shown, "'\(shown)' cannot be read: \(cause.errno)", errno: cause.errno,
                    causes: [cause.call])
            case .reading(let cause):
                if cause.errno != .noEntry || path.isRoot { skip(path, "cannot be read: \(cause.errno)") }
            case .writing(let cause): throw StorageError(cause, doing: "copy '\(shown)'", object: shown)
            }
        }
    }

    private func reading<Result: ~Copyable>(_ body: () throws(FileError) -> Result) throws(Failure) -> Result {
        do throws(FileError) { return try body() } catch { throw .reading(error) }
    }

    private func writing<Result: ~Copyable>(_ body: () throws(FileError) -> Result) throws(Failure) -> Result {
        do throws(FileError) { return try body() } catch { throw .writing(error) }
    }

    private func noteRefusals(_ path: EntryPath) -> (ExtendedAttribute, FileError) -> Void {
        { attribute, error in
            self.skip(path, "attribute \(attribute.name.printable()) was not kept: \(error.errno)")
        }
    }

    private func skip(_ path: EntryPath, _ reason: String) {
        report.skipped.append(EntryNotice(path: path, reason: reason))
    }
}

extension CopyJob {
    /// What the copy of an entry has.
    func owners(_ metadata: EntryMetadata) -> EntryMetadata { options.owners(metadata) }
}
