internal import FileTree
internal import StorageModel

/// When a directory of a volume counts as empty: nothing is in it, or the empty `lost+found` of a fresh file system, or
/// what Holdfast itself has hidden there for a moment.
enum Emptiness {
    private static let lostAndFound = Array("lost+found".utf8)

    static func isHidden(_ name: [UInt8]) -> Bool {
        name == HiddenPopulation.name || name == HiddenPopulation.partialName
    }

    static func holds(for directory: borrowing Descriptor) throws(FileError) -> Bool {
        var hasLostAndFound = false
        let others = try directory.hasEntry { name in
            if name == lostAndFound {
                hasLostAndFound = true
                return false
            }
            return !isHidden(name)
        }
        if others { return false }
        guard hasLostAndFound else { return true }
        guard try directory.status(of: lostAndFound).kind == .directory else { return false }
        return try directory.openDirectory(lostAndFound).isEmptyDirectory()
    }
}
