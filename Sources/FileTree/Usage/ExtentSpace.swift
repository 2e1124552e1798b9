internal import CLinux

/// Where extents have their addresses: files share blocks only if theirs are in the same space.
///
/// That is a device, except with btrfs, whose subvolumes have device numbers of their own and share blocks with each other.
package enum ExtentSpace: Hashable, Sendable {
    case device(UInt64)
    case btrfs(UInt64, UInt64)

    init(of root: borrowing Descriptor, _ status: FileStatus) {
        let number = root.rawValue
        var identity: (UInt64, UInt64) = (0, 0)
        let isKnown = withUnsafeMutableBytes(of: &identity) { bytes in
            let words = bytes.bindMemory(to: UInt64.self).baseAddress
            return attempt { Int(holdfast_btrfs_identity(number, words)) } == 0
        }
        self = isKnown ? .btrfs(identity.0, identity.1) : .device(status.device)
    }
}
