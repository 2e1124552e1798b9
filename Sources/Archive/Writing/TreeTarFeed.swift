package import FileTree
package import StorageModel

/// What becomes of an entry of a tree in a tar stream.
package enum TarTranslation: Sendable {
    case asItIs
    case nothing
    /// Nothing, and a notice that says why.
    case skipped(String)
    /// Other entries, without data, in its place.
    case replaced([TarEntry])
    /// The entry, and others without data right behind it.
    case followed([TarEntry])
}

/// A tree on disk as a plain, deterministic tar stream: depth first, names byte-sorted, `./` first.
///
/// The stream is made on a thread of its own, a few chunks ahead of who reads it; memory is bounded. A file that changes
/// while it is read keeps the size that its header says, padded or cut, and is in ``changed``. Call ``finish()`` in every
/// case.
package final class TreeTarFeed: FinishableFeed {
    package struct Options: Sendable {
        /// What becomes of an entry, by its status and its attributes.
        package var translate: @Sendable (WalkedEntry, [ExtendedAttribute]) -> TarTranslation = { _, _ in .asItIs }
        /// Whether an attribute is kept.
        package var keepsAttribute: @Sendable (String) -> Bool = { _ in true }
        /// The ids of a user namespace, for a tree whose owners are the host's; `nil` keeps them.
        package var mapping: IdentityMapping?
        /// The name that the tree's root has in the stream, in place of `./`; everything else lies below it.
        package var topName: [UInt8]?
        /// The one entry of the root directory, not a directory itself, that the stream is to have instead of the tree.
        /// It is called ``topName`` there.
        package var only: [UInt8]?
        /// Whether directories where another file system is mounted are left unentered.
        package var staysOnFileSystem = true

        package init() {}
    }

    private let queue = BoundedQueue<[UInt8]>(capacity: 4)
    private let pool = WorkerPool(threads: 1)
    private let failure = Monitor<StorageError?>(nil)
    private let notices = NoticeList()

    package init(_ root: SharedDescriptor, options: Options = Options(), checkpoint: Checkpoint) {
        let (queue, failure, notices) = (queue, failure, notices)
        pool.submit {
            do throws(StorageError) {
                var writer = TreeTarWriter(root, options, notices, queue, checkpoint)
                try writer.run()
            } catch {
                failure.update { $0 = error }
            }
            queue.close()
        }
    }

    package func nextChunk() throws(StorageError) -> [UInt8]? {
        if let chunk = queue.pop() { return chunk }
        if let error = failure.update({ $0 }) { throw error }
        return nil
    }

    /// Files that changed while they were read.
    package var changed: [EntryNotice] { notices.changed }
    /// Entries that could not be read, or have no place in a tar.
    package var skipped: [EntryNotice] { notices.skipped }

    /// Ends the thread, also in the midst of its work.
    package func finish() {
        queue.close()
        pool.finish()
    }
}

/// Walks a tree and writes its tar into a queue. Used by one thread.
private struct TreeTarWriter: ~Copyable {
    private let root: SharedDescriptor
    private let options: TreeTarFeed.Options
    private let notices: NoticeList
    private let queue: BoundedQueue<[UInt8]>
    private let checkpoint: Checkpoint
    private var chunk: [UInt8] = []
    private var firstNames: [FileIdentity: EntryPath] = [:]
    private var parent: (path: EntryPath, directory: SharedDescriptor)?

    private static let chunkBytes = 1 << 20

    init(
        _ root: SharedDescriptor, _ options: TreeTarFeed.Options, _ notices: NoticeList, _ queue: BoundedQueue<[UInt8]>,
        _ checkpoint: Checkpoint
    ) {
        self.root = root
        self.options = options
        self.notices = notices
        self.queue = queue
        self.checkpoint = checkpoint
        chunk.reserveCapacity(Self.chunkBytes)
    }

