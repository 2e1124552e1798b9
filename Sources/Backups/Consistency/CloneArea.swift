package import FileTree
internal import StorageModel

/// Where a clone of the source is made, swept by others if this process dies.
package enum CloneArea: Sendable {
    /// An area of the store's staging directory.
    case staging(StagingArea)
    /// A hidden directory beside the source.
    case sibling(SiblingStaging)

    private static let content = Array("content".utf8)

    /// Makes an area in a store.
    package static func make(in staging: borrowing Descriptor) throws(FileError) -> CloneArea {
        let area = try StagingArea.make(in: staging)
        try area.directory.makeDirectory(content, mode: 0o700)
        return .staging(area)
    }

    /// Makes an area beside a directory, on whatever file system it lies there.
    ///
    /// - Throws: `EXDEV` for the root of the host, beside which there is nothing.
    package static func make(beside root: borrowing Descriptor) throws(FileError) -> CloneArea {
        let above = try Descriptor.openDirectory(atHostPath: "/proc/self/fd/\(root.rawValue)/..")
        guard try above.status().identity != root.status().identity else {
            throw FileError("openat", path: "..", errno: .crossDevice)
        }
        return .sibling(try SiblingStaging(in: above))
    }

    /// The area itself.
    var directory: SharedDescriptor {
        get throws(FileError) {
            switch self {
            case .staging(let area): SharedDescriptor(try area.directory.duplicate())
            case .sibling(let area): SharedDescriptor(try area.directory.duplicate())
            }
        }
    }

    /// The empty directory that becomes the clone.
    func openContent() throws(FileError) -> SharedDescriptor {
        SharedDescriptor(try directory.descriptor.openDirectory(Self.content))
    }

    /// Removes the clone. What cannot be removed now, the next sweep removes.
    func discard() {
        switch self {
        case .staging(let area): try? area.discard()
        case .sibling(let area): area.discard()
        }
    }
}
