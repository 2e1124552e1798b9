internal import Archive
internal import StorageModel

/// What lies in an image archive, by path: the entries of a tar, or the files below a directory.
protocol ImageEntries: Sendable {
    /// The archive's name for messages, in quotes where it is a path.
    var name: String { get }

    /// Whether it looks like the root file system of a machine or container.
    var resemblesRootFileSystem: Bool { get }

    /// What is called `path`, without following it if it is a link; `nil` if nothing is.
    func entry(at path: EntryPath) throws(StorageError) -> ImageEntry?
}

/// One entry of an image archive, as far as it can hold a blob.
enum ImageEntry: Sendable {
    case file(StoredBlob)
    /// A hard or symbolic link to another entry.
    case link(EntryPath)
    /// A symbolic link that leads out of the archive.
    case linkToOutside
    /// A file whose holes are left out, so that its bytes are not in one piece.
    case sparseFile
    case other
}

extension ImageEntries {
    /// The file called `path`, links followed inside of the archive.
    ///
    /// - Returns: `nil` if there is none, at the end of a link neither.
    /// - Throws: ``StorageError/Code/damaged`` for a link that leads out or in circles.
    func file(at path: EntryPath) throws(StorageError) -> StoredBlob? {
        var current = path
        for _ in 0..<linkLimit {
            switch try entry(at: current) {
            case .file(let blob): return blob
            case .link(let target): current = target
            case .linkToOutside: throw damaged(path, "is a link that leads out of the archive")
            case .sparseFile:
                throw damaged(path, "is stored sparse", hint: "pack the archive again without --sparse")
            case .other: throw damaged(path, "is not a file")
            case nil: return nil
            }
        }
        throw damaged(path, "is a link that leads in circles")
    }

    /// Real archives have links to files, not to further links.
    private var linkLimit: Int { 8 }

    private func damaged(_ path: EntryPath, _ reason: String, hint: String? = nil) -> StorageError {
        StorageError(
            .damaged, object: name, "\(path.description.printable(limit: 300)) of \(name) \(reason)", hint: hint)
    }
}

extension EntryPath {
    /// Where a symbolic link of this path with the given target leads, judged by the text alone: no entry above it is
    /// looked at.
    ///
    /// - Returns: `nil` if it leads out of the root, or is absolute.
    func resolvingLink(_ target: [UInt8]) -> EntryPath? {
        guard target.first != UInt8(ascii: "/"), !target.contains(0) else { return nil }
        var path = parent
        for component in target.split(separator: UInt8(ascii: "/")) where !component.elementsEqual(".".utf8) {
            if component.elementsEqual("..".utf8) {
                if path.isRoot { return nil }
                path = path.parent
            } else {
                path = path.appending(component)
            }
        }
        return path
    }
}
