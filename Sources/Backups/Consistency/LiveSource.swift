package import FileTree
package import Freezing
package import StorageModel

/// What the caller of a backup knows of its source that helps to keep it still.
package struct LiveSource: Sendable {
    /// The running containers of another engine that have the data, to be paused by that engine.
    package var containers: @Sendable () throws(StorageError) -> [Freeze.Container]
    /// Makes a place for a clone on the source's file system, if there is one.
    package var makeArea: @Sendable (SharedDescriptor) throws(FileError) -> CloneArea

    package init(
        containers: @escaping @Sendable () throws(StorageError) -> [Freeze.Container] = { () throws(StorageError) in []
        },
        makeArea: @escaping @Sendable (SharedDescriptor) throws(FileError) -> CloneArea = { root throws(FileError) in
            try CloneArea.make(beside: root.descriptor)
        }
    ) {
        self.containers = containers
        self.makeArea = makeArea
    }
}
