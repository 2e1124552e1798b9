/// One line of `/proc/<pid>/mountinfo` (proc_pid_mountinfo(5)).
struct MountRecord: Equatable, Sendable {
    let id: Int
    /// `major:minor` of the mounted file system, as the kernel writes it.
    let device: String
    /// Which directory of that file system is mounted.
    let root: [UInt8]
    /// Where it is mounted, as the process sees it.
    let mountpoint: [UInt8]
}

/// Reads mount tables.
enum MountTable {
    /// The mounts in the order of the file; lines that are not of the known form are left out.
    static func parse(_ text: [UInt8]) -> [MountRecord] {
        text.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
            guard fields.count >= 5, let id = Int(String(decoding: fields[0], as: UTF8.self)) else { return nil }
            return MountRecord(
                id: id, device: String(decoding: fields[2], as: UTF8.self), root: unescaped(fields[3]),
                mountpoint: unescaped(fields[4]))
        }
    }

    /// Space, tab, newline and backslash are written as three octal digits behind a backslash.
    static func unescaped(_ field: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(field.count)
        var rest = field
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                result.append(value)
                rest = rest.dropFirst(3)
            } else {
                result.append(byte)
            }
        }
        return result
    }
}

/// Absolute paths as bytes.
enum AbsolutePath {
    /// What follows `base` in `path`, without a leading `/`; empty if they are the same; `nil` if `path` is elsewhere.
    static func remainder(of path: [UInt8], beneath base: [UInt8]) -> [UInt8]? {
        let slash = UInt8(ascii: "/")
        if base == [slash] { return Array(path.dropFirst()) }
        guard path.starts(with: base) else { return nil }
        if path.count == base.count { return [] }
        return path[base.count] == slash ? Array(path[(base.count + 1)...]) : nil
    }

    /// `base` and `rest` joined.
    static func joined(_ base: [UInt8], _ rest: [UInt8]) -> [UInt8] {
        if rest.isEmpty { return base }
        return base.last == UInt8(ascii: "/") ? base + rest : base + [UInt8(ascii: "/")] + rest
    }
}
