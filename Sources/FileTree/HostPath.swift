internal import Glibc
internal import StorageModel

/// Paths as users type them, on the host.
package enum HostPath {
    /// The directory part, `.` if there is none, and the last component.
    package static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let directory = path[..<slash]
        return (directory.isEmpty ? "/" : String(directory), String(path[path.index(after: slash)...]))
    }

    package static func join(_ directory: String, _ name: String) -> String {
        directory.hasSuffix("/") ? directory + name : directory + "/" + name
    }

    /// The path from the root, with `.`, `..` and links of an existing directory resolved (`realpath(3)`).
    package static func absolute(_ path: String) -> String { resolved(path) ?? path }

    /// The same; `nil` if there is nothing at the path, or if it cannot be followed.
    package static func resolved(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    package static func isDirectory(_ path: String) -> Bool {
        (try? Descriptor.openDirectory(atHostPath: path)) != nil
    }

    package static func exists(_ name: String, in directory: String) -> Bool {
        do throws(FileError) {
            _ = try Descriptor.openDirectory(atHostPath: directory).status(of: Array(name.utf8))
            return true
        } catch {
            return false
        }
    }

    /// Makes a directory and what is missing above it; what exists is not opened one by one, so that directories that may
    /// be passed but not listed are no obstacle.
    ///
    /// - Parameter isDurable: whether they are on disk before this returns.
    /// - Returns: the directories that were made, the uppermost first.
    @discardableResult
    package static func makeDirectories(_ path: String, isDurable: Bool = false) throws(FileError) -> [String] {
        var (existing, missing) = try nearestDirectory(to: path)
        var current = try Descriptor.openDirectory(atHostPath: existing)
        var made: [String] = []
        for name in missing {
            existing = join(existing, name)
            do throws(FileError) {
                try current.makeDirectory(Array(name.utf8), mode: 0o755)
                made.append(existing)
                if isDurable { try current.sync() }
            } catch  where error.errno == .exists {}
            current = try current.openDirectory(Array(name.utf8))
        }
        return made
    }

    /// Removes a directory in which nothing is.
    package static func removeEmptyDirectory(_ path: String) throws(FileError) {
        let (directory, name) = split(path)
        try Descriptor.openDirectory(atHostPath: directory).removeDirectory(Array(name.utf8))
    }

    /// The directory at `path`, or if it is missing the nearest one above it that is there, and the names below that one
    /// that are missing, in the order of the path.
    package static func nearestDirectory(to path: String) throws(FileError) -> (existing: String, missing: [String]) {
        var missing: [String] = []
        var candidate = path
        while true {
            do throws(FileError) {
                _ = try Descriptor.openDirectory(atHostPath: candidate)
                return (candidate, missing.reversed())
            } catch {
                let (parent, name) = split(candidate)
                guard error.errno == .noEntry, parent != candidate else { throw error }
                if !name.isEmpty && name != "." { missing.append(name) }
                candidate = parent
            }
        }
    }
}
