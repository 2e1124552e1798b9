import Archive
import Catalog
import FileTree
import Layers
import StorageModel
import TestSupport
import Testing

/// A layer store of its own in a temporary directory.
final class LayerFixture {
    let directory: TemporaryDirectory
    let catalog: Catalog
    let layers: LayerStore
    private let staging: Descriptor

    init() throws {
        directory = try TemporaryDirectory("layers")
        for name in ["layers", "staging", "trash"] { _ = try directory.makeDirectory(name) }
        catalog = try Catalog(in: try Descriptor.openDirectory(atHostPath: directory.path), hostPath: directory.path)
        staging = try Descriptor.openDirectory(atHostPath: directory("staging"))
        layers = LayerStore(
            catalog: catalog, directory: try Descriptor.openDirectory(atHostPath: directory("layers")),
            trash: try Descriptor.openDirectory(atHostPath: directory("trash")))
    }

    /// Unpacks tars, the lowest first, and publishes them.
    ///
    /// - Returns: the uppermost layer, and what could not be made as they say.
    @discardableResult
    func add(
        _ tars: [[UInt8]], claiming digests: [String]? = nil, threads: Int = 2
    ) throws -> (top: Digest, notices: [EntryNotice]) {
        var sources: [LayerSource] = []
        for (index, tar) in tars.enumerated() {
            let path = directory("tar-\(index)")
            try TreeBuilder(directory.path).file(Array("tar-\(index)".utf8), tar)
            let file = SharedDescriptor(try Descriptor.openFile(atHostPath: path))
            let blob = StoredBlob(file: file, range: 0..<UInt64(tar.count), name: path)
            sources.append(
                LayerSource(.blob(blob), diffID: try #require(Digest(parsing: digests?[index] ?? Checksum.digest(tar))))
            )
        }
        return try add(sources, threads: threads)
    }

    /// Commits what an upper directory has as a layer on another.
    func add(changesIn upper: SharedDescriptor, on base: Digest?) throws -> Digest {
        let form = layers.form
        let source = LayerSource(
            .stream(name: "changes") {
                ChangeTar.feed(of: upper, without: [], form: form, mapping: nil, checkpoint: Checkpoint())
            })
        return try add([source], on: base, threads: 1).top
    }

    private func add(
        _ sources: [LayerSource], on base: Digest? = nil, threads: Int
    ) throws -> (top: Digest, notices: [EntryNotice]) {
        let area = try StagingArea.make(in: staging)
        defer { try? area.discard() }
        let assembly = try LayerAssembly(
            sources, on: base, in: layers, area: area, threads: threads, isDurable: false, checkpoint: Checkpoint())
        try assembly.unpack()
        let isPublished = try catalog.transaction { transaction throws(StorageError) in
            try assembly.publish(in: transaction)
        }
        #expect(isPublished)
        return (try #require(assembly.top), assembly.notices)
    }

    func add(_ members: [[TarMember]]) throws -> Digest { try add(members.map(\.tar)).top }

    /// What lies in the store's directory of that name.
    func content(of name: String) throws -> [String] { try Tool.run("ls", "-A", directory(name)).check().lines }

    /// The host path of a layer's own tree.
    func tree(_ layer: Digest) -> String { directory("layers/\(layer.hex)/diff") }

    /// The layer's tar, put together again.
    func rebuilt(_ layer: Digest) throws -> [UInt8] {
        let feed = try layers.tar(of: layer, checkpoint: Checkpoint())
        defer { feed.finish() }
        var bytes: [UInt8] = []
        while let chunk = try feed.nextChunk() { bytes += chunk }
        return bytes
    }

    /// What the verifier says of a layer.
    func findings(_ layer: Digest) throws -> [String] {
        let record = try #require(try catalog.read { transaction throws(StorageError) in try transaction.layer(layer) })
        return try LayerVerifier(record, in: layers, checkpoint: Checkpoint()).run()
    }

    /// Mounts the layers by mount(8), for the kernel's own opinion, while `body` runs.
    func withMerged<Result>(_ top: Digest, _ body: (String) throws -> Result) throws -> Result {
        let chain = try catalog.read { transaction throws(StorageError) in try transaction.chain(to: top) }
        let lowers = chain.reversed().map { tree($0.chainID) }
        let place = directory("merged")
        let empty = directory("empty")
        try Tool.run("mkdir", "-p", place, empty).check()
        let options = "lowerdir=\((lowers + [empty]).joined(separator: ":")),index=off,metacopy=off,redirect_dir=off"
        try Tool.run("mount", "-t", "overlay", "overlay", "-o", options, place).check()
        defer { _ = try? Tool.run("umount", place) }
        return try body(place)
    }
}
