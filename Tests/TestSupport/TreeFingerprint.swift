internal import CTestSystem
internal import Glibc

/// Everything that a backup must bring back of a tree, read by the test's own system calls.
///
/// Compare two and print ``difference(from:)``: one line for each entry that is missing, too many, or different.
package struct TreeFingerprint: Equatable, Sendable {
    /// One entry: what `lstat`, `readlink`, `llistxattr` and its content say.
    package struct Entry: Hashable, Sendable, CustomStringConvertible {
        package var description: String
    }

    /// By path relative to the root, `.` being the root; bytes that are not UTF-8 are kept by escaping them.
    package var entries: [String: Entry] = [:]

    /// What to leave out of the comparison.
    package struct Options: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }
        /// Owners, for trees restored by another user.
        package static let ignoringOwners = Options(rawValue: 1)
        /// The root's own metadata, for trees restored by another tool.
        package static let ignoringRoot = Options(rawValue: 2)
        package static let ignoringTimes = Options(rawValue: 4)
        package static let ignoringAttributes = Options(rawValue: 8)
        /// Where files have data and where holes: only on demand, as file systems differ. Not the number of blocks, which
        /// counts what a fragmented file's map takes too.
        package static let comparingHoles = Options(rawValue: 16)
    }

    package init(_ root: String, _ options: Options = []) throws {
        var scan = TreeScan(options: options)
        try scan.read(Array(root.utf8), as: [])
        entries = scan.finish()
        if options.contains(.ignoringRoot) { entries["."] = nil }
    }

    /// Lines that say what differs; empty if nothing does. At most 40.
    package func difference(from expected: TreeFingerprint) -> [String] {
        var lines: [String] = []
        for path in Set(entries.keys).union(expected.entries.keys).sorted() where lines.count < 40 {
            switch (entries[path], expected.entries[path]) {
            case (let found?, let wanted?) where found != wanted:
                lines.append("\(path)\n    is:     \(found)\n    should: \(wanted)")
            case (nil, let wanted?): lines.append("\(path) is missing: \(wanted)")
            case (let found?, nil): lines.append("\(path) should not be there: \(found)")
            default: break
            }
        }
        return lines
    }
}

/// The walk behind a fingerprint.
private struct TreeScan {
    let options: TreeFingerprint.Options
    private var entries: [String: String] = [:]
    private var links: [[UInt64]: [String]] = [:]

    init(options: TreeFingerprint.Options) { self.options = options }

    mutating func read(_ path: [UInt8], as relative: [UInt8]) throws {
        let name = path.map { CChar(bitPattern: $0) } + [0]
        var status = stat()
        guard lstat(name, &status) == 0 else { throw SystemFailure("lstat", String(decoding: path, as: UTF8.self)) }
        let key = relative.isEmpty ? "." : relative.escaped
        entries[key] = try describe(name, status)
        let kind = status.st_mode & S_IFMT
        if kind != S_IFDIR && status.st_nlink > 1 {
            links[[UInt64(status.st_dev), UInt64(status.st_ino)], default: []].append(key)
        }
        guard kind == S_IFDIR else { return }
        for child in try children(of: name) {
            try read(
                path + [UInt8(ascii: "/")] + child,
                as: relative.isEmpty ? child : relative + [UInt8(ascii: "/")] + child)
        }
    }

    /// Adds to each entry the names that it shares its inode with.
    func finish() -> [String: TreeFingerprint.Entry] {
        var result = entries
        for group in links.values where group.count > 1 {
            for key in group { result[key]?.append(" linked=\(group.sorted().joined(separator: "|"))") }
        }
        return result.mapValues { TreeFingerprint.Entry(description: $0) }
    }

