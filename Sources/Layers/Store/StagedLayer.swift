package import FileTree
internal import StorageModel

/// A layer under construction in a staging area: its tree, its skeleton, and what its tree cannot hold.
///
/// It becomes a layer when ``LayerStore/publish(_:in:isDurable:)`` renames it; the owner of the area discards the rest.
package final class StagedLayer: Sendable {
    static let treeName = Array("diff".utf8)
    static let skeletonName = Array("skeleton.zst".utf8)
    static let shadowedName = Array("shadowed".utf8)

    /// The directory of the area that it is built in, and its name there.
    let area: StagingArea
    let name: [UInt8]
    let directory: Descriptor
    /// The root of the tree.
    package let tree: SharedDescriptor
    let skeleton: SharedDescriptor

    /// - Parameter number: tells several layers of one area apart.
    package init(in area: StagingArea, number: Int) throws(FileError) {
        self.area = area
        name = Array("layer-\(number)".utf8)
        try area.directory.makeDirectory(name, mode: 0o700)
        let directory = try area.directory.openDirectory(name)
        try directory.makeDirectory(Self.treeName, mode: 0o755)
        tree = SharedDescriptor(try directory.openDirectory(Self.treeName))
        skeleton = SharedDescriptor(try directory.createFile(Self.skeletonName))
        self.directory = directory
    }

    /// The directory for data that the tree cannot hold; made at its first use.
    func shadowed() throws(FileError) -> Descriptor {
        do throws(FileError) {
            try directory.makeDirectory(Self.shadowedName, mode: 0o700)
        } catch  where error.errno == .exists {}
        return try directory.openDirectory(Self.shadowedName)
    }
}
