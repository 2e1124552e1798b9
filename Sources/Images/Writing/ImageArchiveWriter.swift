package import Archive
package import StorageModel

/// Writes images as one tar that is at once an OCI layout and what `docker save` writes, so that Docker, Podman, containerd and
/// skopeo all load it.
///
/// The documents come first, so that a reader knows what follows; each layer stands in it once, as its uncompressed tar. Equal
/// images make equal archives: nothing depends on the time, the machine or the order in which they were asked for.
package struct ImageArchiveWriter: Sendable {
    private let images: [SavedImage]
    /// In the order of their first use, lowest first.
    private let layers: [Layer]

    /// - Parameter images: of the same image several times, all names count.
    package init(_ images: [SavedImage]) {
        var unique: [Digest: SavedImage] = [:]
        for image in images {
            let names = Set((unique[image.id]?.names ?? []) + image.names)
            unique[image.id] = image
            unique[image.id]?.names = names.sorted()
        }
        self.images = unique.values.sorted { Self.sortKey($0).lexicographicallyPrecedes(Self.sortKey($1)) }
        var seen: Set<Digest> = []
        layers = self.images.flatMap(\.layers).filter { seen.insert($0.diffID).inserted }
    }

    private static func sortKey(_ image: SavedImage) -> String.UTF8View {
        // Nameless images last.
        ((image.names.first?.canonical ?? "~") + " " + image.id.hex).utf8
    }

    /// The size of all layers together.
    package var layerBytes: UInt64 { layers.reduce(0) { $0 + $1.tarBytes } }

    /// Writes the archive. Every layer is checked on the way: its size, and the digest of what was written.
    ///
    /// - Parameter open: gives the uncompressed tar of a layer; called once for each, in the archive's order.
    /// - Throws: ``StorageError/Code/damaged`` if a layer is not what its DiffID says. What was written until then must not be
    ///   used.
    package func write(
        to sink: any ArchiveSink, checkpoint: Checkpoint,
        layer open: (Layer) throws(StorageError) -> any FinishableFeed
    ) throws(StorageError) {
        checkpoint.progress.begin(
            "saving \(images.count) \(images.count == 1 ? "image" : "images")", totalEntries: nil,
            totalBytes: layerBytes)
        var output = MemberOutput(sink)
        try output.append(directory: "blobs")
        try output.append(directory: "blobs/sha256")
        for file in ImageDocuments(images).files { try output.append(file: file.path, file.content) }
        for layer in layers {
            let feed = try open(layer)
            defer { feed.finish() }
            try output.append(layer, feed, checkpoint)
            checkpoint.progress.advance(entries: 1, bytes: 0)
        }
        try output.finish()
    }
}

/// Writes the members of the archive to the sink.
private struct MemberOutput {
    private var sink: any ArchiveSink
    private var header: [UInt8] = []

    init(_ sink: any ArchiveSink) { self.sink = sink }

    mutating func append(directory path: String) throws(StorageError) {
        header.removeAll(keepingCapacity: true)
        TarHeaderEncoder.append(Self.entry(path, .directory, mode: 0o755), to: &header, leading: "")
        try write(header)
    }

    mutating func append(file path: String, _ content: [UInt8]) throws(StorageError) {
        try beginFile(path, sizeBytes: UInt64(content.count))
        try write(content)
        try write([UInt8](repeating: 0, count: TarBlock.padding(after: content.count)))
    }

    mutating func append(
        _ layer: Layer, _ source: any FinishableFeed, _ checkpoint: Checkpoint
    ) throws(StorageError) {
        try beginFile(ImageDocuments.blobPath(layer.diffID), sizeBytes: layer.tarBytes)
        var feed = source
        var hasher = ContentHasher()
        var count: UInt64 = 0
        while let chunk = try feed.nextChunk() {
            try checkpoint.interruption.check()
            count += UInt64(chunk.count)
            guard count <= layer.tarBytes else { break }
            hasher.update(chunk)
            try write(chunk)
            checkpoint.progress.advance(entries: 0, bytes: UInt64(chunk.count))
        }
        let found = hasher.finalize()
        guard count == layer.tarBytes, found == layer.diffID else { throw Self.changed(layer, count, found) }
        try write([UInt8](repeating: 0, count: TarBlock.padding(after: layer.tarBytes)))
    }

    mutating func finish() throws(StorageError) { try write(TarBlock.endOfArchive) }

    private mutating func beginFile(_ path: String, sizeBytes: UInt64) throws(StorageError) {
        header.removeAll(keepingCapacity: true)
        var entry = Self.entry(path, .file, mode: 0o644)
        entry.sizeBytes = sizeBytes
        TarHeaderEncoder.append(entry, to: &header, leading: "")
        try write(header)
    }

    private mutating func write(_ bytes: [UInt8]) throws(StorageError) {
        try ByteSlice(bytes, 0..<bytes.count).withBytes { (part) throws(StorageError) in try sink.write(part) }
    }

    private static func entry(_ path: String, _ kind: EntryKind, mode: UInt16) -> TarEntry {
        TarEntry(
            path: EntryPath(trusted: Array(path.utf8)), kind: kind,
            metadata: EntryMetadata(mode: mode, uid: 0, gid: 0, modifiedAt: Timestamp(seconds: 0)))
    }

    private static func changed(_ layer: Layer, _ count: UInt64, _ found: Digest) -> StorageError {
        let reason =
            count == layer.tarBytes
            ? "its digest is \(found)"
            : "it has \(count > layer.tarBytes ? "more than " : "")\(min(count, layer.tarBytes)) bytes instead of \(layer.tarBytes)"
        return StorageError(
            .damaged, object: layer.diffID.description,
            "layer \(layer.diffID) is not what was loaded: \(reason)",
            hint: "run holdfast check; then load or pull an image that has it")
    }
}