    mutating func run() throws(StorageError) {
        let walk: OrderedWalk
        do throws(FileError) {
            if let only = options.only {
                try append(
                    WalkedEntry(path: EntryPath(trusted: only), status: try root.descriptor.status(of: only)))
                return try finish()
            }
            var walking = OrderedWalk.Options()
            walking.staysOnFileSystem = options.staysOnFileSystem
            walk = try OrderedWalk(root: root.descriptor, options: walking)
        } catch {
            throw StorageError(error, doing: "read the tree", object: "")
        }
        var unreadable: [(EntryPath, FileError)] = []
        try walk.forEach { (entry) throws(StorageError) in
            try checkpoint.interruption.check()
            do throws(FileError) {
                try append(entry)
            } catch {
                if error.errno == .brokenPipe { throw .interrupted }
                if error.errno != .noEntry { notices.addSkipped(entry.path, "cannot be read: \(error.errno)") }
            }
            checkpoint.progress.advance(entries: 1, bytes: entry.status.kind == .file ? entry.status.sizeBytes : 0)
        } onError: { path, error in
            unreadable.append((path, error))
        }
        if let (_, error) = unreadable.first(where: { $0.0.isRoot }) {
            throw StorageError(error, doing: "read the tree", object: "")
        }
        for (path, error) in unreadable { notices.addSkipped(path, "cannot be listed: \(error.errno)") }
        do throws(FileError) { try finish() } catch { throw .interrupted }
    }

    private mutating func finish() throws(FileError) {
        try put(TarBlock.endOfArchive)
        try flush()
    }

    private mutating func append(_ walked: WalkedEntry) throws(FileError) {
        let status = walked.status
        if status.kind == .socket {
            notices.addSkipped(walked.path, "socket: it belongs to a running process and has no content")
            return
        }
        let attributes = try attributes(of: walked)
        let kept = attributes.filter { options.keepsAttribute($0.name) }
        switch options.translate(walked, attributes) {
        case .asItIs: try appendEntry(walked, kept)
        case .nothing: break
        case .skipped(let reason): notices.addSkipped(walked.path, reason)
        case .replaced(let entries): for entry in entries { try put(header(of: entry)) }
        case .followed(let entries):
            try appendEntry(walked, kept)
            for entry in entries { try put(header(of: entry)) }
        }
    }

    private mutating func attributes(of walked: WalkedEntry) throws(FileError) -> [ExtendedAttribute] {
        if walked.path.isRoot { return try root.descriptor.extendedAttributes() }
        return try parent(of: walked.path).descriptor.extendedAttributes(of: walked.path.name)
    }

    private mutating func appendEntry(
        _ walked: WalkedEntry, _ attributes: [ExtendedAttribute]
    ) throws(FileError) {
        let status = walked.status
        var entry = TarEntry(path: walked.path, status: status)
        setOwner(of: &entry)
        entry.extendedAttributes = attributes
        if status.linkCount > 1 && status.kind != .directory {
            if let first = firstNames[status.identity] {
                entry.kind = .hardLink
                entry.linkTarget = first.bytes
                entry.sizeBytes = 0
                entry.extendedAttributes = []
                return try put(header(of: entry))
            }
            if status.kind != .file { firstNames[status.identity] = walked.path }
        }
        switch status.kind {
        case .file: try appendFile(walked, entry)
        case .symbolicLink:
            entry.linkTarget = try parent(of: walked.path).descriptor.readLink(walked.path.name)
            try put(header(of: entry))
        default: try put(header(of: entry))
        }
    }

    /// What the user namespace has no id for stays as it is.
    private func setOwner(of entry: inout TarEntry) {
        guard let mapping = options.mapping else { return }
        entry.metadata.uid = mapping.inside(of: entry.metadata.uid) ?? entry.metadata.uid
        entry.metadata.gid = mapping.inside(of: entry.metadata.gid) ?? entry.metadata.gid
    }

