internal import Archive
internal import Containers
internal import FileTree
public import StorageModel
internal import Volumes

/// One side of a copy between the host and a volume.
public enum VolumeCopyPlace: Hashable, Sendable {
    case host(String)
    /// A path in the volume.
    case volume(VolumeName, path: String)
    /// A tar stream on standard input or output.
    case stream

    /// Parses `NAME:PATH`, `-`, or a path of the host. A path of the host with a colon begins with `/` or `.`.
    ///
    /// - Throws: ``StorageError/Code/invalidInput`` if what is before the colon cannot be the name of a volume.
    public init(_ text: String) throws(StorageError) {
        switch CopyPlace(text) {
        case .host(let path): self = .host(path)
        case .container(let name, let path): self = .volume(try VolumeName(name), path: path)
        case .stream: self = .stream
        }
    }
}

extension Store {
    /// Copies files between the host and a volume, or between two volumes, as `docker cp` does with a container: into
    /// existing directories, with or without the source directory itself, as tar streams on standard input and output. No
    /// container is needed.
    ///
    /// Every path in a volume is resolved inside its data. The volume may be in use; nobody removes, renames or replaces it
    /// meanwhile. A copy appears in its place when it is complete.
    ///
    /// - Parameters:
    ///   - followsLink: whether a link that is named as the source is followed.
    ///   - keepsOwners: whether owners are kept; otherwise a copy in a volume belongs to root, one on the host to the caller.
    /// - Returns: what could not be copied as it is.
    public func copyVolumeFiles(
        from source: VolumeCopyPlace, to target: VolumeCopyPlace, followsLink: Bool = false, keepsOwners: Bool = false,
        isDurable: Bool = true, checkpoint: Checkpoint
    ) throws(StorageError) -> [EntryNotice] {
        let copy = ContainerCopy(
            options: .init(followsLink: followsLink, keepsOwners: keepsOwners, isDurable: isDurable),
            checkpoint: checkpoint)
        checkpoint.progress.begin("copying", totalEntries: nil, totalBytes: nil)
        switch (source, target) {
        case (.volume(let name, let path), .stream):
            return try withEndpoint(name, path) { origin throws(StorageError) in try write(try copy.archive(origin)) }
        case (.stream, .volume(let name, let path)):
            let input = try standardStream("read") { () throws(FileError) in try Descriptor.standardInput() }
            return try withEndpoint(name, path) { target throws(StorageError) in
                Self.notices(try copy.extract(input, called: "-", to: target))
            }
        case (.volume(let name, let path), _):
            return try withEndpoint(name, path) { origin throws(StorageError) in
                try withEndpoint(target) { target throws(StorageError) in
                    Self.notices(try copy.copy(origin, to: target))
                }
            }
        case (.host(let hostPath), .volume(let name, let path)):
            return try withEndpoint(name, path) { target throws(StorageError) in
                Self.notices(try copy.copy(try .host(hostPath), to: target))
            }
        default:
            throw StorageError(
                .invalidInput, "neither side of the copy is a volume", hint: "write NAME:PATH for it, as in pg:/data")
        }
    }

    private static func notices(_ report: ContainerCopy.Report) -> [EntryNotice] { report.skipped + report.changed }

    private func withEndpoint<Result>(
        _ place: VolumeCopyPlace, _ body: (CopyEndpoint) throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        switch place {
        case .volume(let name, let path): return try withEndpoint(name, path, body)
        case .host(let path): return try body(try .host(path))
        case .stream: throw StorageError(.invalidInput, object: "-", "a stream is no place")
        }
    }

    /// Calls `body` with a path in a volume, which stays where it is meanwhile.
    private func withEndpoint<Result>(
        _ name: VolumeName, _ path: String, _ body: (CopyEndpoint) throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        let opened = try volumes.open(name, for: .reading)
        let result = try volumes.withData(of: opened) { root throws(StorageError) in
            try body(try .volume(name, root: root, path: path))
        }
        withExtendedLifetime(opened) {}
        return result
    }
}
