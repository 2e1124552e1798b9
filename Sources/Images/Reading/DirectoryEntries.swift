internal import Archive
internal import FileTree
internal import StorageModel

/// The files of an image layout that lies unpacked in a directory. Each is opened once, when it is asked for.
///
/// Nothing outside of the directory is ever opened: symbolic links are followed by their text, inside of it.
final class DirectoryEntries: ImageEntries {
    let name: String
    private let root: Descriptor
    private let opened = Monitor([EntryPath: StoredBlob]())

    init(_ root: consuming Descriptor, name: String) {
        self.root = root
        self.name = name
    }

    var resemblesRootFileSystem: Bool {
        // What cannot be looked at is not recognised: this decides about a hint only.
        ["etc", "usr"].allSatisfy { (try? root.status(of: Array($0.utf8)).kind) == .directory }
    }

    func entry(at path: EntryPath) throws(StorageError) -> ImageEntry? {
        if let blob = opened.update({ $0[path] }) { return .file(blob) }
        do throws(FileError) {
            let directory = try root.openDirectory(beneath: path.parent)
            switch try directory.status(of: path.name).kind {
            case .file: return try open(path, in: directory)
            case .symbolicLink:
                return path.resolvingLink(try directory.readLink(path.name)).map { .link($0) } ?? .linkToOutside
            default: return .other
            }
        } catch {
            if error.errno == .noEntry || error.errno == .notDirectory { return nil }
            throw StorageError(
                error, doing: "read \(path.description.printable(limit: 300)) of \(name)", object: name)
        }
    }

    private func open(_ path: EntryPath, in directory: borrowing Descriptor) throws(FileError) -> ImageEntry {
        let file = try directory.openFile(path.name, for: .reading)
        let status = try file.status()
        // Exchanged since it was looked at.
        guard status.kind == .file else { return .other }
        let blob = StoredBlob(
            file: SharedDescriptor(file), range: 0..<status.sizeBytes,
            name: "\(path.description.printable(limit: 300)) of \(name)")
        opened.update { $0[path] = blob }
        return .file(blob)
    }
}
