/// One entry of a POSIX access control list (acl(5)).
package struct AccessControlEntry: Hashable, Sendable {
    /// Whom the entry concerns; the numbers and the order are the kernel's.
    package enum Tag: UInt16, Sendable, CaseIterable {
        case userObject = 0x01
        case user = 0x02
        case groupObject = 0x04
        case group = 0x08
        case mask = 0x10
        case other = 0x20

        package var hasID: Bool { self == .user || self == .group }
    }

    package let tag: Tag
    /// `rwx` as 4, 2 and 1.
    package let permissions: UInt16
    /// Of a named user or group; means nothing with the other tags.
    package let id: UInt32

    package init(tag: Tag, permissions: UInt16, id: UInt32 = undefinedID) {
        self.tag = tag
        self.permissions = permissions
        self.id = id
    }

    /// What the kernel has where there is no id (`ACL_UNDEFINED_ID`).
    package static let undefinedID = UInt32.max

    /// The version of the kernel's binary form.
    package static let version: UInt32 = 2

    /// Reads the kernel's binary form, the value of `system.posix_acl_access` (`posix_acl_xattr.h`): a 32-bit version 2, then
    /// entries of tag (16), permissions (16) and id (32), all little-endian.
    ///
    /// - Returns: `nil` if the bytes are not a list of version 2.
    package static func list(fromKernelForm bytes: [UInt8]) -> [AccessControlEntry]? {
        guard bytes.count >= 4, (bytes.count - 4) % 8 == 0, number(bytes[0..<4]) == version else { return nil }
        var entries: [AccessControlEntry] = []
        for offset in stride(from: 4, to: bytes.count, by: 8) {
            guard let tag = Tag(rawValue: UInt16(number(bytes[offset..<offset + 2]))) else { return nil }
            entries.append(
                AccessControlEntry(
                    tag: tag, permissions: UInt16(number(bytes[offset + 2..<offset + 4])),
                    id: number(bytes[offset + 4..<offset + 8])))
        }
        return entries
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}
