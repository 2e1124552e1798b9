package import FileTree
package import StorageModel

extension TarEntry {
    /// Writes a part of the entry's stored data to where it belongs in the file, holes left out.
    package func write(
        _ slice: ByteSlice, storedAt start: UInt64, to descriptor: borrowing Descriptor
    ) throws(StorageError) {
        do throws(FileError) {
            guard let sparseMap else {
                try slice.withBytes { (bytes) throws(FileError) in try descriptor.writeAll(bytes, at: start) }
                return
            }
            var skipped: UInt64 = 0
            let end = start + UInt64(slice.count)
            for extent in sparseMap.extents {
                let length = extent.upperBound - extent.lowerBound
                defer { skipped += length }
                let from = max(start, skipped)
                let to = min(end, skipped + length)
                guard from < to else { continue }
                let part = ByteSlice(
                    slice.buffer, slice.range.lowerBound + Int(from - start)..<slice.range.lowerBound + Int(to - start))
                try part.withBytes { (bytes) throws(FileError) in
                    try descriptor.writeAll(bytes, at: extent.lowerBound + (from - skipped))
                }
            }
        } catch {
            let shown = path.description.printable()
            throw StorageError(error, doing: "write '\(shown)'", object: shown)
        }
    }
}

/// A file whose slices are written by several threads.
package final class SlicedFile: Sendable {
    package let entry: TarEntry
    package let descriptor: SharedDescriptor
    private let pendingBytes: Monitor<UInt64>

    package init(_ entry: TarEntry, _ descriptor: SharedDescriptor) {
        self.entry = entry
        self.descriptor = descriptor
        pendingBytes = Monitor(entry.storedBytes)
    }

    /// - Returns: whether this was the last slice to be written, so that the file is complete.
    package func writeAndTellLast(_ slice: ByteSlice, storedAt start: UInt64) throws(StorageError) -> Bool {
        try entry.write(slice, storedAt: start, to: descriptor.descriptor)
        return pendingBytes.update {
            $0 -= UInt64(slice.count)
            return $0 == 0
        }
    }
}
