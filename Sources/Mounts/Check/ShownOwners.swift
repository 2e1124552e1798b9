package import StorageModel

/// Which ids the container's mount shows for those that are stored: the ids of an idmapped mount
/// (`MOUNT_ATTR_IDMAP`, mount_setattr(2)), or the stored ones themselves.
package struct ShownOwners: Hashable, Sendable {
    /// The stored id is the inside, the host's id that it is shown as is the outside; `nil` shows ids as they are.
    private let users: IdentityMapping?
    private let groups: IdentityMapping?

    package static let asStored = ShownOwners(users: nil, groups: nil)

    package init(users: IdentityMapping?, groups: IdentityMapping?) {
        self.users = users
        self.groups = groups
    }

    package var isIdentity: Bool { users == nil && groups == nil }

    /// `nil` for an id that the mount has no place for.
    func shown(user stored: UInt32) -> UInt32? { users.map { $0.outside(of: stored) } ?? stored }

    func shown(group stored: UInt32) -> UInt32? { groups.map { $0.outside(of: stored) } ?? stored }

    /// As which id is stored what a process with the host's id makes; `nil` if it can make nothing.
    func stored(user shown: UInt32) -> UInt32? { users.map { $0.inside(of: shown) } ?? shown }

    func stored(group shown: UInt32) -> UInt32? { groups.map { $0.inside(of: shown) } ?? shown }
}
