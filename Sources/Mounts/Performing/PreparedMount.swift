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

    /// A copy of one that is attached side by side with others for a runtime (``MountAttachment/stage(_:at:in:doing:object:)``).
    ///
    /// - Parameter stage: the directory that they are attached in.
    package static func copying(
        _ spec: MountSpec, number: Int, from stage: borrowing Descriptor
    ) throws(StorageError) -> PreparedMount {
        do throws(FileError) {
            let place = try stage.openPlace(inRoot: String(number).utf8)
            return try PreparedMount(spec, try DetachedMount.copying(place, recursively: true))
        } catch {
            throw spec.failure(error)
        }
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
