internal import FileTree
internal import Layers
internal import StorageModel

extension LayerStack {
    /// What is at a place of the image, links followed.
    func directoryOrEntry(
        at path: ContainerPath, of image: String
    ) throws(StorageError) -> FileStatus? {
        do throws(FileError) {
            return try followedEntry(at: path.entryPath)?.status
        } catch {
            throw StorageError(
                error,
                doing: "look for '\(path.rawValue.printable(limit: 200))' in image '\(image.printable(limit: 200))'",
                object: image)
        }
    }

    /// The content of a small file; empty if there is none.
    func text(of path: String, _ object: String) throws(StorageError) -> [UInt8] {
        let limitBytes = 16 << 20
        let text: [UInt8]
        do throws(FileError) {
            guard let entry = try followedEntry(at: EntryPath(trusted: Array(path.utf8))), entry.status.kind == .file
            else { return [] }
            text = try entry.parent.descriptor.openFile(entry.name, for: .reading).readToEnd(limitBytes: limitBytes + 1)
        } catch {
            throw StorageError(error, doing: "read '/\(path)' of \(object)", object: object)
        }
        guard text.count <= limitBytes else {
            throw StorageError(
                .limitExceeded, object: object,
                "'/\(path)' of \(object) is larger than \(ByteCount(UInt64(limitBytes)))",
                hint: "name the user by number")
        }
        return text
    }
}
