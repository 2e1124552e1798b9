internal import FileTree
internal import StorageModel

/// What is copied.
enum CopySource: Sendable {
    /// A directory with everything in it, under the name; its content alone if there is no name.
    case directory(SharedDescriptor, name: [UInt8]?)
    /// Anything else: the entry of a directory, and the name that the copy has.
    case entry(in: SharedDescriptor, [UInt8], name: [UInt8])

    var isDirectory: Bool { if case .directory = self { true } else { false } }

    /// The name of the copy in a directory; `nil` for a directory's content.
    var name: [UInt8]? {
        switch self {
        case .directory(_, let name): name
        case .entry(_, _, let name): name
        }
    }
}

extension CopyEndpoint {
    /// More links than anybody makes on purpose.
    private static let linkLimit = 40

    /// Finds what is to be copied, inside the root. A link at the end of the path is copied itself, unless it is to be
    /// followed or the path says that it is a directory; the copy has the link's name.
    ///
    /// - Throws: ``StorageModel/StorageError/Code/notFound``.
    func source(followsLink: Bool) throws(StorageError) -> CopySource {
        do throws(FileError) {
            if path.assertsDirectory {
                // A file with a slash behind it is none: ENOTDIR.
                let directory = SharedDescriptor(try root.descriptor.openDirectory(inRoot: path.bytes))
                return .directory(directory, name: path.meansContent ? nil : path.name)
            }
            return try find(path.bytes, followsLink: followsLink)
        } catch {
            throw failure(error, "copy")
        }
    }

    private func find(_ start: [UInt8], followsLink: Bool) throws(FileError) -> CopySource {
        var text = start
        for _ in 0...Self.linkLimit {
            let place = try root.descriptor.resolveParent(inRoot: text)
            let directory = SharedDescriptor(try place.directory.duplicate())
            if place.name.isEmpty { return .directory(directory, name: path.name) }
            switch try directory.descriptor.status(of: place.name).kind {
            case .directory:
                return .directory(SharedDescriptor(try directory.descriptor.openDirectory(place.name)), name: path.name)
            case .symbolicLink where followsLink:
                text = LinkText.joined(try directory.descriptor.readLink(place.name), to: text)
            default: return .entry(in: directory, place.name, name: path.name)
            }
        }
        throw FileError(operation: "readlinkat", path: label, errno: .tooManyLevels)
    }
}

/// The text of links.
enum LinkText {
    /// The path that a link leads to, in the root that `path`, the link's own path, is resolved in.
    static func joined(_ target: [UInt8], to path: [UInt8]) -> [UInt8] {
        let slash = UInt8(ascii: "/")
        if target.first == slash { return target }
        let trimmed = path.prefix((path.lastIndex { $0 != slash } ?? -1) + 1)
        return Array(trimmed.prefix((trimmed.lastIndex(of: slash) ?? -1) + 1)) + target
    }
}
