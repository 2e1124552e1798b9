internal import CLinux

/// What a mount forbids, whatever its file system permits (`MOUNT_ATTR_…` of `mount_setattr(2)`).
package struct MountRestrictions: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readOnly = MountRestrictions(rawValue: HOLDFAST_MOUNT_READ_ONLY)
    /// Set-id bits and file capabilities have no effect.
    package static let noSetID = MountRestrictions(rawValue: HOLDFAST_MOUNT_NO_SET_ID)
    /// Device nodes cannot be opened.
    package static let noDevices = MountRestrictions(rawValue: HOLDFAST_MOUNT_NO_DEVICES)
    package static let noExecution = MountRestrictions(rawValue: HOLDFAST_MOUNT_NO_EXECUTION)

    /// For looking at a tree whose content nobody vouches for.
    package static let inspection: MountRestrictions = [.readOnly, .noSetID, .noDevices, .noExecution]
}
