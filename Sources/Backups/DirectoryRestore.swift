internal import Archive
internal import FileTree
package import StorageModel

/// Restores an archive into a directory of the host.
///
/// Into a new or an empty directory, and with `--replace`, the tree is built beside the target and takes its place in one
/// step: a crash leaves the old state and a directory `.holdfast-….restore`, which the next restore beside it removes.
package struct DirectoryRestore {
    private let path: String
    private let request: RestoreRequest
    private let checkpoint: Checkpoint

    package init(_ path: String, _ request: RestoreRequest, checkpoint: Checkpoint) {
        self.path = path
        self.request = request
        self.checkpoint = checkpoint
    }

    package func run(_ archive: OpenedArchive) throws(StorageError) -> RestoreReport {
        let clock = ContinuousClock()
        let start = clock.now
        let extraction = Extraction(archive, request, checkpoint: checkpoint)
        let result: Result<Extraction.Outcome, StorageError>
        do throws(FileError) {
            result = try place(extraction)
        } catch {
            throw StorageError(error, doing: "restore into '\(path.printable())'", object: path)
        }
        let outcome = try result.get()
        return RestoreReport(
            archive: archive.reportedName, target: request.target, entries: outcome.entries,
            restoredBytes: outcome.bytes,
            createdVolume: false, skipped: outcome.skipped, seconds: start.duration(to: clock.now).seconds)
    }

    private enum Target {
        case missing
        case empty
        case occupied
    }

    private func place(_ extraction: Extraction) throws(FileError) -> Result<Extraction.Outcome, StorageError> {
        let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        let (parentPath, name) = HostPath.split(trimmed)
        if name.isEmpty || name == "." || name == ".." {
            return .failure(StorageError(.invalidInput, object: path, "'\(path.printable())' cannot be a target"))
        }
        if request.mode != .merge { try HostPath.makeDirectories(parentPath) }
        let parent = try Descriptor.openDirectory(atHostPath: parentPath)
        let nameBytes = Array(name.utf8)
        let state = try state(of: nameBytes, in: parent)
        switch (request.mode, state) {
        case (.intoEmpty, .occupied):
            return .failure(
                StorageError(
                    .conflict, object: path, "'\(path.printable())' is not empty",
                    hint: "restore with --replace to exchange its content, or with --merge to add to it"))
        case (.merge, .missing): try parent.makeDirectory(nameBytes, mode: 0o700)
        default: break
        }
        let staysInPlace = try mustStayInPlace(nameBytes, state, in: parent)
        if request.mode == .merge || staysInPlace {
            return try extractInPlace(extraction, nameBytes, in: parent)
        }
        return try exchange(extraction, nameBytes, state, in: parent)
    }

    private func state(of name: [UInt8], in parent: borrowing Descriptor) throws(FileError) -> Target {
        do throws(FileError) {
            let status = try parent.status(of: name)
            guard status.kind == .directory else {
                throw FileError(operation: "openat", path: path, errno: .notDirectory)
            }
            return try parent.openDirectory(name).isEmptyDirectory() ? .empty : .occupied
        } catch  where error.errno == .noEntry {
            return .missing
        }
    }

    /// A mount point cannot be exchanged. Empty, it is filled in place.
    private func mustStayInPlace(
        _ name: [UInt8], _ state: Target, in parent: borrowing Descriptor
    ) throws(FileError) -> Bool {
        guard state != .missing, try parent.status(of: name).isMountRoot else { return false }
        guard state == .empty else { throw FileError(operation: "renameat2", path: path, errno: .busy) }
        return true
    }

    private func extractInPlace(
        _ extraction: Extraction, _ name: [UInt8], in parent: borrowing Descriptor
    ) throws(FileError) -> Result<Extraction.Outcome, StorageError> {
        let target = SharedDescriptor(try parent.openDirectory(name))
        let result = Result { () throws(StorageError) in
            try extraction.run(into: target, merges: request.mode == .merge)
        }
        switch result {
        case .success: if request.isDurable { try target.descriptor.syncFileSystem() }
        case .failure where request.mode != .merge: try TreeRemoval.removeContent(of: target.descriptor)
        case .failure: break
        }
        return result
    }

    private func exchange(
        _ extraction: Extraction, _ name: [UInt8], _ state: Target, in parent: borrowing Descriptor
    ) throws(FileError) -> Result<Extraction.Outcome, StorageError> {
        let staging = try SiblingStaging(in: parent)
        defer { staging.discard() }
        let target = SharedDescriptor(try staging.directory.openDirectory(SiblingStaging.content))
        let result = Result { () throws(StorageError) in try extraction.run(into: target, merges: false) }
        guard case .success(let outcome) = result else { return result }
        if !outcome.hasRoot, state != .missing {
            // The archive says nothing of its root: what the target's owner and mode were, they stay.
            let current = try parent.openDirectory(name)
            try target.descriptor.applyMetadata(
                try current.status().metadata, xattrs: try current.extendedAttributes(), ownership: Host.isPrivileged)
        } else if !outcome.hasRoot {
            try target.descriptor.setMode(0o755)
        }
        do throws(StorageError) { try checkpoint.interruption.check() } catch { return .failure(error) }
        try Publication.publish(
            SiblingStaging.content, from: staging.directory, to: parent, as: name,
            mode: state == .missing ? .noReplace : .exchange, isDurable: request.isDurable)
        return result
    }
}

/// A hidden directory beside a target, on the same file system, in which its new content is built.
private final class SiblingStaging {
    static let content = Array("content".utf8)
    private static let prefix = Array(".holdfast-".utf8)
    private static let suffix = Array(".restore".utf8)
    private static let leaseName = Array("lease".utf8)

    let directory: Descriptor
    private let parent: Descriptor
    private let name: [UInt8]
    private let lease: Lease

    init(in parent: borrowing Descriptor) throws(FileError) {
        self.parent = try parent.duplicate()
        try Self.sweep(parent)
        name = Self.prefix + RandomName.make() + Self.suffix
        try parent.makeDirectory(name, mode: 0o700)
        directory = try parent.openDirectory(name)
        guard let lease = try Lease.take(try directory.createFile(Self.leaseName), .exclusive) else {
            throw FileError(operation: "flock", path: "", errno: .busy)
        }
        self.lease = lease
        try directory.makeDirectory(Self.content, mode: 0o700)
    }

    /// Removes everything that was not published, the old content after an exchange included.
    func discard() {
        try? TreeRemoval.remove(name, in: parent)  // a failure leaves it to the sweep of the next restore
    }

    private static func sweep(_ parent: borrowing Descriptor) throws(FileError) {
        for entry in try parent.entries() {
            guard entry.name.starts(with: prefix), entry.name.reversed().starts(with: suffix.reversed()) else {
                continue
            }
            do throws(FileError) {
                let directory = try parent.openDirectory(entry.name)
                let file = try directory.openFile(leaseName, for: .readingAndWriting)
                guard let lease = try Lease.take(file, .exclusive) else { continue }
                try TreeRemoval.remove(entry.name, in: parent)
                _ = consume lease
            } catch {
                // Just being made, just being removed, or another user's: the next restore looks again.
                guard error.errno == .noEntry || error.errno == .accessDenied || error.errno == .notPermitted else {
                    throw error
                }
            }
        }
    }
}
