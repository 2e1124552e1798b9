package import Archive
internal import FileTree
package import StorageModel

/// Saves images to a file, which appears whole or not at all, or to standard output.
package struct ImageSaving: Sendable {
    private let output: ImageOutput
    private let replaces: Bool
    private let isDurable: Bool

    /// - Parameters:
    ///   - replaces: whether a file that exists is replaced.
    ///   - isDurable: whether to return only when the file would survive a power cut.
    package init(to output: ImageOutput, replaces: Bool, isDurable: Bool) {
        self.output = output
        self.replaces = replaces
        self.isDurable = isDurable
    }

    /// - Parameter open: gives the uncompressed tar of a layer.
    /// - Throws: ``StorageError/Code/conflict`` if the file exists, before anything is written;
    ///   ``StorageError/Code/damaged``, ``StorageError/Code/noSpace``, after which nothing is left of it.
    package func save(
        _ images: [SavedImage], checkpoint: Checkpoint,
        layer open: (Layer) throws(StorageError) -> any FinishableFeed
    ) throws(StorageError) {
        let writer = ImageArchiveWriter(images)
        guard case .path(let path) = output else {
            return try writer.write(to: try standardOutput(), checkpoint: checkpoint, layer: open)
        }
        let (directory, name) = HostPath.split(path)
        guard replaces || !HostPath.exists(name, in: directory) else {
            throw StorageError(
                .conflict, object: path, "'\(path.printable())' exists",
                hint: "choose another name, or replace it with --force")
        }
        let publication = try ArchivePublication(inDirectory: directory)
        try writer.write(
            to: try publication.makeSink(isDurable: isDurable), checkpoint: checkpoint, layer: open)
        try checkpoint.interruption.check()
        _ = try publication.publish([name], replaces: replaces, isDurable: isDurable)
    }

    private func standardOutput() throws(StorageError) -> FileSink {
        do throws(FileError) {
            return FileSink(
                SharedDescriptor(try Descriptor.standardOutput()), name: "standard output", startsWriteback: false)
        } catch {
            throw StorageError(error, doing: "write to standard output", object: "-")
        }
    }
}
