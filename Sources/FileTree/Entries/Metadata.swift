internal import Glibc
package import StorageModel

extension Descriptor {
    /// Gives the open file or directory its owner, extended attributes, mode, access control list and modification time, in
    /// this order: a change of owner clears set-id bits and capabilities, a change of the mode sets the list's mask, which the
    /// list itself knows better, and every change is a later time.
    ///
    /// The access time is left alone. Attributes that are not in `xattrs` stay.
    /// - Parameters:
    ///   - ownership: whether to set owner and group, which needs `CAP_CHOWN`.
    ///   - current: what is known to hold already; calls that would change nothing are left out.
    ///   - onRefusal: gets each attribute that the file system does not take or the user may not set (`ENOTSUP`,
    ///     `EPERM`); the rest is applied. Without it that is an error.
    package borrowing func applyMetadata(
        _ metadata: EntryMetadata, xattrs: [ExtendedAttribute], ownership: Bool, current: FileStatus? = nil,
        onRefusal: ((ExtendedAttribute, FileError) -> Void)? = nil
    ) throws(FileError) {
        let needs = MetadataChanges(metadata, xattrs, ownership: ownership, current: current)
        if needs.owner {
            try check(changing("fchown") { Int(fchown(rawValue, metadata.uid, metadata.gid)) }, "fchown")
        }
        for attribute in xattrs where !attribute.isAccessControlList { try set(attribute, onRefusal) }
        if needs.mode { try check(changing("fchmod") { Int(fchmod(rawValue, mode_t(metadata.mode))) }, "fchmod") }
        for attribute in xattrs where attribute.isAccessControlList { try set(attribute, onRefusal) }
        if needs.time {
            let result = withTimes(metadata.modifiedAt) { times in
                changing("futimens") { Int(futimens(rawValue, times)) }
            }
            try check(result, "futimens")
        }
    }

    /// As ``applyMetadata(_:xattrs:ownership:current:)`` for an entry that is not opened: a symbolic link itself, a
    /// device, a fifo. A symbolic link has no mode.
    package borrowing func applyMetadata(
        _ metadata: EntryMetadata, xattrs: [ExtendedAttribute], ownership: Bool, of name: some Collection<UInt8>,
        kind: EntryKind, current: FileStatus? = nil, onRefusal: ((ExtendedAttribute, FileError) -> Void)? = nil
    ) throws(FileError) {
        let needs = MetadataChanges(metadata, xattrs, ownership: ownership, current: current)
        if needs.owner {
            let result = withName(name) { text in
                changing("fchownat") {
                    Int(fchownat(rawValue, text, metadata.uid, metadata.gid, AT_SYMLINK_NOFOLLOW))
                }
            }
            try check(result, "fchownat", name)
        }
        for attribute in xattrs where !attribute.isAccessControlList { try set(attribute, of: name, onRefusal) }
        if needs.mode && kind != .symbolicLink { try setMode(metadata.mode, of: name) }
        for attribute in xattrs where attribute.isAccessControlList { try set(attribute, of: name, onRefusal) }
        if needs.time {
            let result = withName(name) { text in
                withTimes(metadata.modifiedAt) { times in
                    changing("utimensat") { Int(utimensat(rawValue, text, times, AT_SYMLINK_NOFOLLOW)) }
                }
            }
            try check(result, "utimensat", name)
        }
    }

    private borrowing func set(
        _ attribute: ExtendedAttribute, _ onRefusal: ((ExtendedAttribute, FileError) -> Void)?
    ) throws(FileError) {
        do throws(FileError) {
            try setExtendedAttribute(attribute)
        } catch {
            guard let onRefusal, error.isRefusal else { throw error }
            onRefusal(attribute, error)
        }
    }

    private borrowing func set(
        _ attribute: ExtendedAttribute, of name: some Collection<UInt8>,
        _ onRefusal: ((ExtendedAttribute, FileError) -> Void)?
    ) throws(FileError) {
        do throws(FileError) {
            try setExtendedAttribute(attribute, of: name)
        } catch {
            guard let onRefusal, error.isRefusal else { throw error }
            onRefusal(attribute, error)
        }
    }

    /// Sets the permission bits of the open file or directory (`fchmod(2)`).
    package borrowing func setMode(_ mode: UInt16) throws(FileError) {
        try check(changing("fchmod") { Int(fchmod(rawValue, mode_t(mode))) }, "fchmod")
    }

    /// Sets the permission bits of the entry `name`; a symbolic link is not followed (`fchmodat(3)`,
    /// `AT_SYMLINK_NOFOLLOW`, which libc makes of `O_PATH` and /proc before Linux 6.6).
    package borrowing func setMode(_ mode: UInt16, of name: some Collection<UInt8>) throws(FileError) {
        let result = withName(name) { text in
            changing("fchmodat") { Int(fchmodat(rawValue, text, mode_t(mode), AT_SYMLINK_NOFOLLOW)) }
        }
        try check(result, "fchmodat", name)
    }
}

extension ExtendedAttribute {
    /// Whether it is the list that the mode's group bits are the mask of (acl(5)).
    fileprivate var isAccessControlList: Bool { name == "system.posix_acl_access" }
}

extension FileError {
    /// Whether the attribute is at fault and not the file.
    fileprivate var isRefusal: Bool { errno == .notSupported || errno == .notPermitted }
}

/// Which calls are needed to get from what is known to what is wanted.
private struct MetadataChanges {
    let owner, mode, time: Bool

    init(_ wanted: EntryMetadata, _ xattrs: [ExtendedAttribute], ownership: Bool, current: FileStatus?) {
        guard let current else {
            (owner, mode, time) = (ownership, true, true)
            return
        }
        owner = ownership && (current.uid != wanted.uid || current.gid != wanted.gid)
        // Set-id bits fall with the owner; an access ACL sets the group's bits to its mask.
        let mayHaveChanged = owner && wanted.mode & 0o6000 != 0 || !xattrs.isEmpty
        mode = mayHaveChanged || current.mode != wanted.mode
        time = current.modifiedAt != wanted.modifiedAt
    }
}

/// Calls `body` with "leave the access time, set the modification time".
@inline(__always)
private func withTimes(_ modifiedAt: Timestamp, _ body: (UnsafePointer<timespec>) -> Int) -> Int {
    let omit = 0x3fff_fffe  // UTIME_OMIT
    let modified = timespec(tv_sec: Int(modifiedAt.seconds), tv_nsec: Int(modifiedAt.nanoseconds))
    return withUnsafeTemporaryAllocation(of: timespec.self, capacity: 2) { times in
        times[0] = timespec(tv_sec: 0, tv_nsec: omit)
        times[1] = modified
        guard let start = times.baseAddress else { return -Int(ENOMEM) }
        return body(UnsafePointer(start))
    }
}
