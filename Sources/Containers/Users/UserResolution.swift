package import FileTree
package import StorageModel

/// Who a container's process is, in numbers of the container.
package struct ContainerUser: Hashable, Sendable {
    package let uid: UInt32
    package let gid: UInt32
    /// Ascending, without the primary group.
    package let supplementaryGroups: [UInt32]
    /// Where `HOME` points if nobody says otherwise.
    package let home: String

    package init(uid: UInt32, gid: UInt32, supplementaryGroups: [UInt32], home: String) {
        self.uid = uid
        self.gid = gid
        self.supplementaryGroups = supplementaryGroups
        self.home = home
    }
}

/// Finds users and groups in the `/etc/passwd` and `/etc/group` of a root, by Docker's rules:
///
/// - `USER` gets the primary group of its entry, and every group that names it as a member; `USER:GROUP` gets that group
///   only. Nothing at all is user 0.
/// - A number is always an id, also where a user of that name exists; without an entry it gets group 0.
/// - A name without an entry is an error.
package struct UserResolution: Sendable {
    private let accounts: AccountFiles
    private let object: String

    /// Docker refuses larger ids (`math.MaxInt32`); so do file systems and kernels here and there.
    private static let largestID = UInt32(Int32.max)

    /// Reads the two files by descriptor, never following a link out of the root.
    ///
    /// - Parameter object: whose root it is, for messages: "container 'web'".
    package init(root: borrowing Descriptor, of object: String) throws(StorageError) {
        accounts = try AccountFiles(root: root, of: object)
        self.object = object
    }

    /// Takes the texts of the two files, empty for one that is missing.
    package init(passwords: [UInt8], groups: [UInt8], of object: String) {
        accounts = AccountFiles(passwords: passwords, groups: groups)
        self.object = object
    }

    /// - Parameters:
    ///   - specification: `NAME|UID[:GROUP|GID]`; empty for user 0.
    ///   - groups: further groups, names or numbers.
    /// - Throws: ``StorageError/Code/notFound`` for a name without an entry; ``StorageError/Code/invalidInput`` for a number
    ///   out of range.
    package func user(_ specification: String, groups: [String] = []) throws(StorageError) -> ContainerUser {
        let parts = specification.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let (userPart, groupPart) = (parts.first ?? "", parts.count > 1 ? parts[1] : "")
        let entry = passwordEntry(userPart)
        let uid: UInt32
        if let entry { uid = entry.uid } else { uid = try userPart.isEmpty ? 0 : missingUser(userPart) }
        var gid = entry?.gid ?? 0
        var supplementary: Set<UInt32> = []
        if !groupPart.isEmpty {
            gid = try group(groupPart)
        } else if let entry {
            supplementary = Set(accounts.groups.filter { $0.members.contains(entry.name) }.map(\.gid))
        }
        for name in groups { supplementary.insert(try group(name)) }
        supplementary.remove(gid)
        let home = entry?.home ?? ""
        return ContainerUser(
            uid: uid, gid: gid, supplementaryGroups: supplementary.sorted(), home: home.isEmpty ? "/" : home)
    }

    private func passwordEntry(_ part: String) -> PasswordEntry? {
        if part.isEmpty { return accounts.users.first { $0.uid == 0 } }
        if let number = Self.number(part) { return accounts.users.first { $0.uid == number } }
        return accounts.users.first { $0.name == part }
    }

    /// A number needs no entry, a name does.
    private func missingUser(_ part: String) throws(StorageError) -> UInt32 {
        guard let number = Self.number(part) else {
            throw StorageError(
                .notFound, object: part,
                "there is no user '\(part.printable(limit: 80))' in the /etc/passwd of \(object)",
                hint: "name a user that the image has, or a number")
        }
        return try inRange(number, part)
    }

    private func group(_ part: String) throws(StorageError) -> UInt32 {
        if let number = Self.number(part) { return try inRange(number, part) }
        guard let entry = accounts.groups.first(where: { $0.name == part }) else {
            throw StorageError(
                .notFound, object: part,
                "there is no group '\(part.printable(limit: 80))' in the /etc/group of \(object)",
                hint: "name a group that the image has, or a number")
        }
        return entry.gid
    }

    private func inRange(_ number: UInt64, _ part: String) throws(StorageError) -> UInt32 {
        guard let id = UInt32(exactly: number), id <= Self.largestID else {
            throw StorageError(
                .invalidInput, object: part, "\(part.printable(limit: 80)) is not the number of a user or group",
                hint: "numbers go from 0 to \(Self.largestID)")
        }
        return id
    }

    /// What is digits only is a number, however large.
    private static func number(_ part: String) -> UInt64? {
        guard !part.isEmpty, part.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt64(part) ?? .max
    }
}
