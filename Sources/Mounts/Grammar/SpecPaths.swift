internal import StorageModel

// The paths and names that occur in all flags.
extension SpecText {
    /// Where something is mounted.
    ///
    /// - Parameters:
    ///   - part: where it is written.
    ///   - value: what it means, if it is not written as it is.
    func destination(_ part: Substring, value: String? = nil) throws(StorageError) -> ContainerPath {
        let value = value ?? String(part)
        guard !value.isEmpty else { throw fault(part, "the path in the container is empty") }
        guard value.utf8.first == UInt8(ascii: "/"), !value.utf8.contains(0) else {
            throw fault(
                part, "\(part.quoted) is not an absolute path in the container",
                hint: "write it from the container's root, as in /var/lib/data")
        }
        let path = try ContainerPath(value)
        guard !path.isRoot else {
            throw fault(
                part, "the container's root itself cannot be mounted over",
                hint: "name a directory below it, as in /data")
        }
        return path
    }

    /// A path of the host: absolute, or beginning with `.` and then relative to the current directory.
    ///
    /// It is cleaned as Docker cleans it: by its text, whatever links there are.
    func hostPath(_ part: Substring, value: String, currentDirectory: String) throws(StorageError) -> String {
        guard !value.utf8.contains(0) else { throw fault(part, "\(part.quoted) contains a NUL byte") }
        if value.hasPrefix("/") { return try ContainerPath(value).rawValue }
        if value.hasPrefix(".") { return try ContainerPath(currentDirectory + "/" + value).rawValue }
        if value.hasPrefix("~") {
            throw fault(
                part, "\(part.quoted) is not an absolute path of the host",
                hint: "the shell expands ~ only where a word begins; write $HOME")
        }
        throw fault(
            part, "\(part.quoted) is not an absolute path of the host",
            hint: "write it from the root, or ./\(value.printable(limit: 60)) for one in the current directory")
    }

    /// The name of a volume.
    func volumeName(_ part: Substring, value: String, hint: String? = nil) throws(StorageError) -> VolumeName {
        do throws(StorageError) {
            return try VolumeName(value)
        } catch {
            if value.contains("/") || value.hasPrefix("~") {
                throw fault(
                    part, "\(part.quoted) is neither the name of a volume nor an absolute path",
                    hint: hint
                        ?? "write ./\(value.printable(limit: 60)) for a directory here, or the path from the root")
            }
            throw fault(part, error.message, hint: error.hint)
        }
    }

    /// The part of a volume or an image that is mounted.
    func subpath(_ part: Substring, value: String) throws(StorageError) -> EntryPath {
        guard let path = EntryPath(parsing: value.utf8) else {
            throw fault(
                part, "\(part.quoted) is not a path inside the source: it is absolute or contains '..'",
                hint: "write it relative to the source's root, as in data/main")
        }
        return path
    }
}
