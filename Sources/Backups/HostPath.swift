internal import FileTree
internal import Glibc
internal import StorageModel

/// Paths as users type them, on the host.
enum HostPath {
    /// The directory part, `.` if there is none, and the last component.
    static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let directory = path[..<slash]
        return (directory.isEmpty ? "/" : String(directory), String(path[path.index(after: slash)...]))
    }

    static func join(_ directory: String, _ name: String) -> String {
        directory.hasSuffix("/") ? directory + name : directory + "/" + name
    }

    /// The path from the root, with `.`, `..` and links of an existing directory resolved (`realpath(3)`).
    static func absolute(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    static func exists(_ name: String, in directory: String) -> Bool {
        do throws(FileError) {
            _ = try Descriptor.openDirectory(atHostPath: directory).status(of: Array(name.utf8))
            return true
        } catch {
            return false
        }
    }

    /// Makes a directory and what is missing above it; what exists is not opened one by one, so that directories that may
    /// be passed but not listed are no obstacle.
    static func makeDirectories(_ path: String) throws(FileError) {
        let (existing, missing) = try nearestDirectory(to: path)
        var current = try Descriptor.openDirectory(atHostPath: existing)
        for name in missing {
            do throws(FileError) {
                try current.makeDirectory(Array(name.utf8), mode: 0o755)
            } catch  where error.errno == .exists {}
            current = try current.openDirectory(Array(name.utf8))
        }
    }

    /// The directory at `path`, or if it is missing the nearest one above it that is there, and the names below that one
    /// that are missing, in the order of the path.
    static func nearestDirectory(to path: String) throws(FileError) -> (existing: String, missing: [String]) {
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

/// This machine.
enum Host {
    /// The name of the host (`gethostname(2)`).
    static var name: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether owners can be set and devices made.
    static var isPrivileged: Bool { geteuid() == 0 }
}
