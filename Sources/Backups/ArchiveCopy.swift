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
    /// already, and is equal, stays as it is. If something else has the name, the copy gets the next one of its second.
    ///
    /// - Returns: the copy's absolute path.
    /// - Throws: ``StorageError/Code/damaged`` if the disk does not give back what was written.
    package func make(below destination: String) throws(StorageError) -> String {
        let folder = try DestinationLayout.makeDirectory(for: source, below: destination)
        checkpoint.progress.begin("copying an archive of \(source)", totalEntries: nil, totalBytes: nil)
        do throws(FileError) {
            let original = try Descriptor.openFile(atHostPath: archive)
            var free: [String] = []
            for name in names where free.isEmpty {
                guard HostPath.exists(name, in: folder) else {
                    free.append(name)
                    continue
                }
                let path = HostPath.join(HostPath.absolute(folder), name)
                if try isEqual(original, try Descriptor.openFile(atHostPath: path)) { return path }
            }
            let name = try write(original, in: folder, free)
            return HostPath.join(HostPath.absolute(folder), name)
        } catch {
            try checkpoint.interruption.check()
            if error.operation == Self.comparison {
                throw StorageError(
                    .damaged, object: folder, "the copy in '\(folder.printable())' is not what was written there",
                    hint: "check the disk and its cable: smartctl, dmesg")
            }
            throw StorageError(error, doing: "copy the archive to '\(folder.printable())'", object: folder)
        }
    }

    /// Whether the file at `path` has the same bytes. What cannot be read is not the same.
    ///
    /// - Throws: only ``StorageError/interrupted``.
    func isSame(as path: String) throws(StorageError) -> Bool {
        do throws(FileError) {
            return try isEqual(
                try Descriptor.openFile(atHostPath: archive), try Descriptor.openFile(atHostPath: path))
        } catch {
            try checkpoint.interruption.check()
            return false
        }
    }

    private static let comparison = "compare"

    /// The archive's own name, then those of further archives of its second.
    private var names: [String] {
        let (_, own) = HostPath.split(archive)
        guard let parsed = ArchiveName(parsing: own) else { return [own] }
        return [own] + DestinationLayout.names(parsed.time, isEncrypted: parsed.isEncrypted).filter { $0 != own }
    }

    private func write(
        _ original: borrowing Descriptor, in folder: String, _ names: [String]
    ) throws(FileError) -> String {
        let publication = try FilePublication(inDirectory: folder)
        let copy = try publication.openFile()
        let digest = try transfer(from: original, to: copy)
        try copy.sync()
        copy.forgetCached()
        guard try self.digest(of: copy) == digest else { throw FileError(Self.comparison, errno: .inputOutput) }
        guard let name = try publication.publish(names, replaces: false, isDurable: true) else {
            throw FileError("renameat2", errno: .exists)
        }
        return name
    }

    private func isEqual(_ original: borrowing Descriptor, _ other: borrowing Descriptor) throws(FileError) -> Bool {
        guard try original.status().sizeBytes == other.status().sizeBytes else { return false }
        return try digest(of: original) == digest(of: other)
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
