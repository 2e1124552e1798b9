internal import FileTree
internal import StorageModel

/// The directory that a container's process starts in.
enum WorkingDirectory {
    /// Docker's order: the container's, the image's, `/`.
    ///
    /// - Throws: ``StorageError/Code/invalidInput`` for one that is not absolute.
    static func path(
        _ settings: ContainerSettings, _ configuration: ImageConfiguration, of object: String
    ) throws(StorageError) -> String {
        let chosen = [settings.workingDirectory, configuration.workingDirectory].first { !$0.isEmpty } ?? "/"
        guard chosen.hasPrefix("/"), !chosen.utf8.contains(0) else {
            throw StorageError(
                .invalidInput, object: object,
                "the working directory '\(chosen.printable(limit: 200))' of \(object) is not an absolute path",
                hint: "give one that begins with /")
        }
        return chosen
    }

    /// Makes what is missing of the path, inside the root, by descriptor; links are followed inside the root only. New
    /// directories belong to root, that is, to the host's id of root inside.
    static func make(
        _ path: String, in root: borrowing Descriptor, _ mapping: IdentityMapping?, of object: String
    ) throws(StorageError) {
        do throws(FileError) {
            try make(path.utf8.split(separator: UInt8(ascii: "/")).map { Array($0) }, in: root, mapping)
        } catch {
            let shown = path.printable(limit: 200)
            throw StorageError(error, doing: "make the working directory '\(shown)' in \(object)", object: object)
        }
    }

    private static func make(
        _ components: [[UInt8]], in root: borrowing Descriptor, _ mapping: IdentityMapping?
    ) throws(FileError) {
        var reached: [UInt8] = []
        for component in components {
            let above = reached.isEmpty ? Array("/".utf8) : reached
            reached += [UInt8(ascii: "/")] + component
            do throws(FileError) {
                _ = try root.openDirectory(inRoot: reached)
            } catch  where error.errno == .noEntry {
                let parent = try root.openDirectory(inRoot: above)
                try parent.makeDirectory(component, mode: 0o755)
                let made = try parent.openDirectory(component)
                let owner = (mapping?.outside(of: 0) ?? 0)
                let status = try made.status()
                try made.applyMetadata(
                    EntryMetadata(mode: 0o755, uid: owner, gid: owner, modifiedAt: status.modifiedAt), xattrs: [],
                    ownership: true, current: status)
            }
        }
    }
}
