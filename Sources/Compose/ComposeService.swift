package import StorageModel

/// What a service of a compose file says of storage.
package struct ComposeService: Sendable {
    package let name: String
    package let image: String?
    /// In the order of the file.
    package let mounts: [ComposeMount]
    package let volumesFrom: [ComposeInheritance]
    /// Whether it has no profile, or one that is asked for.
    package let isEnabled: Bool
}

extension ComposeService {
    private static func source(_ short: String) -> String? {
        let parts = short.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count > 1 ? String(parts[0]) : nil
    }

    /// Whether it mounts the volume itself.
    func mentions(_ volume: ComposeVolume) -> Bool {
        mounts.contains { mount in
            switch mount.form {
            case .short(let text): return Self.source(text) == volume.key
            case .long(let spec):
                guard case .volume(let mounted) = spec.content else { return false }
                return mounted.name?.rawValue == volume.name
            case .tmpfs: return false
            }
        }
    }
}

/// One mount of a service.
package struct ComposeMount: Sendable {
    package enum Form: Sendable {
        /// `SOURCE:DESTINATION:MODE`, which means what it means to `-v`; a volume has its name in the file.
        case short(String)
        /// One entry of `tmpfs`, which means what it means to `--tmpfs`.
        case tmpfs(String)
        /// The long syntax; a volume has its name in the store.
        case long(MountSpec)
    }

    package let form: Form
    package let place: ComposePlace
}

/// `volumes_from`: whose mounts a service takes over.
package struct ComposeInheritance: Sendable {
    package enum Source: Sendable {
        case service(String)
        /// A container that has nothing to do with the file.
        case container(String)
    }

    package let source: Source
    package let isReadOnly: Bool
    package let place: ComposePlace
}
