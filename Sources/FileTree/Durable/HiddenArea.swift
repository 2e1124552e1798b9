internal import StorageModel

/// A hidden directory in a directory that belongs to somebody else, in which something is built that is then renamed to its
/// name there: the two are on the same file system, which a place elsewhere would not be.
///
/// Gone with ``discard()``. A process that is killed leaves it, called `.holdfast-`, 32 digits, `.copy`: it may be deleted.
package final class HiddenArea: Sendable {
    /// The empty directory to build in.
    package let content: Descriptor
    /// What a walk over the directory leaves out.
    package let identity: FileIdentity
    private let parent: Descriptor
    private let name: [UInt8]

    package init(in parent: borrowing Descriptor) throws(FileError) {
        let name = Array(".holdfast-".utf8) + RandomName.make() + Array(".copy".utf8)
        self.name = name
        self.parent = try parent.duplicate()
        try parent.makeDirectory(name)
        content = try parent.openDirectory(name)
        identity = try content.status().identity
    }

    /// Removes the area with everything that was not renamed away. What cannot be removed stays, hidden.
    package func discard() { try? TreeRemoval.remove(name, in: parent) }
}
