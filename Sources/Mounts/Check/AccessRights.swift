/// What is wanted of an inode: the kernel's `MAY_READ`, `MAY_WRITE` and `MAY_EXEC`, as the three bits of a mode.
package struct AccessRights: OptionSet, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue & 7 }

    package static let read = AccessRights(rawValue: 4)
    package static let write = AccessRights(rawValue: 2)
    /// Of a directory: passing it.
    package static let execute = AccessRights(rawValue: 1)
    package static let all: AccessRights = [.read, .write, .execute]

    /// As `ls` and setfacl(1) write it: `r-x`.
    package var description: String {
        [(AccessRights.read, "r"), (.write, "w"), (.execute, "x")].map { contains($0.0) ? $0.1 : "-" }.joined()
    }

    /// Without hyphens: `rx`.
    package var letters: String { description.filter { $0 != "-" } }
}
