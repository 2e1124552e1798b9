internal import FileTree
internal import StorageModel

/// Where a copy goes.
enum CopyTarget: Sendable {
    case directory(SharedDescriptor)
    /// A file, or something else that is no directory, which the copy replaces.
    case existing(in: SharedDescriptor, [UInt8])
    /// A name that nobody has, in a directory.
    case missing(in: SharedDescriptor, [UInt8])
}

/// The directory that a copy is put into, and the name that it gets there: `nil` for the content of a directory.
struct CopyPlace: Sendable {
    let directory: SharedDescriptor
    let name: [UInt8]?
}

extension CopyEndpoint {
    /// As many as Docker follows.
    private static let linkLimit = 10

    /// Finds the target inside the root. A link at the end of the path is followed, also one that leads nowhere: then
    /// what it names is the target.
    ///
    /// - Throws: ``StorageModel/StorageError/Code/notFound`` if its directory is missing.
    func target() throws(StorageError) -> CopyTarget {
        do throws(FileError) {
            return try findTarget()
        } catch {
            throw failure(error, "copy to")
        }
    }

    private func findTarget() throws(FileError) -> CopyTarget {
        var text = path.bytes
        for _ in 0...Self.linkLimit {
            do throws(FileError) {
                return .directory(SharedDescriptor(try root.descriptor.openDirectory(inRoot: text)))
            } catch  where error.errno == .noEntry || error.errno == .notDirectory {}
            let place = try root.descriptor.resolveParent(inRoot: text)
            let directory = SharedDescriptor(try place.directory.duplicate())
            guard !place.name.isEmpty else { throw FileError("openat2", path: label, errno: .noEntry) }
            let kind: EntryKind
            do throws(FileError) {
                kind = try directory.descriptor.status(of: place.name).kind
            } catch  where error.errno == .noEntry {
                return .missing(in: directory, place.name)
            }
            guard kind == .symbolicLink else { return .existing(in: directory, place.name) }
            text = LinkText.joined(try directory.descriptor.readLink(place.name), to: text)
        }
        throw FileError("readlinkat", path: label, errno: .tooManyLevels)
    }

    /// Docker's table: what goes where, and what is refused.
    ///
    /// - Parameter origin: the source, for messages.
    func place(for source: CopySource, from origin: String) throws(StorageError) -> CopyPlace {
        switch try target() {
        case .directory(let directory): return CopyPlace(directory: directory, name: source.name)
        case .existing where path.assertsDirectory:
            throw refusal(.conflict, "\(label) is not a directory", "leave the slash out to replace it")
        case .existing where source.isDirectory:
            throw refusal(
                .conflict, "cannot copy directory \(origin) to \(label), which is not a directory",
                "name a directory, or a name that does not exist yet")
        case .existing(let directory, let name):
            try refuseDevice(directory, name)
            return CopyPlace(directory: directory, name: name)
        case .missing where path.assertsDirectory && !source.isDirectory:
            throw refusal(
                .notFound, "there is no directory \(label)", "leave the slash out to make a file of that name")
        case .missing(let directory, let name): return CopyPlace(directory: directory, name: name)
        }
    }

    /// What is written to a device is not what a copy is for.
    private func refuseDevice(_ directory: SharedDescriptor, _ name: [UInt8]) throws(StorageError) {
        let kind: EntryKind
        do throws(FileError) {
            kind = try directory.descriptor.status(of: name).kind
        } catch {
            throw failure(error, "copy to")
        }
        guard kind == .characterDevice || kind == .blockDevice else { return }
        throw refusal(.conflict, "\(label) is a \(kind.word), not a directory or a file", "name a file or a directory")
    }

    private func refusal(_ code: StorageError.Code, _ message: String, _ hint: String) -> StorageError {
        StorageError(
            code, object: String(decoding: path.bytes, as: UTF8.self).printable(limit: 300), message, hint: hint)
    }
}
