internal import Archive
package import FileTree
package import StorageModel

/// Restores an archive into a directory of the host.
///
/// Into a new or an empty directory, and with `--replace`, the tree is built beside the target and takes its place in one
/// step: a crash leaves the old state and a directory `.holdfast-….restore`, which the next restore beside it removes.
package struct DirectoryRestore {
    /// For messages.
    private let shown: String
    private let place: Place
    private let request: RestoreRequest
    private let checkpoint: Checkpoint
    /// Asked when the new content is ready, just before it takes the place of the old.
    private let permission: () throws(StorageError) -> Void

    private enum Place {
        case path(String)
        case entry([UInt8], of: SharedDescriptor)
    }

    /// Restores into the directory at `path`.
    package init(_ path: String, _ request: RestoreRequest, checkpoint: Checkpoint) {
        shown = path
        place = .path(path)
        self.request = request
        self.checkpoint = checkpoint
        permission = {}
    }

    /// Restores into the directory `name` of a directory that is open; what is built meanwhile lies beside it.
    ///
    /// - Parameters:
    ///   - shown: how the target is called.
    ///   - permission: throws if the target may not be exchanged after all.
    package init(
        _ name: [UInt8], of parent: SharedDescriptor, shown: String, _ request: RestoreRequest, checkpoint: Checkpoint,
        permission: @escaping () throws(StorageError) -> Void
    ) {
        self.shown = shown
        place = .entry(name, of: parent)
        self.request = request
        self.checkpoint = checkpoint
        self.permission = permission
    }

    package func run(_ archive: OpenedArchive) throws(StorageError) -> RestoreReport {
        let clock = ContinuousClock()
        let start = clock.now
        let extraction = Extraction(archive, request, checkpoint: checkpoint)
        let result: Result<Extraction.Outcome, StorageError>
        do throws(FileError) {
            result = try put(extraction)
        } catch {
            throw StorageError(error, doing: "restore into '\(shown.printable())'", object: shown)
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

    private func put(_ extraction: Extraction) throws(FileError) -> Result<Extraction.Outcome, StorageError> {
        switch place {
        case .entry(let name, let parent): return try put(extraction, name, in: parent.descriptor)
        case .path(let path):
            let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
            let (parentPath, name) = HostPath.split(trimmed)
            if name.isEmpty || name == "." || name == ".." {
                return .failure(StorageError(.invalidInput, object: path, "'\(path.printable())' cannot be a target"))
            }
            if request.mode != .merge { try HostPath.makeDirectories(parentPath) }
            let parent = try Descriptor.openDirectory(atHostPath: parentPath)
            return try put(extraction, Array(name.utf8), in: parent)
        }
    }

    private func put(
        _ extraction: Extraction, _ nameBytes: [UInt8], in parent: borrowing Descriptor
    ) throws(FileError) -> Result<Extraction.Outcome, StorageError> {
        let state = try state(of: nameBytes, in: parent)
        switch (request.mode, state) {
        case (.intoEmpty, .occupied):
            return .failure(
                StorageError(
                    .conflict, object: shown, "'\(shown.printable())' is not empty",
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
                throw FileError(operation: "openat", path: shown, errno: .notDirectory)
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
        guard state == .empty else { throw FileError(operation: "renameat2", path: shown, errno: .busy) }
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
        do throws(StorageError) {
            try checkpoint.interruption.check()
            try permission()
        } catch {
            return .failure(error)
        }
        try Publication.publish(
            SiblingStaging.content, from: staging.directory, to: parent, as: name,
            mode: state == .missing ? .noReplace : .exchange, isDurable: request.isDurable)
        return result
    }
}
