/// How tests compress what they built: by the real tools.
package enum Compression: String, CaseIterable, Sendable {
    case none, gzip, bzip2, xz, zstd
    /// zstd behind a skippable frame, as zstd:chunked and pzstd write it.
    case zstdBehindSkippable

    package func apply(to bytes: [UInt8]) throws -> [UInt8] {
        switch self {
        case .none: bytes
        case .gzip: try Tool.run("gzip", "-nc", input: .bytes(bytes)).check().output
        case .bzip2: try Tool.run("bzip2", "-c", input: .bytes(bytes)).check().output
        case .xz: try Tool.run("xz", "-c", input: .bytes(bytes)).check().output
        case .zstd: try Tool.run("zstd", "-qc", input: .bytes(bytes)).check().output
        case .zstdBehindSkippable:
            [0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4] + (try Compression.zstd.apply(to: bytes))
        }
    }

    /// The media type of a layer that is compressed so; of the plain tar for what has none of its own.
    package var layerMediaType: String {
        let plain = "application/vnd.oci.image.layer.v1.tar"
        return switch self {
        case .gzip: plain + "+gzip"
        case .zstd, .zstdBehindSkippable: plain + "+zstd"
        default: plain
        }
    }
}