    private mutating func appendFile(_ walked: WalkedEntry, _ walkedEntry: TarEntry) throws(FileError) {
        let descriptor = try parent(of: walked.path).descriptor.openFile(walked.path.name, for: .reading)
        let status = try descriptor.status()
        guard status.kind == .file else {
            notices.addSkipped(walked.path, "became a \(status.kind.word) while it was read")
            return
        }
        let map = try sparseMap(of: descriptor, status)
        let file = OpenedFile(descriptor, status: status, sparseMap: map)
        var entry = TarEntry(path: walked.path, status: status)
        setOwner(of: &entry)
        entry.extendedAttributes = walkedEntry.extendedAttributes
        entry.sparseMap = map
        // Known as a first name only now: the names of a file that cannot be read are not links to it.
        if status.linkCount > 1 { firstNames[status.identity] = walked.path }
        try put(header(of: entry))
        try appendData(of: file, at: walked.path)
        try put([UInt8](repeating: 0, count: TarBlock.padding(after: entry.storedBytes)))
        if let reason = try file.change() { notices.addChanged(walked.path, reason) }
    }

    /// The header has promised so many bytes: what cannot be read becomes zeros, and is told.
    private mutating func appendData(of file: OpenedFile, at path: EntryPath) throws(FileError) {
        var position: UInt64 = 0
        while position < file.storedBytes {
            let wanted = Int(min(UInt64(Self.chunkBytes - chunk.count), file.storedBytes - position))
            let start = chunk.count
            chunk.append(contentsOf: repeatElement(0, count: wanted))
            var failure: FileError?
            var filled = 0
            chunk.withUnsafeMutableBytes { bytes in
                let room = UnsafeMutableRawBufferPointer(rebasing: bytes[start..<(start + wanted)])
                do throws(FileError) { filled = try file.read(into: room, storedAt: position) } catch {
                    failure = error
                }
            }
            if let failure {
                notices.addChanged(path, "cannot be read at byte \(position): \(failure.errno)")
            } else if filled < wanted {
                notices.addChanged(path, "became shorter while it was read")
            }
            position += UInt64(wanted)
            if chunk.count >= Self.chunkBytes { try flush() }
        }
    }

    private mutating func parent(of path: EntryPath) throws(FileError) -> SharedDescriptor {
        if let parent, parent.path == path.parent { return parent.directory }
        let directory = SharedDescriptor(try root.descriptor.openDirectory(beneath: path.parent))
        parent = (path.parent, directory)
        return directory
    }

    private func header(of entry: TarEntry) -> [UInt8] {
        var bytes: [UInt8] = []
        guard options.topName != nil else {
            TarHeaderEncoder.append(entry, to: &bytes)
            return bytes
        }
        var renamed = entry
        renamed.path = named(entry.path)
        if entry.kind == .hardLink { renamed.linkTarget = named(EntryPath(trusted: entry.linkTarget)).bytes }
        TarHeaderEncoder.append(renamed, to: &bytes, leading: "")
        return bytes
    }

    /// The path in the stream of a path in the tree.
    private func named(_ path: EntryPath) -> EntryPath {
        guard let top = options.topName else { return path }
        if options.only != nil || path.isRoot { return EntryPath(trusted: top) }
        return EntryPath(trusted: top + [UInt8(ascii: "/")] + path.bytes)
    }

    private mutating func put(_ bytes: [UInt8]) throws(FileError) {
        chunk.append(contentsOf: bytes)
        if chunk.count >= Self.chunkBytes { try flush() }
    }

    /// - Throws: `EPIPE` if nobody reads any more.
    private mutating func flush() throws(FileError) {
        if chunk.isEmpty { return }
        guard queue.push(chunk) else { throw FileError("push", errno: .brokenPipe) }
        chunk = []
        chunk.reserveCapacity(Self.chunkBytes + (64 << 10))
    }
}
