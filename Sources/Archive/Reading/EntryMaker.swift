internal import FileTree
internal import StorageModel

/// Makes entries beneath a root, always by descriptor and never through a link. One per job; used by one thread.
///
/// Merging puts a finished entry under a temporary name and renames it over the old one, so that an interruption leaves
/// the old or the new entry.
final class EntryMaker {
    private let target: ExtractionTarget
    private var directory: (path: EntryPath, handle: SharedDescriptor)?

    private var policy: ExtractionPolicy { target.policy }

    init(_ target: ExtractionTarget) { self.target = target }

    // MARK: Directories

    /// Makes sure that the directory is there, open to its owner; all that its entry says comes last.
    func makeDirectory(_ entry: TarEntry) throws(StorageError) {
        if entry.path.isRoot { return }
        let mode = target.initialMode(entry) | 0o700
        try perform(entry.path) { (parent, name) throws(FileError) in
            do throws(FileError) {
                try target.turn.take { () throws(FileError) in try parent.makeDirectory(name, mode: mode) }
            } catch  where error.errno == .exists {
                if try parent.status(of: name).kind == .directory { return }
                guard policy.merges else { throw error }
                try parent.remove(name)
                try parent.makeDirectory(name, mode: mode)
            }
        }
    }

    /// Sets everything that a directory's entry says. Call when nothing below it changes any more.
    func finishDirectory(_ entry: TarEntry) throws(StorageError) {
        do throws(FileError) {
            let directory = try target.root.descriptor.openDirectory(beneath: entry.path)
            try apply(entry, to: directory)
        } catch {
            throw failure(error, entry.path)
        }
    }

    // MARK: Files

    /// Opens a new file for the entry's data.
    func createFile(_ entry: TarEntry) throws(StorageError) -> NewFile {
        let mode = target.initialMode(entry)
        var created: NewFile?
        try perform(entry.path) { (parent, name) throws(FileError) in
            let temporary = policy.merges ? Self.temporaryName() : nil
            created = try target.turn.take { () throws(FileError) in
                NewFile(try parent.createFile(temporary.map { $0[...] } ?? name, mode: mode), temporaryName: temporary)
            }
        }
        guard let created else { throw StorageError(.system, object: entry.path.description, "no file was made") }
        return created
    }

    /// Sets what the entry says and gives the file its name.
    func finishFile(_ file: NewFile, _ entry: TarEntry) throws(StorageError) {
        do throws(FileError) {
            let descriptor = file.descriptor
            if entry.sparseMap != nil { try descriptor.descriptor.truncate(to: entry.sizeBytes) }
            try apply(entry, to: descriptor.descriptor)
        } catch {
            throw failure(error, entry.path)
        }
        guard let temporary = file.temporaryName else { return }
        try perform(entry.path) { (parent, name) throws(FileError) in
            try Self.replace(parent, temporary, name)
        }
    }

    // MARK: Everything else

    /// Makes a symbolic link, a device or a fifo with all that its entry says.
    func makeSpecial(_ entry: TarEntry) throws(StorageError) {
        if !policy.isPrivileged && (entry.kind == .characterDevice || entry.kind == .blockDevice) {
            target.notices.addSkipped(entry.path, "\(entry.kind.word): only root can make it")
            return
        }
        let (attributes, refused) = policy.admit(entry.extendedAttributes)
        note(refused + entry.unresolvedAttributes, entry.path)
        try perform(entry.path) { (parent, name) throws(FileError) in
            let place = policy.merges ? Self.temporaryName() : Array(name)
            try target.turn.take { () throws(FileError) in
                switch entry.kind {
                case .symbolicLink: try parent.makeSymbolicLink(place, target: entry.linkTarget)
                case .fifo: try parent.makeFifo(place)
                default:
                    try parent.makeDevice(place, kind: entry.kind, major: entry.deviceMajor, minor: entry.deviceMinor)
                }
            }
            try parent.applyMetadata(
                entry.metadata, xattrs: attributes, ownership: policy.isPrivileged, of: place, kind: entry.kind,
                current: try parent.status(of: place)
            ) { attribute, _ in self.note([attribute.name], entry.path) }
            if policy.merges { try Self.replace(parent, place, name) }
        }
    }

