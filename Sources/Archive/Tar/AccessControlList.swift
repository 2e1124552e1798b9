internal import FileTree

/// POSIX access control lists: the kernel's binary form in `system.posix_acl_*`, and the text that tar archives carry.
///
/// The binary form is read by ``FileTree/AccessControlEntry``. Text: entries separated by commas, numeric ids,
/// `user:1000:rwx`, the form that GNU tar and libarchive read from `SCHILY.acl.access` and `SCHILY.acl.default`.
enum AccessControlList {
    /// Which attribute goes to which pax keyword.
    static let keywords: [(attribute: String, keyword: String)] = [
        ("system.posix_acl_access", "SCHILY.acl.access"), ("system.posix_acl_default", "SCHILY.acl.default"),
    ]

    private typealias Tag = AccessControlEntry.Tag

    /// - Returns: `nil` if the bytes are not a list of version 2.
    static func text(fromKernelForm bytes: [UInt8]) -> String? {
        AccessControlEntry.list(fromKernelForm: bytes)?.map { entry in
            let letters = [(4, "r"), (2, "w"), (1, "x")].map { entry.permissions & $0.0 != 0 ? $0.1 : "-" }.joined()
            return "\(word(entry.tag)):\(entry.tag.hasID ? String(entry.id) : ""):\(letters)"
        }.joined(separator: ",")
    }

    private static func word(_ tag: Tag) -> String {
        switch tag {
        case .userObject, .user: "user"
        case .groupObject, .group: "group"
        case .mask: "mask"
        case .other: "other"
        }
    }

    /// Reads commas or newlines between entries, comments behind `#`, short words (`u`, `g`, `m`, `o`), and star's fourth
    /// field with the number behind a name.
    ///
    /// - Returns: `nil` if an entry is not of the form, or names a user without a number.
    static func kernelForm(fromText text: String) -> [UInt8]? {
        var entries: [(tag: Tag, permissions: UInt16, id: UInt32)] = []
        for part in text.split(whereSeparator: { $0 == "," || $0.isNewline }) {
            let body = part.prefix { $0 != "#" }
            let fields = body.split(separator: ":", omittingEmptySubsequences: false).map {
                $0.filter { !$0.isWhitespace }
            }
            if fields == [""] { continue }
            guard let entry = parse(fields) else { return nil }
            entries.append(entry)
        }
        guard !entries.isEmpty else { return nil }
        // The kernel wants them in this order, named entries by ascending id.
        entries.sort { ($0.tag.rawValue, $0.id) < ($1.tag.rawValue, $1.id) }
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(AccessControlEntry.version)
        for entry in entries {
            bytes.appendLittleEndian(entry.tag.rawValue)
            bytes.appendLittleEndian(entry.permissions)
            bytes.appendLittleEndian(entry.id)
        }
        return bytes
    }

    private static func parse(_ fields: [String]) -> (tag: Tag, permissions: UInt16, id: UInt32)? {
        guard fields.count >= 2, fields.count <= 4 else { return nil }
        // "other:r--" and "mask:rwx" are written without the empty middle field by some tools.
        let short = fields.count == 2
        let qualifier = short ? "" : fields[1]
        let tag: Tag
        switch fields[0] {
        case "user", "u": tag = qualifier.isEmpty ? .userObject : .user
        case "group", "g": tag = qualifier.isEmpty ? .groupObject : .group
        case "mask", "m": tag = .mask
        case "other", "o": tag = .other
        default: return nil
        }
        var permissions: UInt16 = 0
        for letter in short ? fields[1] : fields[2] {
            switch letter {
            case "r": permissions |= 4
            case "w": permissions |= 2
            case "x": permissions |= 1
            case "-": break
            default: return nil
            }
        }
        guard tag.hasID else { return (tag, permissions, AccessControlEntry.undefinedID) }
        guard let id = UInt32(fields.count == 4 ? fields[3] : qualifier) else { return nil }
        return (tag, permissions, id)
    }
}
