package import StorageModel

/// Whom the copy of an entry belongs to, where owners are set at all.
package enum OwnerTranslation: Sendable {
    /// The same numbers.
    case same
    /// One user and group, whoever had it.
    case everythingTo(uid: UInt32, gid: UInt32)
    /// From numbers of a user namespace to the host's.
    case outside(IdentityMapping)
    /// From the host's numbers to those of a user namespace.
    case inside(IdentityMapping)

    /// What the kernel shows for an id that a user namespace does not have (`/proc/sys/kernel/overflowuid`).
    package static let nobody: UInt32 = 65534

    package func callAsFunction(_ metadata: EntryMetadata) -> EntryMetadata {
        var result = metadata
        switch self {
        case .same: break
        case .everythingTo(let uid, let gid): (result.uid, result.gid) = (uid, gid)
        case .outside(let mapping):
            // Nobody of the namespace; if it has no such id, nobody of the host.
            let nobody = mapping.outside(of: Self.nobody) ?? Self.nobody
            result.uid = mapping.outside(of: metadata.uid) ?? nobody
            result.gid = mapping.outside(of: metadata.gid) ?? nobody
        case .inside(let mapping):
            result.uid = mapping.inside(of: metadata.uid) ?? Self.nobody
            result.gid = mapping.inside(of: metadata.gid) ?? Self.nobody
        }
        return result
    }
}
