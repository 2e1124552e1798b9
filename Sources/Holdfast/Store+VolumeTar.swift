internal import Archive
internal import FileTree
public import StorageModel
internal import Volumes

extension Store {
    /// Writes a volume's data as a plain tar to a file, which appears whole or not at all, or to standard output.
    ///
    /// The first entry is `./`, the root directory with its owner, mode, times and attributes; everything else lies below it,
    /// in the order of the names, with attributes, ACLs, hard links and holes. The volume may be in use meanwhile.
    ///
    /// - Returns: what changed while it was read, or has no place in a tar.
    /// - Throws: ``StorageError/Code/notFound``; ``StorageError/Code/conflict`` if the file exists and is not to be replaced.
    public func exportVolume(
        _ name: VolumeName, to output: TarOutput, replaces: Bool = false, isDurable: Bool = true, checkpoint: Checkpoint
    ) throws(StorageError) -> [EntryNotice] {
        let opened = try volumes.open(name, for: .reading)
        checkpoint.progress.begin("exporting \(name)", totalEntries: nil, totalBytes: nil)
        let notices = try volumes.withData(of: opened) { root throws(StorageError) in
            let feed = TreeTarFeed(root, checkpoint: checkpoint)
            defer { feed.finish() }
            try TarPublication(to: output, replaces: replaces, isDurable: isDurable).write(checkpoint: checkpoint) {
                (sink) throws(StorageError) in
                var sink = sink
                while let chunk = try feed.nextChunk() {
                    try ByteSlice(chunk, 0..<chunk.count).withBytes { (part) throws(StorageError) in
                        try sink.write(part)
                    }
                }
            }
            return feed.changed + feed.skipped
        }
        withExtendedLifetime(opened) {}
        return notices
    }

    /// Brings a tar into a volume: a plain or a compressed one, of whichever program, from a file or standard input.
    ///
    /// The volume is made if it is missing. Otherwise it must be empty, unless `mode` says what becomes of what is in it. A
    /// stream that ends before its end, or none at all, changes nothing.
    ///
    /// - Parameter forces: also if somebody uses what is replaced.
    /// - Throws: as ``restore(_:checkpoint:)``.
    public func importVolume(
        _ name: VolumeName, from archive: ArchiveReference, mode: RestoreMode = .intoEmpty, forces: Bool = false,
        isDurable: Bool = true, checkpoint: Checkpoint
    ) throws(StorageError) -> RestoreReport {
        try restore(
            RestoreRequest(
                archive: archive, target: .volume(name), mode: mode, isDurable: isDurable, forces: forces),
            checkpoint: checkpoint)
    }
}
