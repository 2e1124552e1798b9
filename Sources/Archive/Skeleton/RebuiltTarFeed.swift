package import FileTree
package import StorageModel

/// A tar stream put together again from its skeleton and the tree that was unpacked from it, bit for bit.
///
/// Every piece of data is compared with the checksum that the skeleton has: a file that changed since is named, and what is
/// not the original is never passed on. Used by one thread at a time; call ``finish()`` in every case.
package final class RebuiltTarFeed: FinishableFeed {
    private var reader: SkeletonReader
    private let tree: SharedDescriptor
    private let shadowed: SharedDescriptor?
    private let name: String
    private let interruption: Interruption
    private var parent: (path: EntryPath, directory: SharedDescriptor)?
    private var opened: (ordinal: UInt64, file: SharedDescriptor)?
    private var pending: SkeletonItem?

    private static let chunkBytes = 1 << 20

    /// - Parameters:
    ///   - tree: the root of the unpacked tree.
    ///   - shadowed: the directory with the data that the tree could not hold, named by the files' numbers; `nil` if there
    ///     is none.
    ///   - name: of the layer, for messages.
    package init(
        skeleton: StoredBlob, tree: SharedDescriptor, shadowed: SharedDescriptor?, name: String, checkpoint: Checkpoint
    ) throws(StorageError) {
        reader = try SkeletonReader(skeleton, checkpoint)
        self.tree = tree
        self.shadowed = shadowed
        self.name = name
        interruption = checkpoint.interruption
    }

    /// Ends the thread behind it.
    package func finish() { reader.finish() }

    package func nextChunk() throws(StorageError) -> [UInt8]? {
        try interruption.check()
        var chunk = [UInt8]()
        chunk.reserveCapacity(Self.chunkBytes + (64 << 10))
        while chunk.count < Self.chunkBytes {
            guard let item = try takeNext() else { break }
            switch item {
            case .framing(let bytes): chunk.append(contentsOf: bytes)
            case .piece(let piece):
                // A chunk is not made longer than it must be.
                if !chunk.isEmpty && UInt64(chunk.count) + piece.sizeBytes > UInt64(2 * Self.chunkBytes) {
                    pending = item
                    return chunk
                }
                try append(piece, to: &chunk)
            }
        }
        return chunk.isEmpty ? nil : chunk
    }

    private func takeNext() throws(StorageError) -> SkeletonItem? {
        if let item = pending {
            pending = nil
            return item
        }
        return try reader.next()
    }

    private func append(_ piece: SkeletonPiece, to chunk: inout [UInt8]) throws(StorageError) {
        let start = chunk.count
        let size = Int(piece.sizeBytes)
        do throws(FileError) {
            let file = try open(piece)
            chunk.append(contentsOf: repeatElement(0, count: size))
            var filled = start
            for extent in piece.extents {
                var failure: FileError?
                var count = 0
                chunk.withUnsafeMutableBytes { bytes in
                    let room = UnsafeMutableRawBufferPointer(rebasing: bytes[filled..<(filled + extent.count)])
                    do throws(FileError) { count = try file.descriptor.read(into: room, at: extent.lowerBound) } catch {
                        failure = error
                    }
                }
                if let failure { throw failure }
                guard count == extent.count else { throw FileError("pread", errno: .stale) }
                filled += count
            }
        } catch {
            switch error.errno {
            case .noEntry, .notDirectory, .tooManyLevels, .stale: throw changed(piece)
            default: throw StorageError(error, doing: "read layer \(name)", object: name)
            }
        }
        let checksum = chunk.withUnsafeBytes { XXH64.hash(UnsafeRawBufferPointer(rebasing: $0[start...])) }
        if checksum != piece.checksum { throw changed(piece) }
    }

    private func open(_ piece: SkeletonPiece) throws(FileError) -> SharedDescriptor {
        if let opened, opened.ordinal == piece.ordinal { return opened.file }
        if let shadowed {
            do throws(FileError) {
                let number = Array(String(piece.ordinal).utf8)
                let file = SharedDescriptor(try shadowed.descriptor.openFile(number, for: .reading))
                opened = (piece.ordinal, file)
                return file
            } catch  where error.errno == .noEntry {}
        }
        let path = piece.path.parent
        if parent?.path != path {
            parent = (path, SharedDescriptor(try tree.descriptor.openDirectory(beneath: path)))
        }
        guard let parent else { throw FileError("openat", errno: .noEntry) }
        let file = SharedDescriptor(try parent.directory.descriptor.openFile(piece.path.name, for: .reading))
        guard try file.descriptor.status().kind == .file else { throw FileError("openat", errno: .stale) }
        opened = (piece.ordinal, file)
        return file
    }

    private func changed(_ piece: SkeletonPiece) -> StorageError {
        let path = piece.path.description.printable()
        return StorageError(
            .damaged, object: name, "layer \(name) is damaged: the content of '\(path)' is not what was unpacked",
            hint: "run holdfast check --repair, then load or pull the images that it names")
    }
}
