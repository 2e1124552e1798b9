internal import Glibc
internal import StorageModel

/// What a process has open, runs, or stands in, by one of its links in `/proc`.
package struct OpenFile: Sendable {
    /// The link below `/proc/<pid>`: `fd/3`, `cwd`, `root`, `exe`, `map_files/…`.
    package let link: String
    /// What it refers to, as the kernel shows it: a path, with ` (deleted)` behind it once it has no name any more.
    package let target: [UInt8]
}

extension ProcessTable {
    /// Calls `body` with what the process has open, runs and stands in, as far as it may be looked at.
    ///
    /// Files that are only mapped come up where they are deleted. Cost: a call for each open file.
    ///
    /// - Returns: whether the process's descriptors could be listed; `true` for one that is gone.
    @discardableResult
    package func forEachOpenFile(of process: Int32, _ body: (OpenFile) -> Void) -> Bool {
        do throws(FileError) {
            let home = try root.openDirectory("\(process)".utf8)
            for link in ["cwd", "root", "exe"] {
                if let target = try? home.readLink(link.utf8) { body(OpenFile(link: link, target: target)) }
            }
            let directory = try home.openDirectory("fd".utf8)
            for entry in try directory.entries() {
                guard let target = try? directory.readLink(entry.name), target.first == UInt8(ascii: "/") else {
                    continue
                }
                body(OpenFile(link: "fd/" + String(decoding: entry.name, as: UTF8.self), target: target))
            }
            for file in deletedMappings(of: process) { body(file) }
            return true
        } catch {
            return error.errno == .noEntry || error.errno == Errno(rawValue: ESRCH)
        }
    }

    /// The file that a link of a process refers to, with or without a name; `nil` if it is gone or may not be looked at.
    ///
    /// The file is only looked at (`O_PATH`): no device wakes up, no fifo is waited for.
    package func status(of file: OpenFile, ofProcess process: Int32) -> FileStatus? {
        try? Descriptor.openPlace(atHostPath: "/proc/\(process)/\(file.link)").status()
    }

    /// The deleted files that the process has mapped (`maps`, proc_pid_maps(5)).
    private func deletedMappings(of process: Int32) -> [OpenFile] {
        guard let text = contents("maps", of: process) else { return [] }
        var found: [OpenFile] = []
        for line in text.split(separator: UInt8(ascii: "\n")) where OpenFile.isDeleted(line) {
            guard let slash = line.firstIndex(of: UInt8(ascii: "/")) else { continue }
            let range = String(decoding: line.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)
            guard let name = Self.mappingName(range) else { continue }
            found.append(OpenFile(link: "map_files/\(name)", target: Array(line[slash...])))
        }
        return found
    }

    /// `map_files` writes addresses without the zeros that `maps` fills them up with.
    private static func mappingName(_ range: String) -> String? {
        let ends = range.split(separator: "-").compactMap { UInt64($0, radix: 16) }
        return ends.count == 2 ? ends.map { String($0, radix: 16) }.joined(separator: "-") : nil
    }
}

extension OpenFile {
    private static let deletion = Array(" (deleted)".utf8)

    /// Whether the kernel says that it has no name any more. A name may end so too: only the file's link count is proof.
    package var isDeleted: Bool { Self.isDeleted(target[...]) }

    fileprivate static func isDeleted(_ text: ArraySlice<UInt8>) -> Bool {
        text.suffix(deletion.count).elementsEqual(deletion)
    }

    /// The name that it had.
    package var formerPath: [UInt8] { isDeleted ? Array(target.dropLast(Self.deletion.count)) : target }
}
