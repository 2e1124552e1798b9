package import FileTree
package import StorageModel

/// Writes the skeleton of a tar stream while the stream is unpacked. Used by one thread.
package struct SkeletonWriter: ~Copyable {
    private let file: SharedDescriptor
    private var encoder: FrameEncoder
    private var buffer = TableEncoder()
    private var offset: UInt64 = 0
    private var fileCount: UInt64 = 0

    private static let level = 3

    /// - Parameter file: an empty file; written from its start.
    package init(_ file: SharedDescriptor) throws(StorageError) {
        self.file = file
        encoder = try FrameEncoder(level: Self.level)
        buffer.append(raw: SkeletonLimits.magic)
    }

    /// Appends bytes of the stream that are no file's data.
    package mutating func append(framing bytes: some Collection<UInt8>) throws(StorageError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(SkeletonLimits.framingBytes)
            buffer.append(byte: SkeletonItem.framingMark)
            buffer.append(string: part)
            rest = rest.dropFirst(part.count)
            try flushIfFull()
        }
    }

    /// Begins a file with data.
    ///
    /// - Returns: its number, by which its data is found again if the tree cannot hold it.
    package mutating func beginFile() -> UInt64 {
        fileCount += 1
        isFirstPiece = true
        return fileCount - 1
    }

    private var isFirstPiece = true

    /// Appends a piece of the current file's data.
    ///
    /// - Parameters:
    ///   - path: where the file lies in the tree.
    ///   - storedAt: where the piece begins in the stored data, holes left out.
    package mutating func append(
        _ slice: ByteSlice, of path: EntryPath, storedAt start: UInt64, sparseMap: SparseMap?
    ) throws(StorageError) {
        if let sparseMap {
            var position = 0
            for extents in sparseMap.pieces(storedIn: start..<(start + UInt64(slice.count))) {
                let length = extents.reduce(0) { $0 + $1.count }
                let lower = slice.range.lowerBound + position
                try append(ByteSlice(slice.buffer, lower..<(lower + length)), path, extents)
                position += length
            }
            return
        }
        try append(slice, path, [start..<(start + UInt64(slice.count))])
    }

    private mutating func append(
        _ slice: ByteSlice, _ path: EntryPath, _ extents: [Range<UInt64>]
    ) throws(StorageError) {
        if isFirstPiece {
            buffer.append(byte: SkeletonItem.fileMark)
            buffer.append(string: path.bytes)
            isFirstPiece = false
        } else {
            buffer.append(byte: SkeletonItem.pieceMark)
        }
        buffer.append(UInt64(extents.count))
        var end: UInt64 = 0
        for extent in extents {
            buffer.append(extent.lowerBound - end)
            buffer.append(UInt64(extent.count))
            end = extent.upperBound
        }
        var checksum: [UInt8] = []
        checksum.appendLittleEndian(slice.withBytes { XXH64.hash($0) })
        buffer.append(raw: checksum)
        try flushIfFull()
    }

    private mutating func flushIfFull() throws(StorageError) {
        if buffer.bytes.count >= SkeletonLimits.frameBytes { try flush() }
    }

    private mutating func flush() throws(StorageError) {
        if buffer.bytes.isEmpty { return }
        let frame = try buffer.bytes.withBytes { (bytes) throws(StorageError) in try encoder.compress(bytes) }
        buffer.reset()
        do throws(FileError) {
            try frame.withBytes { (bytes) throws(FileError) in try file.descriptor.writeAll(bytes, at: offset) }
        } catch {
            throw StorageError(error, doing: "write the skeleton of a layer", object: "")
        }
        offset += UInt64(frame.count)
    }

    /// Writes what is left. The file is not synced.
    package mutating func finish() throws(StorageError) { try flush() }
}

extension SparseMap {
    /// The extents in which a stretch of the stored data lies, in groups that a skeleton's piece can name.
    fileprivate func pieces(storedIn range: Range<UInt64>) -> [[Range<UInt64>]] {
        var result: [[Range<UInt64>]] = []
        var current: [Range<UInt64>] = []
        var stored: UInt64 = 0
        for extent in extents {
            let length = UInt64(extent.count)
            let from = max(range.lowerBound, stored)
            let to = min(range.upperBound, stored + length)
            if from < to {
                current.append((extent.lowerBound + (from - stored))..<(extent.lowerBound + (to - stored)))
                if current.count == SkeletonLimits.extentsPerPiece {
                    result.append(current)
                    current = []
                }
            }
            stored += length
            if stored >= range.upperBound { break }
        }
        if !current.isEmpty { result.append(current) }
        return result
    }
}
