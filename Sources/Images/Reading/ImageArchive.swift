package import Archive
package import FileTree
package import StorageModel

/// An archive of images in any of the forms in which images travel: what `docker save`, `podman save`, skopeo, containerd
/// and umoci write, as a tar, compressed or not, or as a directory.
///
/// Opening reads the headers of the tar, ``images(for:)`` the small JSON documents. The layers of a plain tar or of a
/// directory are used where they lie; a pipe or a compressed tar is first written, uncompressed, to one file.
///
/// Trusts nothing: digests are parsed before they become a path, documents are checked against theirs, links are followed
/// inside of the archive only, URLs in it are never looked at. The content of layers is checked by who unpacks them.
package final class ImageArchive: Sendable {
    private let entries: any ImageEntries

    /// What an image archive may ask for: it has a few entries for each layer, and layers in it may be of any size.
    package static var limits: ArchiveLimits {
        var limits = ArchiveLimits()
        limits.entries = 250_000
        return limits
    }

    private init(_ entries: any ImageEntries) { self.entries = entries }

    // MARK: Opening

    /// Opens a file, a directory, or standard input.
    ///
    /// - Parameter spool: a directory for the one file that a pipe or a compressed archive becomes; it stays in use as
    ///   long as the archive, and is the caller's to remove.
    /// - Throws: ``StorageError/Code/notFound``; ``StorageError/Code/damaged`` for what is no archive;
    ///   ``StorageError/Code/truncated``, ``StorageError/Code/limitExceeded``.
    package static func open(
        _ input: ImageInput, spool: borrowing Descriptor, limits: ArchiveLimits = limits, checkpoint: Checkpoint
    ) throws(StorageError) -> ImageArchive {
        let name = input == .standardInput ? "standard input" : "'\(input)'"
        do throws(StorageError) {
            return ImageArchive(try entries(input, name, spool, limits, checkpoint))
        } catch {
            // What reads tar streams does not know which one it is.
            guard error.object.isEmpty, error.code != .interrupted else { throw error }
            let hint =
                switch error.code {
                case .truncated: "it was cut off; copy or save it again"
                case .limitExceeded: "if it is a root file system: holdfast image import makes an image of that"
                default: ImageBlobs.saveAgain
                }
            throw StorageError(
                error.code, object: input.description, "image archive \(name) cannot be read", hint: hint,
                causes: [error.message] + error.causes)
        }
    }

    private static func entries(
        _ input: ImageInput, _ name: String, _ spool: borrowing Descriptor, _ limits: ArchiveLimits,
        _ checkpoint: Checkpoint
    ) throws(StorageError) -> any ImageEntries {
        let feed: TarFeed
        var tar: StoredBlob?
        switch try source(input, name: name) {
        case .directory(let entries): return entries
        case .file(let blob):
            feed = try TarFeed(
                blob, threads: WorkerPool.defaultThreads, limits: try limits.bounded(by: spool),
                interruption: checkpoint.interruption)
            if feed.form == .plainTar { tar = blob }
        case .stream(let stream):
            feed = try TarFeed(
                stream, name: input.description, threads: WorkerPool.defaultThreads,
                limits: try limits.bounded(by: spool), interruption: checkpoint.interruption)
        }
        defer { feed.finish() }
        let found = if let tar { tar } else { try SpoolFile.write(feed, of: name, in: spool, checkpoint) }
        return try TarEntries(found, name: name, limits: limits, checkpoint: checkpoint)
    }

    private enum Source {
        case directory(DirectoryEntries)
        /// Can be read at any place.
        case file(StoredBlob)
        case stream(SharedDescriptor)
    }

    private static func source(_ input: ImageInput, name: String) throws(StorageError) -> Source {
        do throws(FileError) {
            let file =
                switch input {
                case .standardInput: SharedDescriptor(try Descriptor.standardInput())
                case .path(let path): SharedDescriptor(try Descriptor.openFile(atHostPath: path))
                }
            let status = try file.descriptor.status()
            switch status.kind {
            case .directory: return .directory(DirectoryEntries(try file.descriptor.reopenDirectory(), name: name))
            case .file:
                // Standard input may be a file that was read in part.
                let start = min(try file.descriptor.position(), status.sizeBytes)
                return .file(StoredBlob(file: file, range: start..<status.sizeBytes, name: input.description))
            default: return .stream(file)
            }
        } catch {
            throw StorageError(
                error, doing: "read image archive \(name)", object: input.description,
                hint: error.errno == .noEntry ? "check the path, or write - for standard input" : nil)
        }
    }

    // MARK: Images

    /// The images in the archive, in its order, each once with all its names.
    ///
    /// - Parameter platform: which of the images for several platforms is meant; `nil` for this machine's where there is a
    ///   choice, else whatever is there.
    /// - Throws: ``StorageError/Code/damaged`` for what is no image archive, or one in which something is missing;
    ///   ``StorageError/Code/notFound`` if nothing in it is for the platform.
    package func images(for platform: Platform?) throws(StorageError) -> [LoadableImage] {
        let blobs = ImageBlobs(entries: entries)
        let docker = try DockerLayout(blobs)
        let layout = try LayoutIndex(blobs)
        let registry = try docker == nil && layout == nil ? RegistryLayout(entries) : nil
        guard docker != nil || layout != nil || registry != nil else { throw try notAnImageArchive() }
        // Docker's list first: it has the names. The index may know further platforms.
        var images: [LoadableImage] = []
        if let docker { images = try docker.images(with: layout) }
        if let registry { images = try registry.images() }
        var platforms = Set(images.map(\.configuration.platform))
        var accepted = Self.accepted(images, for: platform)
        if accepted.isEmpty, let layout {
            images = try layout.images(for: platform)
            platforms.formUnion(images.map(\.configuration.platform))
            accepted = Self.accepted(images, for: platform)
        }
        guard !accepted.isEmpty else { throw nothing(for: platform, platforms) }
        return Self.merged(accepted)
    }

    private static func accepted(_ images: [LoadableImage], for platform: Platform?) -> [LoadableImage] {
        images.filter { platform?.accepts($0.configuration.platform) ?? true }
    }

    /// One image for each id, with the names of all.
    private static func merged(_ images: [LoadableImage]) -> [LoadableImage] {
        var result: [LoadableImage] = []
        var positions: [Digest: Int] = [:]
        for image in images {
            guard let position = positions[image.id] else {
                positions[image.id] = result.count
                result.append(image)
                continue
            }
            result[position].names += image.names.filter { !result[position].names.contains($0) }
        }
        return result
    }

    private func nothing(for platform: Platform?, _ found: Set<Platform>) -> StorageError {
        guard let platform else {
            return StorageError(
                .damaged, object: entries.name, "\(entries.name) holds no image",
                hint: "charts, signatures and other artifacts cannot be loaded")
        }
        let list = found.map(\.description).sorted().joined(separator: ", ")
        return StorageError(
            .notFound, object: entries.name, "\(entries.name) holds no image for \(platform)",
            hint: list.isEmpty ? nil : "it holds one for \(list)")
    }

    private func notAnImageArchive() throws(StorageError) -> StorageError {
        let reason: String
        let hint: String
        if entries.resemblesRootFileSystem {
            reason = "it looks like a root file system"
            hint = "holdfast image import makes an image of a root file system"
        } else if try entries.file(at: EntryPath(trusted: Array("repositories".utf8))) != nil {
            reason = "it was saved by Docker before 1.10"
            hint = "load it with a current engine and save it again"
        } else {
            reason = "it has neither manifest.json nor index.json"
            hint = "images are saved by docker save, podman save, skopeo copy or holdfast image save"
        }
        return StorageError(
            .damaged, object: entries.name, "\(entries.name) is not an image archive: \(reason)", hint: hint)
    }
}

extension ArchiveLimits {
    /// Not more data than the file system of the directory has room for.
    fileprivate func bounded(by directory: borrowing Descriptor) throws(StorageError) -> ArchiveLimits {
        var limits = self
        do throws(FileError) {
            limits.totalBytes = min(totalBytes, try directory.availableBytes())
        } catch {
            throw StorageError(error, doing: "look for room in the store", object: "")
        }
        return limits
    }
}