    /// Gives a file that was extracted before a further name.
    func makeHardLink(_ entry: TarEntry) throws(StorageError) {
        let linked = EntryPath(trusted: entry.linkTarget)
        try perform(entry.path) { (parent, name) throws(FileError) in
            let linkedParent = try target.root.descriptor.openDirectory(beneath: linked.parent)
            let place = policy.merges ? Self.temporaryName() : Array(name)
            try parent.makeHardLink(place, to: linkedParent, linked.name)
            if policy.merges { try Self.replace(parent, place, name) }
        }
    }

    /// Removes what an earlier entry of the same name left; the later one wins. Directories stay.
    func removeExisting(_ path: EntryPath) throws(StorageError) {
        if policy.merges { return }
        try perform(path) { (parent, name) throws(FileError) in
            do throws(FileError) {
                try parent.remove(name)
            } catch  where error.errno == .noEntry || error.errno == .isDirectory {}
        }
    }

    // MARK: Parts

    /// Not every file system takes every attribute; the rest of the entry must not suffer for it.
    private func apply(_ entry: TarEntry, to descriptor: borrowing Descriptor) throws(FileError) {
        let (attributes, refused) = policy.admit(entry.extendedAttributes)
        note(refused + entry.unresolvedAttributes, entry.path)
        // Asking costs a tenth of setting, and most of it is right from the start.
        try descriptor.applyMetadata(
            entry.metadata, xattrs: attributes, ownership: policy.isPrivileged, current: try descriptor.status()
        ) { attribute, _ in self.note([attribute.name], entry.path) }
    }

    private func note(_ refused: [String], _ path: EntryPath) {
        if refused.isEmpty { return }
        target.notices.addSkipped(path, "attribute \(refused.joined(separator: ", ").printable()) was not set")
    }

    /// Calls `body` with the entry's parent directory and its name; makes missing parents, which the archive did not name.
    private func perform(
        _ path: EntryPath, _ body: (borrowing Descriptor, ArraySlice<UInt8>) throws(FileError) -> Void
    ) throws(StorageError) {
        do throws(FileError) {
            let parent = try parent(of: path)
            try body(parent.descriptor, path.name)
        } catch {
            throw failure(error, path)
        }
    }

    private func parent(of path: EntryPath) throws(FileError) -> SharedDescriptor {
        let parentPath = path.parent
        if let directory, directory.path == parentPath { return directory.handle }
        let handle: SharedDescriptor
        do throws(FileError) {
            handle = SharedDescriptor(try target.root.descriptor.openDirectory(beneath: parentPath))
        } catch  where error.errno == .noEntry {
            let above = try parent(of: parentPath)
            do throws(FileError) {
                try above.descriptor.makeDirectory(parentPath.name, mode: 0o755)
            } catch  where error.errno == .exists {}
            handle = SharedDescriptor(try target.root.descriptor.openDirectory(beneath: parentPath))
        }
        directory = (parentPath, handle)
        return handle
    }

    private static func replace(
        _ parent: borrowing Descriptor, _ temporary: [UInt8], _ name: ArraySlice<UInt8>
    ) throws(FileError) {
        do throws(FileError) {
            try parent.rename(temporary, to: parent, name, mode: .replace)
            // Two names of one file: rename(2) leaves both and says nothing.
            try? parent.remove(temporary)
        } catch {
            try? parent.remove(temporary)  // the failure of the rename is the one to tell
            throw error
        }
    }

    private static func temporaryName() -> [UInt8] {
        Array(".holdfast-\(UInt64.random(in: .min ... .max))".utf8)
    }

    private func failure(_ error: FileError, _ path: EntryPath) -> StorageError {
        let shown = path.description.printable()
        switch error.errno {
        case .tooManyLevels, .crossDevice, .notDirectory:
            return StorageError(
                .damaged, object: shown, "entry '\(shown)' lies behind something that is not a directory",
                errno: error.errno,
                hint: "the archive or the target has a link or a file where a directory must be; nothing was followed")
        case .isDirectory, .exists, .notEmpty:
            return StorageError(
                .conflict, object: shown, "cannot put '\(shown)' where a directory or another entry is",
                errno: error.errno, hint: "move it away, or restore with --replace")
        default: return StorageError(error, doing: "restore '\(shown)'", object: shown)
        }
    }
}

/// A file that is being written.
final class NewFile: Sendable {
    let descriptor: SharedDescriptor
    /// The name it has until it is finished; `nil` if it has its own already.
    let temporaryName: [UInt8]?

    init(_ descriptor: consuming Descriptor, temporaryName: [UInt8]?) {
        self.descriptor = SharedDescriptor(descriptor)
        self.temporaryName = temporaryName
    }
}
