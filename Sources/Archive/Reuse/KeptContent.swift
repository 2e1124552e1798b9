internal import FileTree
internal import StorageModel

/// Headers and data of unchanged entries, out of the frames of the previous archive. One per thread.
final class KeptContent {
    private let archive: PreviousArchive
    private var decoder: FrameDecoder
    /// The last frame: neighbours in the tree are neighbours in it.
    private var cached: (ordinal: UInt64, raw: [UInt8])?

    init(_ archive: PreviousArchive) throws(StorageError) {
        self.archive = archive
        decoder = try FrameDecoder()
    }

    /// The raw bytes of the frame that holds the entry's header; `nil` if they are not what was written.
    private func raw(_ ordinal: UInt64) -> [UInt8]? {
        if let cached, cached.ordinal == ordinal { return cached.raw }
        guard ordinal < UInt64(archive.frames.count) else { return nil }
        let frame = archive.frames[Int(ordinal)]
        guard let compressed = archive.soundBytes(of: frame) else { return nil }
        do throws(StorageError) {
            let raw = try compressed.withBytes { (bytes) throws(StorageError) in
                try decoder.decompress(bytes, rawBytes: Int(frame.record.rawBytes))
            }
            cached = (ordinal, raw)
            return raw
        } catch {
            archive.noteDamage(of: frame)
            return nil
        }
    }

    /// The entry's header as it belongs at `path`, and its data; `nil` if they cannot be had.
    func content(of entry: TableEntry, at path: EntryPath) -> (header: [UInt8], data: ArraySlice<UInt8>)? {
        guard let raw = raw(entry.headerFrame) else { return nil }
        let start = Int(entry.headerOffset)
        let dataStart = start + Int(entry.headerBytes)
        let dataBytes = entry.isInPayloadFrames ? 0 : Int(entry.storedBytes)
        guard dataStart + dataBytes <= raw.count else { return nil }
        let header = Array(raw[start..<dataStart])
        let data = raw[dataStart..<(dataStart + dataBytes)]
        if entry.path == path { return (header, data) }
        guard let renamed = renamed(header, of: entry, to: path) else { return nil }
        return (renamed, data)
    }

    /// The header is read as any tar header is, so that attributes and holes come along.
    private func renamed(_ header: [UInt8], of entry: TableEntry, to path: EntryPath) -> [UInt8]? {
        var reader = TarReader(OneChunkFeed(header), limits: ArchiveLimits())
        do throws(StorageError) {
            guard var found = try reader.nextEntry(), TableEntry(found).agrees(with: entry) else { return nil }
            found.path = path
            var bytes: [UInt8] = []
            TarHeaderEncoder.append(found, to: &bytes)
            return bytes
        } catch {
            return nil
        }
    }
}
