package import FileTree
package import StorageModel

/// The place in a container's root that something is mounted on.
///
/// The path is followed inside the root, links and all, by descriptor. What is missing is made as Docker makes it:
/// directories of the container's root with mode 0755, an empty file where a file is mounted.
package struct Mountpoint: ~Copyable {
    /// The directory or file, opened with `O_PATH`.
    package let place: Descriptor
    /// Whether something is mounted on it already.
    package let isTaken: Bool

    /// As many as the kernel follows (path_resolution(7)).
    private static let linkLimit = 40

    /// Finds the place, and makes what is missing of it.
    ///
    /// - Parameters:
    ///   - root: the container's root.
    ///   - isDirectory: whether a directory is mounted, or anything else.
    ///   - owner: who gets what is made: the host's id of the container's root.
    ///   - source: in words, for messages: "volume 'pg'".
    /// - Throws: ``StorageModel/StorageError/Code/conflict`` if there is a file where a directory is needed or the other way
    ///   round, and if the path leads to the root itself.
    package static func make(
        _ path: ContainerPath, in root: borrowing Descriptor, isDirectory: Bool, owner: UInt32, for source: String
    ) throws(StorageError) -> Mountpoint {
        let place = try attempt(path, source) { () throws(FileError) in try resolve(path, root, isDirectory, owner) }
        let (status, top) = try attempt(path, source) { () throws(FileError) in (try place.status(), try root.status())
        }
        if status.identity == top.identity { throw refusal(path, source, "that leads to the container's root") }
        if (status.kind == .directory) != isDirectory {
            let what = isDirectory ? "a directory" : "a file"
            throw refusal(path, source, "\(what) cannot be mounted on the \(status.kind.word) that is there")
        }
        return Mountpoint(place: place, isTaken: status.isMountRoot)
    }

    private static func attempt<Result: ~Copyable>(
        _ path: ContainerPath, _ source: String, _ body: () throws(FileError) -> Result
    ) throws(StorageError) -> Result {
        do throws(FileError) { return try body() } catch { throw failure(error, path, source) }
    }

    private static func failure(_ error: FileError, _ path: ContainerPath, _ source: String) -> StorageError {
        let shown = path.rawValue.printable(limit: 300)
        if error.errno == .notDirectory {
            return StorageError(
                .conflict, object: shown,
                "cannot mount \(source) at \(shown): something on the way to it is not a directory",
                errno: error.errno, hint: "choose another destination", causes: [error.call])
        }
        return StorageError(error, doing: "mount \(source) at \(shown)", object: shown)
    }

    private static func refusal(_ path: ContainerPath, _ source: String, _ reason: String) -> StorageError {
        let shown = path.rawValue.printable(limit: 300)
        return StorageError(
            .conflict, object: shown, "cannot mount \(source) at \(shown): \(reason)",
            hint: "choose another destination, or another source")
    }

    /// Walks the path, one component at a time, `reached` being what is there and is no link.
    private static func resolve(
        _ path: ContainerPath, _ root: borrowing Descriptor, _ isDirectory: Bool, _ owner: UInt32
    ) throws(FileError) -> Descriptor {
        let slash = UInt8(ascii: "/")
        var pending: [[UInt8]] = path.entryPath.components.reversed().map { Array($0) }
        var reached = [slash]
        var links = 0
        while let component = pending.popLast() {
            if component.elementsEqual(".".utf8) { continue }
            if component.elementsEqual("..".utf8) {
                reached = AbsolutePath.joined(reached, component)
                continue
            }
            let above = try root.openDirectory(inRoot: reached)
            switch try kind(of: component, in: above) {
            case .symbolicLink:
                links += 1
                guard links <= linkLimit else {
                    throw FileError("openat2", path: path.rawValue.printable(), errno: .tooManyLevels)
                }
                let target = try above.readLink(component)
                if target.first == slash { reached = [slash] }
                pending += target.split(separator: slash).reversed().map { Array($0) }
                continue
            case nil: try make(component, in: above, isDirectory: isDirectory || !pending.isEmpty, owner)
            default: break
            }
            reached = AbsolutePath.joined(reached, component)
        }
        return try root.openPlace(inRoot: reached)
    }

    private static func kind(
        of name: [UInt8], in directory: borrowing Descriptor
    ) throws(FileError) -> EntryKind? {
        do throws(FileError) {
            return try directory.status(of: name).kind
        } catch  where error.errno == .noEntry {
            return nil
        }
    }

    private static func make(
        _ name: [UInt8], in directory: borrowing Descriptor, isDirectory: Bool, _ owner: UInt32
    ) throws(FileError) {
        do throws(FileError) {
            if isDirectory {
                try directory.makeDirectory(name, mode: 0o755)
                // The umask took from the mode.
                try directory.openDirectory(name).setMode(0o755)
            } else {
                try directory.createFile(name, mode: 0o644).setMode(0o644)
            }
        } catch  where error.errno == .exists {
            // Made by another process meanwhile.
            return
        }
        if owner != 0 { try directory.setOwner(uid: owner, gid: owner, of: name) }
    }
}
