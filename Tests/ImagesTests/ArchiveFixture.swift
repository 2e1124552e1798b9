import Archive
import FileTree
import Images
import StorageModel
import TestSupport
import Testing

/// A temporary directory with image archives, and a directory for what is spooled.
final class ArchiveFixture {
    let directory: TemporaryDirectory
    private let spool: Descriptor

    init() throws {
        directory = try TemporaryDirectory("images")
        spool = try Descriptor.openDirectory(atHostPath: try directory.makeDirectory("spool"))
    }

    /// The path of something in the directory.
    func callAsFunction(_ relative: String) -> String { directory(relative) }

    /// The images in an archive of this directory.
    func images(
        in name: String, for platform: Platform? = nil, limits: ArchiveLimits = ImageArchive.limits
    ) throws -> [LoadableImage] {
        try ImageArchive.open(.path(directory(name)), spool: spool, limits: limits, checkpoint: Checkpoint())
            .images(for: platform)
    }

    /// Writes some entries as an archive and reads it.
    func images(
        of members: [TarMember], _ compression: Compression = .none, for platform: Platform? = nil
    ) throws -> [LoadableImage] {
        try ImageLayout.write(members, to: directory("members.tar"), compression)
        return try images(in: "members.tar", for: platform)
    }

    /// Unpacks a tar of this directory into a new directory, by tar.
    func unpack(_ archive: String, to name: String) throws {
        try Tool.run("tar", "-xf", directory(archive), "-C", try directory.makeDirectory(name)).check()
    }

    /// How many files were spooled.
    func spooledFiles() throws -> Int { try spool.entries().count }
}

extension LayerBlob {
    /// The uncompressed tar, read as an unpacker does.
    func tar() throws -> [UInt8] {
        let feed = try TarFeed(blob, threads: 2, limits: ArchiveLimits(), interruption: Interruption())
        defer { feed.finish() }
        var result: [UInt8] = []
        while let chunk = try feed.nextChunk() { result += chunk }
        return result
    }
}

/// Checks that an image is the one that the fixture built: documents, names, and every byte of every layer.
func expect(
    _ image: LoadableImage, is fixture: ImageFixture, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    #expect(image.id.description == fixture.id, sourceLocation: sourceLocation)
    #expect(image.configuration.document == fixture.configuration, sourceLocation: sourceLocation)
    let names = try fixture.names.map { try ImageReference($0).canonical }
    #expect(image.names.map(\.canonical) == names, sourceLocation: sourceLocation)
    try #require(image.layers.count == fixture.layers.count, sourceLocation: sourceLocation)
    for (layer, expected) in zip(image.layers, fixture.layers) {
        #expect(layer.diffID.description == expected.diffID, sourceLocation: sourceLocation)
        #expect(try layer.tar() == expected.tar, sourceLocation: sourceLocation)
        if let digest = layer.digest {
            #expect(try layer.blob.digest(Checkpoint()) == digest, sourceLocation: sourceLocation)
        }
    }
}

/// Checks that every layer has the content that its DiffID promises: for archives that real tools wrote.
func expectWholeLayers(
    _ image: LoadableImage, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    #expect(image.layers.map(\.diffID) == image.configuration.diffIDs, sourceLocation: sourceLocation)
    for layer in image.layers {
        #expect(Checksum.digest(try layer.tar()) == layer.diffID.description, sourceLocation: sourceLocation)
        if let digest = layer.digest {
            #expect(try layer.blob.digest(Checkpoint()) == digest, sourceLocation: sourceLocation)
        }
    }
}

/// Checks that `body` throws an error of the code, whose message has all the words, and returns its text.
@discardableResult
func expectFailure(
    _ code: StorageError.Code, _ words: [String] = [], sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) -> String {
    do {
        try body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    } catch let error as StorageError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        for word in words { #expect(error.description.contains(word), "\(error)", sourceLocation: sourceLocation) }
        return error.description
    } catch {
        Issue.record("another error: \(error)", sourceLocation: sourceLocation)
    }
    return ""
}
