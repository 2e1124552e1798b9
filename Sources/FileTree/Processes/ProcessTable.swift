/// What `/proc` says of the running processes.
///
/// Processes come and go while it is read, and other users' processes may be looked at by root only: what cannot be read
/// is left out.
package struct ProcessTable: ~Copyable {
    let root: Descriptor

    package init() throws(FileError) { root = try Descriptor.openDirectory(atHostPath: "/proc") }

    /// All processes, ascending.
    package func identifiers() -> [Int32] {
        let entries = (try? root.entries()) ?? []
        return entries.compactMap { Int32(String(decoding: $0.name, as: UTF8.self)) }.sorted()
    }

    /// The name of the program, at most 15 bytes (`comm`).
    package func command(of process: Int32) -> String {
        let text = contents("comm", of: process) ?? []
        return String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// Which mount namespace the process is in; `nil` if it may not be asked.
    package func mountNamespace(of process: Int32) -> [UInt8]? {
        try? root.openDirectory("\(process)".utf8).openDirectory("ns".utf8).readLink("mnt".utf8)
    }

    package func mounts(of process: Int32) -> [MountRecord] {
        MountTable.parse(contents("mountinfo", of: process) ?? [])
    }

    /// The target of one of the links `cwd`, `root`, `exe`.
    package func link(_ name: String, of process: Int32) -> [UInt8]? {
        try? root.openDirectory("\(process)".utf8).readLink(name.utf8)
    }

    /// What the process's open descriptors refer to.
    package func openPaths(of process: Int32) -> [[UInt8]] {
        guard let directory = try? root.openDirectory("\(process)".utf8).openDirectory("fd".utf8),
            let entries = try? directory.entries()
        else { return [] }
        var result: [[UInt8]] = []
        for entry in entries {
            if let target = try? directory.readLink(entry.name), target.first == UInt8(ascii: "/") {
                result.append(target)
            }
        }
        return result
    }

    /// Whether the process has a lock on the file at `path` (`lock:` in `/proc/<pid>/fdinfo`); not whether it waits for one.
    package func holdsLock(on path: [UInt8], process: Int32) -> Bool {
        guard let home = try? root.openDirectory("\(process)".utf8), let open = try? home.openDirectory("fd".utf8),
            let details = try? home.openDirectory("fdinfo".utf8), let entries = try? open.entries()
        else { return false }
        for entry in entries where (try? open.readLink(entry.name)) == path {
            guard let file = try? details.openFile(entry.name, for: .reading),
                let text = try? file.readToEnd(limitBytes: MountTable.sizeLimitBytes)
            else {
                continue
            }
            if String(decoding: text, as: UTF8.self).contains("\nlock:") { return true }
        }
        return false
    }

    /// The number of the mount that one of this process's descriptors was opened through.
    package func mountID(ofOwnDescriptor number: CInt) -> Int? {
        guard let directory = try? Descriptor.openDirectory(atHostPath: "/proc/self/fdinfo"),
            let file = try? directory.openFile("\(number)".utf8, for: .reading),
            let text = try? file.readToEnd(limitBytes: MountTable.sizeLimitBytes)
        else { return nil }
        for line in String(decoding: text, as: UTF8.self).split(separator: "\n") where line.hasPrefix("mnt_id:") {
            return Int(line.dropFirst(7).drop { $0 == " " || $0 == "\t" })
        }
        return nil
    }

    func contents(_ name: String, of process: Int32) -> [UInt8]? {
        guard let directory = try? root.openDirectory("\(process)".utf8),
            let file = try? directory.openFile(name.utf8, for: .reading)
        else { return nil }
        return try? file.readToEnd(limitBytes: MountTable.sizeLimitBytes)
    }
}
