internal import Archive
internal import FileTree
package import StorageModel

/// Copies a finished archive to another destination, under the same name and in the same layout, and proves the copy.
package struct ArchiveCopy {
    private let archive: String
    private let source: SourceReference
    private let pace: Pace
    private let checkpoint: Checkpoint

    private static let pieceBytes = 1 << 20

    /// - Parameters:
    ///   - archive: its path.
    ///   - source: whose archive it is.
    package init(of archive: String, source: SourceReference, limits: ResourceLimits, checkpoint: Checkpoint) {
        self.archive = archive
        self.source = source
        pace = Pace(RateLimit(limits.writeBytesPerSecond), until: checkpoint.interruption)
        self.checkpoint = checkpoint
    }

    /// Others see the copy when it is whole, on disk, and was read back and found equal; a failure leaves none. One that is there
    /// already, and is equal, stays as it is.
    ///
    /// - Returns: the copy's absolute path.
    /// - Throws: ``StorageError/Code/conflict`` if another archive has its name; ``StorageError/Code/damaged`` if the disk does not
    ///   give back what was written.
    package func make(below destination: String) throws(StorageError) -> String {
        let folder = try DestinationLayout.makeDirectory(for: source, below: destination)
        let (_, name) = HostPath.split(archive)
        let target = HostPath.join(HostPath.absolute(folder), name)
        checkpoint.progress.begin("copying \(name)", totalEntries: nil, totalBytes: nil)
        do throws(FileError) {
            let original = try Descriptor.openFile(atHostPath: archive)
            if HostPath.exists(name, in: folder) {
                try requireEqual(original, try Descriptor.openFile(atHostPath: target), target)
                return target
            }
            let publication = try FilePublication(inDirectory: folder)
            let copy = try publication.openFile()
            let digest = try transfer(from: original, to: copy)
            try copy.sync()
            copy.forgetCached()
            guard try self.digest(of: copy) == digest else { throw FileError("pread", path: name, errno: .inputOutput) }
            guard try publication.publish([name], replaces: false, isDurable: true) != nil else {
                throw FileError("renameat2", path: name, errno: .exists)
            }
            return target
        } catch {
            try checkpoint.interruption.check()
            if error.operation == "pread" && error.path == name {
                throw StorageError(
                    .damaged, object: target, "the copy '\(target.printable())' is not what was written",
                    hint: "check the disk and its cable: smartctl, dmesg")
            }
            throw StorageError(error, doing: "copy the archive to '\(target.printable())'", object: target)
        }
    }

    private func requireEqual(
        _ original: borrowing Descriptor, _ other: borrowing Descriptor, _ target: String
    ) throws(FileError) {
        var isEqual = try original.status().sizeBytes == other.status().sizeBytes
        if isEqual { isEqual = try digest(of: original) == digest(of: other) }
        guard isEqual else { throw FileError("open", path: target.printable(), errno: .exists) }
    }

    /// - Returns: the digest of what was read.
    private func transfer(
        from original: borrowing Descriptor, to copy: borrowing Descriptor
    ) throws(FileError) -> Digest {
        var offset: UInt64 = 0
        return try forEachPiece(of: original) { (bytes) throws(FileError) in
            pace.take(UInt64(bytes.count))
            try copy.writeAll(bytes, at: offset)
            copy.startWriteback(offset..<(offset + UInt64(bytes.count)))
            offset += UInt64(bytes.count)
            checkpoint.progress.advance(entries: 0, bytes: UInt64(bytes.count))
        }
    }

    private func digest(of file: borrowing Descriptor) throws(FileError) -> Digest {
        try forEachPiece(of: file) { _ throws(FileError) in }
    }

    private func forEachPiece(
        of file: borrowing Descriptor, _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
    ) throws(FileError) -> Digest {
        var hasher = ContentHasher()
        var offset: UInt64 = 0
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceBytes, alignment: 4096)
        defer { room.deallocate() }
        while true {
            if checkpoint.interruption.isRequested { throw FileError("pread", errno: .interrupted) }
            let count = try file.read(into: room, at: offset)
            guard count > 0 else { return hasher.finalize() }
            let bytes = UnsafeRawBufferPointer(rebasing: room[..<count])
            hasher.update(bytes)
            try body(bytes)
            offset += UInt64(count)
        }
    }
}
