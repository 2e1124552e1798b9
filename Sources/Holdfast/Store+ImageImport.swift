internal import Archive
internal import FileTree
internal import Layers
public import StorageModel

extension Store {
    /// Makes an image of one layer from the tar of a root file system: plain, or compressed by gzip, bzip2, xz, lz4 or zstd.
    ///
    /// - Parameters:
    ///   - reference: the image's name; `nil` for none.
    ///   - changes: to its configuration, which is empty otherwise.
    public func importImage(
        from input: ImageInput, as reference: ImageReference?, changes: [ConfigurationChange] = [],
        comment: String = "",
        platform: Platform = .current, isDurable: Bool = true, checkpoint: Checkpoint
    ) throws(StorageError) -> LoadedImage {
        guard reference?.digest == nil else {
            throw StorageError(
                .invalidInput, object: reference?.description ?? "", "a new image has no digest yet",
                hint: "write NAME:TAG")
        }
        checkpoint.progress.begin("importing \(input)", totalEntries: nil, totalBytes: nil)
        let file = try Self.open(input)
        let name = input.description
        let source = LayerSource(
            .stream(name: name) { () throws(StorageError) in
                try TarFeed(
                    file, name: name, threads: WorkerPool.defaultThreads, limits: ArchiveLimits(),
                    interruption: checkpoint.interruption)
            })
        let step = ImageStep(
            created: .now, createdBy: "", comment: comment.isEmpty ? "Imported from \(name)" : comment)
        return try loading(isDurable: isDurable, checkpoint: checkpoint).make(
            source, on: nil, names: reference.map { [$0] } ?? []
        ) { diffID throws(StorageError) in
            Array(ImageConfiguration.new(diffID, step, platform: platform, changes: changes).compactText.utf8)
        }
    }

    private static func open(_ input: ImageInput) throws(StorageError) -> SharedDescriptor {
        do throws(FileError) {
            switch input {
            case .standardInput: return SharedDescriptor(try Descriptor.standardInput())
            case .path(let path): return SharedDescriptor(try Descriptor.openFile(atHostPath: path))
            }
        } catch {
            throw StorageError(error, doing: "read '\(input)'", object: input.description)
        }
    }
}
