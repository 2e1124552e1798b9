internal import StorageModel

/// The names of users, as passwd(5) and subuid(5) of this host have them.
package struct OwnerNames: Sendable {
    private var users: [UInt32: String] = [:]
    /// Ranges that a user may map into user namespaces.
    private let subordinates: [SubordinateIdentities.Range]

    /// - Parameters:
    ///   - passwd: the text of `/etc/passwd`; lines that are not of its form do not count.
    ///   - subuid: the text of `/etc/subuid`.
    package init(passwd: String, subuid: String) {
        for line in passwd.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count >= 3, let uid = UInt32(fields[2]), users[uid] == nil else { continue }
            users[uid] = String(fields[0])
        }
        subordinates = SubordinateIdentities(parsing: subuid).ranges
    }

    /// The user's name; `alice+99` for the hundredth id that alice may map; `nil` for an id that nobody has.
    package func name(of uid: UInt32) -> String? {
        if let user = users[uid] { return user }
        for range in subordinates where uid >= range.first && uid - range.first < range.count {
            let user = UInt32(range.user).flatMap { users[$0] } ?? range.user
            return "\(user)+\(uid - range.first)"
        }
        return nil
    }
}
