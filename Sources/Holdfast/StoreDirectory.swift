internal import FileTree
internal import Glibc
internal import StorageModel

/// The store's root directory and the directories in it, made where they are missing.
struct StoreDirectory: ~Copyable {
    let root: Descriptor
    let volumes: Descriptor
    let layers: Descriptor
    let blobs: Descriptor
    let containers: Descriptor
    let staging: Descriptor
    let trash: Descriptor
    /// Absolute, without symbolic links.
    let hostPath: String

    private static let names = ["volumes", "layers", "blobs", "containers", "staging", "trash"]

    /// Opens the store at `path`.
    ///
    /// The root gets mode 0700 again if it has another. A directory that holds something else than a store is refused and
    /// not changed.
    ///
    /// - Parameter create: whether a missing root is made, with the directories above it.
    static func open(at path: String, create: Bool) throws(StorageError) -> StoreDirectory {
        let root = try openRoot(path, create: create)
        do throws(FileError) {
            return try prepare(root, hostPath: try canonical(path))
        } catch {
            throw refusal(error, path, create: create)
        }
    }

    private static func prepare(_ root: consuming Descriptor, hostPath: String) throws(FileError) -> StoreDirectory {
        let isNew = try requireStore(root, hostPath)
        if try root.status().mode != 0o700 { try root.setMode(0o700) }
        let volumes = try open("volumes", in: root)
        let layers = try open("layers", in: root)
        let blobs = try open("sha256", in: try open("blobs", in: root))
        let containers = try open("containers", in: root)
        let staging = try open("staging", in: root)
        let trash = try open("trash", in: root)
        if isNew { try root.sync() }
        return StoreDirectory(
            root: root, volumes: volumes, layers: layers, blobs: blobs, containers: containers, staging: staging,
            trash: trash, hostPath: hostPath)
    }

    /// - Returns: whether the store is yet to be made.
    /// - Throws: `ENOTEMPTY` if the directory holds something, but no catalog.
    private static func requireStore(_ root: borrowing Descriptor, _ path: String) throws(FileError) -> Bool {
        do throws(FileError) {
            _ = try root.status(of: "catalog.sqlite".utf8)
            return false
        } catch  where error.errno == .noEntry {}
        let entries = try root.entries().map { String(decoding: $0.name, as: UTF8.self) }
        // A store whose making was interrupted, or is under way, and the root of a fresh file system are as good as empty; so is a
        // place where only jobs have run that need no store.
        let others = ["lost+found", "jobs"]
        guard entries.allSatisfy({ (names + others).contains($0) || $0.hasPrefix("catalog.sqlite") }) else {
            throw FileError("getdents64", path: path.printable(), errno: .notEmpty)
        }
        return true
    }

    private static func open(_ name: String, in root: borrowing Descriptor) throws(FileError) -> Descriptor {
        do throws(FileError) {
            return try root.openDirectory(name.utf8)
        } catch  where error.errno == .noEntry {
            do throws(FileError) { try root.makeDirectory(name.utf8, mode: 0o700) } catch  where error.errno == .exists
            {}
            return try root.openDirectory(name.utf8)
        }
    }

    private static func openRoot(_ path: String, create: Bool) throws(StorageError) -> Descriptor {
        do throws(FileError) {
            do throws(FileError) {
                return try Descriptor.openDirectory(atHostPath: path)
            } catch  where error.errno == .noEntry && create {
                try makeDirectories(path)
                return try Descriptor.openDirectory(atHostPath: path)
            }
        } catch {
            throw refusal(error, path, create: create)
        }
    }

    /// Makes a directory and those above it. The names come from the user, so links in them are followed.
    private static func makeDirectories(_ path: String) throws(FileError) {
        var trimmed = Substring(path)
        while trimmed.count > 1 && trimmed.hasSuffix("/") { trimmed.removeLast() }
        guard let slash = trimmed.lastIndex(of: "/") else { return }
        let parent = slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
        let name = trimmed[trimmed.index(after: slash)...]
        let directory: Descriptor
        do throws(FileError) {
            directory = try Descriptor.openDirectory(atHostPath: parent)
        } catch  where error.errno == .noEntry && parent != "/" {
            try makeDirectories(parent)
            directory = try Descriptor.openDirectory(atHostPath: parent)
        }
        do throws(FileError) {
            try directory.makeDirectory(name.utf8, mode: 0o700)
            try directory.sync()
        } catch  where error.errno == .exists {}
    }

    private static func refusal(_ error: FileError, _ path: String, create: Bool) -> StorageError {
        let shown = path.printable()
        switch error.errno {
        case .noEntry where !create:
            return StorageError(
                .notFound, object: path, "there is no store at '\(shown)'",
                hint: "holdfast volume create makes one; HOLDFAST_ROOT or --root selects another")
        case .notDirectory:
            return StorageError(
                .conflict, object: path, "a file is in the way of the store at '\(shown)'",
                hint: "move it away, or choose another place (HOLDFAST_ROOT or --root)",
                causes: ["'\(error.path)' is not a directory"])
        case .notEmpty:
            return StorageError(
                .conflict, object: path, "'\(shown)' is not empty and not a Holdfast store",
                hint: "choose an empty or new directory for the store (HOLDFAST_ROOT or --root)")
        case .accessDenied, .notPermitted:
            return StorageError(
                error, doing: "open the store at '\(shown)'", object: path,
                hint: "run as the store's owner, or choose a store of your own (HOLDFAST_ROOT or --root)")
        default: return StorageError(error, doing: "open the store at '\(shown)'", object: path)
        }
    }

    /// The path without symbolic links (`realpath(3)`): what `/proc` shows of open files begins with it.
    private static func canonical(_ path: String) throws(FileError) -> String {
        guard let resolved = realpath(path, nil) else {
            throw FileError("realpath", path: path.printable(), errno: .current)
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
