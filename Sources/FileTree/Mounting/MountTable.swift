/// One line of `/proc/<pid>/mountinfo` (proc_pid_mountinfo(5)).
package struct MountRecord: Equatable, Sendable {
    package let id: Int
    /// `major:minor` of the mounted file system, as the kernel writes it.
    package let device: String
    /// Which directory of that file system is mounted.
    package let root: [UInt8]
    /// Where it is mounted, as the process sees it.
    package let mountpoint: [UInt8]
    /// What holds for this mount only, such as `ro` and `nosuid`; empty where the line says nothing.
    package let options: [String]
    /// How mounts spread to and from it, such as `shared:1` and `master:2`; empty for a private mount.
    package let propagation: [String]
    /// The kind of file system, such as `overlay`.
    package let type: String?
    package let source: [UInt8]?
    /// What holds for the file system wherever it is mounted, such as `rw` and `lowerdir=…`; escapes are undone.
    package let fileSystemOptions: [String]

    /// Whether mounts made in it appear elsewhere, and the other way round.
    package var isShared: Bool { propagation.contains { $0.hasPrefix("shared:") } }

    /// Whether mounts made elsewhere appear in it.
    package var isSlave: Bool { propagation.contains { $0.hasPrefix("master:") } }
}

/// Reads mount tables.
package enum MountTable {
    /// The mounts that this process sees, in the order of its table.
    package static func ofThisProcess() throws(FileError) -> [MountRecord] {
        let file = try Descriptor.openFile(atHostPath: "/proc/self/mountinfo")
        return parse(try file.readToEnd(limitBytes: sizeLimitBytes))
    }

    /// The mount that an open file or directory lies on.
    ///
    /// - Returns: `nil` if it is attached nowhere, or this process does not see it.
    package static func record(of entry: borrowing Descriptor) throws(FileError) -> MountRecord? {
        let file = try Descriptor.openFile(atHostPath: "/proc/self/fdinfo/\(entry.rawValue)")
        let text = String(decoding: try file.readToEnd(limitBytes: sizeLimitBytes), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("mnt_id:") }
        guard let line, let id = Int(line.dropFirst(7).drop { $0 == " " || $0 == "\t" }) else { return nil }
        return try ofThisProcess().first { $0.id == id }
    }

    /// The largest table that is read: 100,000 mounts take about 20 MiB.
    package static let sizeLimitBytes = 64 << 20

    /// The mounts in the order of the file; lines that are not of the known form are left out.
    package static func parse(_ text: [UInt8]) -> [MountRecord] {
        text.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count >= 5, let id = Int(String(decoding: fields[0], as: UTF8.self)) else { return nil }
            // Any number of optional fields, then a hyphen, then what concerns the file system.
            let optional = fields.dropFirst(6).prefix { !$0.elementsEqual("-".utf8) }
            let tail = fields.dropFirst(7 + optional.count).map(unescaped)
            return MountRecord(
                id: id, device: String(decoding: fields[2], as: UTF8.self), root: unescaped(fields[3]),
                mountpoint: unescaped(fields[4]), options: fields.count > 5 ? list(unescaped(fields[5])) : [],
                propagation: optional.map { String(decoding: $0, as: UTF8.self) },
                type: tail.first.map { String(decoding: $0, as: UTF8.self) }, source: tail.dropFirst().first,
                fileSystemOptions: tail.dropFirst(2).first.map(list) ?? [])
        }
    }

    private static func list(_ field: [UInt8]) -> [String] {
        String(decoding: field, as: UTF8.self).split(separator: ",").map(String.init)
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
