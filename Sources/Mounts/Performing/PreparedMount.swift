package import FileTree
package import StorageModel

/// A mount of a container that is ready to be attached: its source, with owners, restrictions and propagation as they were
/// asked for. Attached nowhere, it is gone with this value.
package final class PreparedMount: Sendable {
    package let spec: MountSpec
    /// Whether it is a directory; otherwise a single file, socket or device.
    package let isDirectory: Bool
    private let tree: DetachedMount

    init(_ spec: MountSpec, _ tree: consuming DetachedMount) throws(FileError) {
        self.spec = spec
        isDirectory = try tree.status().kind == .directory
        self.tree = tree
    }

    /// What the mount forbids, by itself or by what its source is mounted with.
    package func restrictions() throws(FileError) -> MountRestrictions { try tree.restrictions() }

    /// Attaches it. Attached it stays when this value is gone.
    ///
    /// - Parameter isFinal: whether the container uses it there. Otherwise it is a place that it is mounted from again, which
    ///   an unbindable mount could not be.
    func attach(onto place: borrowing Descriptor, isFinal: Bool) throws(FileError) {
        try tree.share().attach(onto: place, isFinal ? spec.propagation : nil)
    }

    /// Takes it away again where it was attached.
    func detach() throws(FileError) { try Unmounting.detach(tree) }
}
