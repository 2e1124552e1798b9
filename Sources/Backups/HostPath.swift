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
        var missing: [String] = []
        var existing = path
        while true {
            do throws(FileError) {
                _ = try Descriptor.openDirectory(atHostPath: existing)
                break
            } catch {
                let (parent, name) = split(existing)
                guard error.errno == .noEntry, parent != existing else { throw error }
                if !name.isEmpty && name != "." { missing.append(name) }
                existing = parent
            }
        }
        guard !missing.isEmpty else { return }
        var current = try Descriptor.openDirectory(atHostPath: existing)
        for name in missing.reversed() {
            do throws(FileError) {
                try current.makeDirectory(Array(name.utf8), mode: 0o755)
            } catch  where error.errno == .exists {}
            current = try current.openDirectory(Array(name.utf8))
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
