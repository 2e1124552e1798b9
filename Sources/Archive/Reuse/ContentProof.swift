internal import FileTree
internal import StorageModel

/// Reads entries whose times prove nothing, as they were too young when the archive was made, and compares them with what the
/// archive has: a few of them need not make another archive.
///
/// Used by the planner's thread.
final class ContentProof {
    private let root: SharedDescriptor
    private let content: KeptContent
    private var entriesLeft = 1024
    private var bytesLeft: UInt64 = 64 << 20

    init(_ root: SharedDescriptor, _ archive: PreviousArchive) throws(StorageError) {
        self.root = root
        content = try KeptContent(archive)
    }

    /// Whether an entry is what the archive has, in everything that the archive holds of it. Beyond the limits of what is read
    /// nothing is proved any more.
    ///
    /// - Parameter entry: what the archive has; kind, size, owner, mode and times are known to be the same.
    func proves(_ walked: WalkedEntry, is entry: TableEntry) -> Bool {
        // A further name of a file has nothing of its own but its target, which was compared.
        if entry.kind == .hardLink { return true }
        guard entriesLeft > 0, entry.storedBytes <= bytesLeft else { return false }
        entriesLeft -= 1
        bytesLeft -= entry.storedBytes
        guard let kept = content.content(of: entry, at: walked.path) else { return false }
        // Why: what cannot be read is not proved.
        guard let found = try? read(walked) else { return false }
        return found.header == kept.header && found.digest == entry.digest
    }

    private func read(_ walked: WalkedEntry) throws(FileError) -> (header: [UInt8], digest: Digest?)? {
        var entry = TarEntry(path: walked.path, status: walked.status)
        var digest: Digest?
        switch walked.status.kind {
        case .file:
            let parent = try root.descriptor.openDirectory(beneath: walked.path.parent)
            let descriptor = try parent.openFile(walked.path.name, for: .reading)
            let status = try descriptor.status()
            let map = try sparseMap(of: descriptor, status)
            let file = OpenedFile(descriptor, status: status, sparseMap: map)
            guard status.kind == .file, status.identity == walked.status.identity else { return nil }
            (entry.sparseMap, entry.extendedAttributes) = (map, try file.descriptor.extendedAttributes())
            digest = try self.digest(of: file)
            guard status.changedAt == walked.status.changedAt, try file.change() == nil else { return nil }
        case .directory:
            entry.extendedAttributes = try root.descriptor.openDirectory(beneath: walked.path).extendedAttributes()
        default:
            let parent = try root.descriptor.openDirectory(beneath: walked.path.parent)
            if walked.status.kind == .symbolicLink { entry.linkTarget = try parent.readLink(walked.path.name) }
            entry.extendedAttributes = try parent.extendedAttributes(of: walked.path.name)
        }
        var header: [UInt8] = []
        TarHeaderEncoder.append(entry, to: &header)
        return (header, digest)
    }

    /// By the rule of the format: of the data, or of the digests of its slices.
    private func digest(of file: OpenedFile) throws(FileError) -> Digest? {
        if file.storedBytes == 0 { return nil }
        let isLarge = file.storedBytes >= Chunking.largeFromBytes
        var slices = ContentHasher()
        var last = ContentHasher.digest([])
        for range in Chunking.slices(of: file.storedBytes) {
            let length = Int(range.upperBound - range.lowerBound)
            var failure: FileError?
            let bytes = [UInt8](unsafeUninitializedCapacity: length) { room, filled in
                do throws(FileError) {
                    filled = try file.read(into: UnsafeMutableRawBufferPointer(room), storedAt: range.lowerBound)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            last = ContentHasher.digest(bytes)
            slices.update(last.bytes)
        }
        return isLarge ? slices.finalize() : last
    }
}
