internal import StorageModel

/// The small files by which the kernel is told things: those of control groups (cgroups(7)).
package enum ControlFile {
    private static let limitBytes = 1 << 20

    /// - Parameter directory: an absolute path of the host.
    package static func text(_ name: String, in directory: String) throws(FileError) -> String {
        let file = try Descriptor.openDirectory(atHostPath: directory).openFile(name.utf8, for: .reading)
        return String(decoding: try file.readToEnd(limitBytes: limitBytes), as: UTF8.self)
    }

    package static func write(_ text: String, to name: String, in directory: String) throws(FileError) {
        let file = try Descriptor.openDirectory(atHostPath: directory).openFile(name.utf8, for: .writing)
        try file.writeAll(Array(text.utf8), at: nil)
    }

    /// The directories in `directory`: the groups below a control group.
    package static func groups(in directory: String) throws(FileError) -> [String] {
        let opened = try Descriptor.openDirectory(atHostPath: directory)
        var result: [String] = []
        for entry in try opened.entries() {
            guard try opened.status(of: entry.name).kind == .directory else { continue }
            result.append(HostPath.join(directory, String(decoding: entry.name, as: UTF8.self)))
        }
        return result
    }
}