    private func describe(_ name: [CChar], _ status: stat) throws -> String {
        let kind = status.st_mode & S_IFMT
        var text = Self.kinds[kind] ?? "unknown"
        if kind != S_IFLNK { text += " mode=" + String(status.st_mode & 0o7777, radix: 8) }
        if !options.contains(.ignoringOwners) { text += " owner=\(status.st_uid):\(status.st_gid)" }
        if !options.contains(.ignoringTimes) { text += " mtime=\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)" }
        switch kind {
        case S_IFREG: text += " size=\(status.st_size) content=\(try contentHash(name))"
        case S_IFLNK: text += " target=\(try target(name).escaped)"
        case S_IFCHR, S_IFBLK: text += " device=\(String(status.st_rdev, radix: 16))"
        default: break
        }
        if options.contains(.comparingHoles) && kind == S_IFREG { text += " data=\(try dataRanges(name))" }
        if !options.contains(.ignoringAttributes) { text += try attributes(name) }
        return text
    }

    private func dataRanges(_ name: [CChar]) throws -> String {
        let file = open(name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { throw SystemFailure("open", name.text) }
        defer { close(file) }
        var ranges: [String] = []
        var end: off_t = 0
        while true {
            let start = lseek(file, end, 3)  // SEEK_DATA
            if start < 0 { return ranges.joined(separator: ",") }
            end = lseek(file, start, 4)  // SEEK_HOLE
            ranges.append("\(start)-\(end)")
        }
    }

    private static let kinds: [mode_t: String] = [
        S_IFREG: "file", S_IFDIR: "directory", S_IFLNK: "symlink", S_IFCHR: "character-device",
        S_IFBLK: "block-device", S_IFIFO: "fifo", S_IFSOCK: "socket",
    ]

    private func children(of name: [CChar]) throws -> [[UInt8]] {
        guard let directory = opendir(name) else { throw SystemFailure("opendir", name.text) }
        defer { closedir(directory) }
        var result: [[UInt8]] = []
        while let entry = readdir(directory) {
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if bytes != [0x2e] && bytes != [0x2e, 0x2e] { result.append(bytes) }
        }
        return result
    }

    private func target(_ name: [CChar]) throws -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: 8192)
        let count = readlink(name, &buffer, buffer.count)
        guard count >= 0 else { throw SystemFailure("readlink", name.text) }
        return buffer.prefix(count).map { UInt8(bitPattern: $0) }
    }

    /// A 64-bit hash of the content, eight bytes at a step.
    private func contentHash(_ name: [CChar]) throws -> String {
        let descriptor = open(name, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemFailure("open", name.text) }
        defer { close(descriptor) }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 8)
        defer { buffer.deallocate() }
        var offset = 0
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, offset)
            guard count >= 0 else { throw SystemFailure("pread", name.text) }
            if count == 0 { break }
            // The last word is filled up with zeros; the size is part of the fingerprint.
            for index in count..<min(buffer.count, count + 8) { buffer[index] = 0 }
            var position = 0
            while position < count {
                hash = (hash ^ buffer.load(fromByteOffset: position, as: UInt64.self)) &* 0x0000_0100_0000_01b3
                hash ^= hash >> 29
                position += 8
            }
            offset += count
        }
        return String(hash, radix: 16)
    }

    private func attributes(_ name: [CChar]) throws -> String {
        var list = [CChar](repeating: 0, count: 65_536)
        let count = llistxattr(name, &list, list.count)
        if count < 0 && errno == ENOTSUP { return "" }
        guard count >= 0 else { throw SystemFailure("llistxattr", name.text) }
        var result = ""
        // XFS shows an access control list a second time, in its own form.
        let keys = list.prefix(count).split(separator: 0).map { Array($0).text }.filter {
            $0 != "security.selinux" && !$0.hasPrefix("trusted.SGI_ACL_")
        }
        for key in keys.sorted() {
            var value = [UInt8](repeating: 0, count: 65_536)
            let length = lgetxattr(name, key, &value, value.count)
            guard length >= 0 else { throw SystemFailure("lgetxattr \(key)", name.text) }
            result += " \(key)=" + value.prefix(length).map { String($0, radix: 16) }.joined(separator: ".")
        }
        return result
    }
}

extension [CChar] {
    fileprivate var text: String { String(decoding: prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
}

extension [UInt8] {
    /// ASCII as it is, everything else as `\xNN`: one text per byte string.
    package var escaped: String {
        map { (0x20..<0x7f).contains($0) && $0 != 0x5c ? String(UnicodeScalar($0)) : "\\x" + String($0, radix: 16) }
            .joined()
    }
}
