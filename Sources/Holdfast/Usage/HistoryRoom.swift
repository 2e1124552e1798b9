internal import FileTree
public import StorageModel
internal import Volumes

/// The file systems that hold sources.
public enum SourceRoom {
    /// How much room the file system has that holds a source (`fstatvfs(3)`).
    ///
    /// - Parameter store: needed for volumes of the store.
    /// - Throws: what opening the source throws: ``StorageModel/StorageError/Code/notFound`` and others.
    public static func of(
        _ source: SourceReference, in store: Store?, checkpoint: Checkpoint = Checkpoint()
    ) throws(StorageError) -> FileSystemRoom {
        try withRoot(of: source, in: store, checkpoint) { root throws(FileError) in
            try root.fileSystemRoom()
        }
    }

    /// Opens the directory of a source for as long as `body` runs.
    static func withRoot<Result>(
        of source: SourceReference, in store: Store?, _ checkpoint: Checkpoint,
        _ body: (borrowing Descriptor) throws(FileError) -> Result
    ) throws(StorageError) -> Result {
        let object = source.description
        func attempt(_ root: borrowing Descriptor) throws(StorageError) -> Result {
            do throws(FileError) { return try body(root) } catch {
                throw StorageError(error, doing: "look at '\(object.printable(limit: 200))'", object: object)
            }
        }
        switch source {
        case .volume(let name):
            guard let store else {
                throw StorageError(
                    .notFound, object: name.rawValue, "there is no store to look for volume '\(name)' in")
            }
            let opened = try store.volumes.open(name, for: .reading)
            let result = try store.volumes.withData(of: opened) { root throws(StorageError) in
                try attempt(root.descriptor)
            }
            withExtendedLifetime(opened) {}
            return result
        case .engineVolume(let reference):
            let opened = try EngineVolumes.client(reference.engine, checkpoint).open(reference.name)
            let result = try attempt(opened.data)
            withExtendedLifetime(opened) {}
            return result
        case .directory(let path):
            let root: Descriptor
            do throws(FileError) { root = try Descriptor.openDirectory(atHostPath: path) } catch {
                throw StorageError(error, doing: "open '\(path.printable(limit: 200))'", object: path)
            }
            return try attempt(root)
        }
    }
}
