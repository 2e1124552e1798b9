import Archive
import Images
import StorageModel
import TestSupport

/// Keeps what a sink was given.
final class MemorySink: ArchiveSink {
    private(set) var bytes: [UInt8] = []

    func write(_ part: UnsafeRawBufferPointer) throws(StorageError) { bytes.append(contentsOf: part) }
}

/// The tar of a layer in small chunks, as if it came from a store.
final class ChunkedFeed: FinishableFeed {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    func nextChunk() -> [UInt8]? {
        guard !rest.isEmpty else { return nil }
        defer { rest = rest.dropFirst(1000) }
        return Array(rest.prefix(1000))
    }

    func finish() {}
}

extension SavedImage {
    /// What a store that has loaded the fixture would save.
    init(_ fixture: ImageFixture) throws {
        let configuration = try ImageConfiguration(document: fixture.configuration, of: "the fixture")
        let layers = zip(fixture.layers, configuration.diffIDs).map { layer, diffID in
            Layer(
                chainID: diffID, diffID: diffID, parent: nil, apparentBytes: 0, allocatedBytes: 0, entries: 0,
                tarBytes: UInt64(layer.tar.count), createdAt: Timestamp(seconds: 0))
        }
        try self.init(
            id: ContentHasher.digest(fixture.configuration), configuration: configuration,
            names: try fixture.names.map { try ImageReference($0) }, layers: layers)
    }
}

/// The tars of the layers of some images, by DiffID.
struct LayerTars: Sendable {
    private var tars: [String: [UInt8]] = [:]

    init(_ images: [ImageFixture]) {
        for layer in images.flatMap(\.layers) { tars[layer.diffID] = layer.tar }
    }

    /// Changes every tar.
    mutating func change(_ change: (inout [UInt8]) -> Void) {
        for key in tars.keys { if var tar = tars[key] { change(&tar); tars[key] = tar } }
    }

    func feed(_ layer: Layer) -> any FinishableFeed { ChunkedFeed(tars[layer.diffID.description] ?? []) }
}

/// Writes images to a file, durably.
func writeImages(
    _ images: [SavedImage], to path: String, replaces: Bool = false, checkpoint: Checkpoint = Checkpoint(),
    layer open: (Layer) -> any FinishableFeed
) throws {
    let writer = ImageArchiveWriter(images)
    try TarPublication(to: .path(path), replaces: replaces, isDurable: true).write(checkpoint: checkpoint) {
        (sink) throws(StorageError) in
        try writer.write(to: sink, checkpoint: checkpoint) { (layer) throws(StorageError) in open(layer) }
    }
}
