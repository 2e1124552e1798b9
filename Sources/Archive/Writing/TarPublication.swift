internal import FileTree
package import StorageModel

/// Writes a tar to a file, which appears whole or not at all, or to standard output.
package struct TarPublication: Sendable {
    private let output: TarOutput
    private let replaces: Bool
    private let isDurable: Bool

    /// - Parameters:
    ///   - replaces: whether a file that exists is replaced.
    ///   - isDurable: whether to return only when the file would survive a power cut.
    package init(to output: TarOutput, replaces: Bool, isDurable: Bool) {
        self.output = output
        self.replaces = replaces
        self.isDurable = isDurable
    }

    /// - Parameter body: writes the tar.
    /// - Throws: ``StorageError/Code/conflict`` if the file exists, before anything is written; what `body` throws,
    ///   ``StorageError/Code/noSpace``, after which nothing is left of the file.
    package func write(
        checkpoint: Checkpoint, _ body: (consuming FileSink) throws(StorageError) -> Void
    ) throws(StorageError) {
        guard case .path(let path) = output else { return try body(try standardOutput()) }
        let (directory, name) = HostPath.split(path)
        guard replaces || !HostPath.exists(name, in: directory) else {
            throw StorageError(
                .conflict, object: path, "'\(path.printable())' exists",
                hint: "choose another name, or replace it with --force")
        }
        let publication = try ArchivePublication(inDirectory: directory)
        try body(try publication.makeSink(isDurable: isDurable))
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
