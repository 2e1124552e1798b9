internal import FileTree
internal import StorageModel

/// A population that is built inside of a volume, in a hidden directory: where its data directory cannot be exchanged because
/// somebody uses it, or because a file system is mounted there.
///
/// Complete and on disk, the hidden directory gets its final name in one step; from then on it will happen: whoever opens the
/// volume next moves the rest of its content to its place. A directory under the first name is work that nobody finishes.
/// Both are touched only under the volume's exclusive lease.
enum HiddenPopulation {
    static let name = Array(".holdfast-population".utf8)
    static let partialName = Array(".holdfast-population.partial".utf8)
    private static let contentName = Array("content".utf8)

    /// What a process left in the volume.
    enum Leftover {
        case none
        /// To be removed.
        case partial
        /// To be completed.
        case committed
    }

    static func leftover(in data: borrowing Descriptor) throws(FileError) -> Leftover {
        if try exists(name, in: data) { return .committed }
        return try exists(partialName, in: data) ? .partial : .none
    }

    /// Makes the empty directory to build in, which has nothing of the volume's own root.
    static func begin(in data: borrowing Descriptor) throws(FileError) -> Descriptor {
        try discard(in: data)
        try data.makeDirectory(partialName, mode: 0o700)
        let hidden = try data.openDirectory(partialName)
        try hidden.makeDirectory(contentName, mode: 0o700)
        let content = try hidden.openDirectory(contentName)
        // A default list of the volume's root would be passed on to everything that is made in it.
        for attribute in try content.extendedAttributes() where attribute.name.hasPrefix("system.posix_acl_") {
            try content.removeExtendedAttribute(attribute.name)
        }
        return content
    }

    /// Makes what was built final: after this it is in the volume whatever happens.
    static func commit(
        _ mark: PopulationMark, in data: borrowing Descriptor, isDurable: Bool
    ) throws(FileError) {
        try mark.write(to: try data.openDirectory(partialName), isDurable: isDurable)
        try Publication.publish(
            partialName, from: data, to: data, as: name, mode: .noReplace, isDurable: isDurable)
    }

    /// Removes what is not committed.
    static func discard(in data: borrowing Descriptor) throws(FileError) {
        if try exists(partialName, in: data) { try TreeRemoval.remove(partialName, in: data) }
    }

    /// Moves what is committed to its place, as far as that did not happen before, and sets the directory's own owner, mode,
    /// attributes and time.
    ///
    /// What somebody made meanwhile under the same name stays: a volume hides the image's data.
    /// - Parameter onDisk: called when everything is in its place and on disk, before the hidden directory goes.
    static func complete(
        in data: borrowing Descriptor, ownership: Bool, onDisk: (PopulationMark) throws(StorageError) -> Void
    ) throws(StorageError) {
        let mark: PopulationMark?
        do throws(FileError) {
            let hidden = try data.openDirectory(name)
            mark = try PopulationMark.read(in: hidden)
            if let mark { try place(hidden, mark, data, ownership) }
        } catch {
            throw StorageError(error, doing: "complete a population", object: error.path)
        }
        if let mark { try onDisk(mark) }
        do throws(FileError) {
            // The mark last: what it says is needed until nothing is left to be done. Only the time of the volume's own root,
            // which the removal changes, comes after it.
            let hidden = try data.openDirectory(name)
            if try exists(contentName, in: hidden) { try TreeRemoval.remove(contentName, in: hidden) }
            try TreeRemoval.remove(name, in: data)
            if let mark, mark.subpath.isRoot { try setTime(mark, of: data) }
            try data.sync()
        } catch {
            throw StorageError(error, doing: "complete a population", object: error.path)
        }
    }

    private static func place(
        _ hidden: borrowing Descriptor, _ mark: PopulationMark, _ data: borrowing Descriptor, _ ownership: Bool
    ) throws(FileError) {
        guard try exists(contentName, in: hidden) else { return }
        let content = try hidden.openDirectory(contentName)
        let target = try data.openDirectory(beneath: mark.subpath)
        for entry in try content.entries() { try move(entry.name, from: content, to: target) }
        try target.sync()
        var metadata = try content.status().metadata
        metadata.modifiedAt = mark.modifiedAt
        try target.applyMetadata(metadata, xattrs: try content.extendedAttributes(), ownership: ownership)
        try target.sync()
    }

    private static func move(
        _ name: [UInt8], from content: borrowing Descriptor, to target: borrowing Descriptor
    ) throws(FileError) {
        do throws(FileError) {
            try content.rename(name, to: target, name, mode: .noReplace)
        } catch  where error.errno == .exists {
            // Somebody's own entry. Of an empty `lost+found` the kernel itself says whether it may go.
            guard name == Array("lost+found".utf8) else { return }
            do throws(FileError) {
                try content.rename(name, to: target, name, mode: .replace)
            } catch  where error.errno == .notEmpty || error.errno == .exists {}
        }
    }

    /// The removal of the hidden directory was the last change.
    private static func setTime(_ mark: PopulationMark, of data: borrowing Descriptor) throws(FileError) {
        let current = try data.status()
        var metadata = current.metadata
        metadata.modifiedAt = mark.modifiedAt
        try data.applyMetadata(metadata, xattrs: [], ownership: false, current: current)
    }

    private static func exists(_ name: [UInt8], in data: borrowing Descriptor) throws(FileError) -> Bool {
        do throws(FileError) {
            _ = try data.status(of: name)
            return true
        } catch  where error.errno == .noEntry {
            return false
        }
    }
}
