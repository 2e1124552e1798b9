import Archive
import FileTree
import StorageModel
import TestSupport

/// A small image, made in code: real layers as tars, one of them compressed by gzip, and the documents around them.
struct TestImage: Sendable {
    let layers: [(descriptor: ContentDescriptor, bytes: [UInt8])]
    let configuration: [UInt8]
    let manifest: [UInt8]

    var configurationDescriptor: ContentDescriptor {
        ContentDescriptor(
            mediaType: MediaType.ociConfiguration, digest: ContentHasher.digest(configuration),
            sizeBytes: UInt64(configuration.count))
    }
    var manifestDigest: Digest { ContentHasher.digest(manifest) }
    var blobs: [Digest: [UInt8]] {
        var result = [configurationDescriptor.digest: configuration]
        for layer in layers { result[layer.descriptor.digest] = layer.bytes }
        return result
    }

    /// - Parameters:
    ///   - layerBytes: the size of what is in each layer.
    ///   - compress: compresses every other layer.
    init(
        seed: UInt64, layerBytes: [Int] = [200_000, 40_000], architecture: String = "amd64",
        compress: ([UInt8]) throws -> [UInt8] = { try Tool.run("gzip", "-nc", input: .bytes($0)).check().output }
    ) throws {
        let directory = try TemporaryDirectory("image")
        let builder = try TreeBuilder(directory.path)
        var generator = SeededGenerator(seed: seed)
        var layers: [(ContentDescriptor, [UInt8])] = []
        var diffIDs: [JSONValue] = []
        for (index, size) in layerBytes.enumerated() {
            let content = (0..<(size + 7) / 8).flatMap { _ in
                withUnsafeBytes(of: generator.next()) { Array($0) }
            }
            try builder.file(
                "file\(index)", String(decoding: content.prefix(size / 2).map { $0 & 0x7f }, as: UTF8.self))
            let tar = try Tool.run("tar", "-cf", "-", "--sort=name", "--mtime=@1", "-C", directory.path, "file\(index)")
                .check().output
            diffIDs.append(.string(ContentHasher.digest(tar).description))
            let isCompressed = index % 2 == 0
            let bytes = isCompressed ? try compress(tar) : tar
            let type = isCompressed ? MediaType.ociLayerGzip : MediaType.ociLayer
            layers.append((Self.describe(bytes, type), bytes))
        }
        let document: JSONValue = [
            "os": .string("linux"), "architecture": .string(architecture), "config": ["Env": .array([.string("A=1")])],
            "rootfs": ["type": .string("layers"), "diff_ids": .array(diffIDs)],
        ]
        configuration = Array(document.prettyText().utf8)
        self.layers = layers.map { (descriptor: $0.0, bytes: $0.1) }
        let manifest = ImageManifest(
            mediaType: MediaType.ociManifest, configuration: Self.describe(configuration, MediaType.ociConfiguration),
            layers: layers.map(\.0))
        // Indented, so that who writes it anew is found out.
        self.manifest = Array(manifest.json.prettyText().utf8)
    }

    static func describe(_ bytes: [UInt8], _ mediaType: String) -> ContentDescriptor {
        ContentDescriptor(
            mediaType: mediaType, digest: ContentHasher.digest(bytes), sizeBytes: UInt64(bytes.count))
    }

    /// Writes an OCI layout, which skopeo reads as `oci:PATH:TAG`.
    func writeLayout(to path: String, tag: String) throws {
        try Tool.run("mkdir", "-p", "\(path)/blobs/sha256").check()
        let root = try TreeBuilder(path)
        let blobDirectory = try TreeBuilder("\(path)/blobs/sha256")
        for (digest, bytes) in blobs { try blobDirectory.file(Array(digest.hex.utf8), bytes) }
        try blobDirectory.file(Array(manifestDigest.hex.utf8), manifest)
        try root.file("oci-layout", #"{"imageLayoutVersion":"1.0.0"}"#)
        let entry: JSONValue = [
            "mediaType": .string(MediaType.ociManifest), "digest": .string(manifestDigest.description),
            "size": .unsigned(UInt64(manifest.count)),
            "annotations": ["org.opencontainers.image.ref.name": .string(tag)],
        ]
        try root.file(
            "index.json", (["schemaVersion": .unsigned(2), "manifests": .array([entry])] as JSONValue).compactText)
    }
}
