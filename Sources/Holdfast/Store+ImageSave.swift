internal import Archive
internal import Catalog
internal import Images
internal import Layers
public import StorageModel

extension Store {
    /// Writes images as one tar that Docker, Podman, containerd and skopeo load: configuration and layers are bit for bit what
    /// came in, so that ids and digests are the same.
    ///
    /// Every layer is put together from its skeleton and compared with its digest on the way; a file appears whole or not at
    /// all.
    ///
    /// - Parameter texts: names, which are saved with the images, or the beginnings of ids, which stand for the image with
    ///   all its names.
    /// - Throws: ``StorageError/Code/notFound``; ``StorageError/Code/damaged`` naming a layer that is not what was loaded.
    public func saveImages(
        _ texts: [String], to output: TarOutput, replaces: Bool = false, isDurable: Bool = true,
        checkpoint: Checkpoint
    ) throws(StorageError) {
        var saved: [SavedImage] = []
        for text in texts { saved.append(try savedImage(text)) }
        let (writer, layers) = (ImageArchiveWriter(saved), layers)
        try TarPublication(to: output, replaces: replaces, isDurable: isDurable).write(checkpoint: checkpoint) {
            (sink) throws(StorageError) in
            try writer.write(to: sink, checkpoint: checkpoint) { (layer) throws(StorageError) in
                try layers.tar(of: layer.chainID, checkpoint: checkpoint)
            }
        }
    }

    private func savedImage(_ text: String) throws(StorageError) -> SavedImage {
        let details = try inspectImage(text)
        var names = details.image.tags
        if let reference = Self.reference(text), names.contains(reference) { names = [reference] }
        return try SavedImage(
            id: details.image.id, configuration: details.configuration, names: names, layers: details.layers)
    }

    private static func reference(_ text: String) -> ImageReference? {
        do throws(StorageError) { return try ImageReference(text) } catch { return nil }
    }
}
