internal import FileTree
public import StorageModel
internal import Volumes

/// The file systems that hold sources.
public enum SourceRoom {
    /// How much room the file system has that holds a source (`fstatvfs(3)`). A volume whose device is not mounted is mounted
    /// for the question; no lease is taken otherwise.
    ///
    /// - Parameter store: needed for volumes of the store.
    /// - Throws: what opening the source throws: ``StorageModel/StorageError/Code/notFound`` and others.
    public static func of(
        _ source: SourceReference, in store: Store?, checkpoint: Checkpoint = Checkpoint()
    ) throws(StorageError) -> FileSystemRoom {
        func ask(_ root: SharedDescriptor) throws(StorageError) -> FileSystemRoom {
            do throws(FileError) { return try root.descriptor.fileSystemRoom() } catch {
                throw StorageError(error, doing: "look at '\(source)'", object: source.description)
            }
        }
        let opened = try UsageSources.open([source], store, checkpoint)
        defer { withExtendedLifetime(opened) {} }
        switch opened.first?.place {
        case .open(let root): return try ask(root)
        case .device(let name):
            if let store { return try store.volumes.withDataToMeasure(of: name, ask) }
        case .failed(let error): throw error
        case nil: break
        }
        throw StorageError(.notFound, object: source.description, "'\(source)' could not be opened")
    }
}
