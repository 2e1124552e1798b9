internal import StorageModel

/// The state of one copy of a tree.
final class TreeCopier {
    /// On which side a call failed: what cannot be read is skipped, what cannot be written ends the copy.
    private enum Failure: Error {
        case reading(FileError)
        case writing(FileError)
    }

    private let source: Descriptor
    private let target: Descriptor
    private let ownership: Bool
    private let owners: OwnerTranslation
    private var sharesBlocks = true
    private var firstNames: [FileIdentity: EntryPath] = [:]
    private var directories: [WalkedEntry] = []
    /// The directories of the entry before, most often those of the next.
    private var parents: (path: EntryPath, source: SharedDescriptor, target: SharedDescriptor)?
    private(set) var report = TreeCopy.Report()

    init(
        _ source: consuming Descriptor, _ target: consuming Descriptor, ownership: Bool,
        owners: OwnerTranslation = .same
    ) {
        self.source = source
        self.target = target
        self.ownership = ownership
        self.owners = owners
    }

    /// Copies an entry whose directory was copied before; a directory without its metadata.
    func copy(_ entry: WalkedEntry) throws(StorageError) {
        if entry.status.kind == .socket {
            skip(entry.path, "socket: it belongs to a running process and has no content")
            return
        }
        try settle(entry.path) { () throws(Failure) in
            try place(entry)
            report.entries += 1
        }
    }

    /// Directories get their metadata last, children first: making an entry changes the times of its directory, and a
    /// directory may forbid its owner to write.
    func finishDirectories() throws(StorageError) {
        parents = nil
        for entry in directories.reversed() {
            try settle(entry.path) { () throws(Failure) in
                let attributes = try reading { () throws(FileError) in
                    try source.openDirectory(beneath: entry.path).extendedAttributes()
                }
                try writing { () throws(FileError) in
                    try target.openDirectory(beneath: entry.path).applyMetadata(
                        owners(entry.status.metadata), xattrs: attributes, ownership: ownership,
                        onRefusal: noteRefusals(entry.path))
                }
            }
        }
    }

    // MARK: Entries

    private func place(_ entry: WalkedEntry) throws(Failure) {
        if entry.path.isRoot {
            directories.append(entry)
            return
        }
        let (from, to) = try openParents(entry.path.parent)
        let name = entry.path.name
        switch entry.status.kind {
        case .directory:
            try writing { () throws(FileError) in try to.descriptor.makeDirectory(name, mode: 0o700) }
            directories.append(entry)
        case _ where entry.status.linkCount > 1:
            if let first = firstNames[entry.status.identity] {
                try writing { () throws(FileError) in
                    let directory = try target.openDirectory(beneath: first.parent)
                    try to.descriptor.makeHardLink(name, to: directory, first.name)
                }
                return
            }
            try copyContent(entry, from: from, to: to)
            // Only now: the further names of a file that could not be read are no links.
            firstNames[entry.status.identity] = entry.path
        default: try copyContent(entry, from: from, to: to)
        }
    }

    private func copyContent(
        _ entry: WalkedEntry, from: SharedDescriptor, to: SharedDescriptor
    ) throws(Failure) {
        if entry.status.kind == .file {
            try copyFile(entry, from: from, to: to)
        } else {
            try copySpecial(entry, from: from, to: to)
        }
    }

    private func copyFile(_ entry: WalkedEntry, from: SharedDescriptor, to: SharedDescriptor) throws(Failure) {
        let name = entry.path.name
        let original = try reading { () throws(FileError) in try from.descriptor.openFile(name, for: .reading) }
        let status = try reading { () throws(FileError) in try original.status() }
        guard status.kind == .file else {
            throw .reading(FileError("openat", path: entry.path.description.printable(), errno: .stale))
        }
        let attributes = try reading { () throws(FileError) in try original.extendedAttributes() }
        try writing { () throws(FileError) in
            let copy = try to.descriptor.createFile(name)
            let method = try copy.copyContent(of: original, status: status, sharesBlocks: &sharesBlocks)
            if method == .reflink { report.reflinkedFiles += 1 } else { report.copiedBytes += status.sizeBytes }
            try copy.applyMetadata(
                owners(status.metadata), xattrs: attributes, ownership: ownership, onRefusal: noteRefusals(entry.path))
        }
        let later = try reading { () throws(FileError) in try original.status() }
        if later.sizeBytes != status.sizeBytes || later.modifiedAt != status.modifiedAt {
            report.changed.append(EntryNotice(path: entry.path, reason: "was written while it was copied"))
        }
    }

    private func copySpecial(_ entry: WalkedEntry, from: SharedDescriptor, to: SharedDescriptor) throws(Failure) {
        let (status, name) = (entry.status, entry.path.name)
        var linkTarget: [UInt8] = []
        if status.kind == .symbolicLink {
            linkTarget = try reading { () throws(FileError) in try from.descriptor.readLink(name) }
        }
        let attributes = try reading { () throws(FileError) in try from.descriptor.extendedAttributes(of: name) }
        try writing { () throws(FileError) in
            switch status.kind {
            case .symbolicLink: try to.descriptor.makeSymbolicLink(name, target: linkTarget)
            case .fifo: try to.descriptor.makeFifo(name)
            default:
                try to.descriptor.makeDevice(
                    name, kind: status.kind, major: status.deviceMajor, minor: status.deviceMinor)
            }
            try to.descriptor.applyMetadata(
                owners(status.metadata), xattrs: attributes, ownership: ownership, of: name, kind: status.kind,
                onRefusal: noteRefusals(entry.path))
        }
    }

    private func openParents(_ path: EntryPath) throws(Failure) -> (SharedDescriptor, SharedDescriptor) {
        if let parents, parents.path == path { return (parents.source, parents.target) }
        let from = try reading { () throws(FileError) in
            SharedDescriptor(try source.openDirectory(beneath: path))
        }
        let to = try writing { () throws(FileError) in SharedDescriptor(try target.openDirectory(beneath: path)) }
        parents = (path, from, to)
        return (from, to)
    }

    // MARK: Failures

    private func settle(_ path: EntryPath, _ body: () throws(Failure) -> Void) throws(StorageError) {
        do throws(Failure) {
            try body()
        } catch {
            switch error {
            case .reading(let cause):
                if cause.errno != .noEntry { skip(path, "cannot be read: \(cause.errno)") }
            case .writing(let cause):
                let shown = path.description.printable()
                throw StorageError(cause, doing: "copy '\(shown)'", object: shown)
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
