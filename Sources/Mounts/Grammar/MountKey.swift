internal import StorageModel

/// The keys of `--mount`: Docker's, and those of Podman's that mean something here.
enum MountKey: String, CaseIterable {
    case type, source, destination, readonly, consistency
    case bindPropagation = "bind-propagation"
    case bindRecursive = "bind-recursive"
    case bindCreatesSource = "bind-create-src"
    case bindIdentity = "bind-idmap"
    case volumeSubpath = "volume-subpath"
    case volumeNoCopy = "volume-nocopy"
    case volumeLabel = "volume-label"
    case volumeDriver = "volume-driver"
    case volumeOption = "volume-opt"
    case imageSubpath = "image-subpath"
    case tmpfsSize = "tmpfs-size"
    case tmpfsMode = "tmpfs-mode"
    case tmpfsUser = "tmpfs-uid"
    case tmpfsGroup = "tmpfs-gid"
    // Podman's.
    case subpath, chown, idmap, relabel, overlay, upperdir, workdir, nocreate, notmpcopyup
    case noExecution = "noexec"
    case noDevices = "nodev"
    case noSetID = "nosuid"

    /// The kinds of mounts.
    enum Kind: String, CaseIterable {
        case volume, bind, tmpfs, image
    }

    private static let aliases: [String: MountKey] = [
        "src": .source, "dst": .destination, "target": .destination, "dest": .destination, "ro": .readonly,
        "u": .chown, "o": .overlay,
    ]

    /// The key of that name; capital letters count as small ones, as with Docker.
    init?(name: some StringProtocol) {
        let name = name.lowercased()
        guard let key = MountKey(rawValue: name) ?? Self.aliases[name] else { return nil }
        self = key
    }

    static let names = (allCases.map(\.rawValue) + aliases.keys.filter { $0.count > 1 }).sorted()

    /// Which kinds of mounts have it; `nil` for all.
    var kinds: Set<Kind>? {
        switch self {
        case .type, .source, .destination, .readonly, .consistency: nil
        case .bindPropagation, .bindRecursive, .bindCreatesSource, .bindIdentity: [.bind]
        case .volumeSubpath, .volumeNoCopy, .volumeLabel, .volumeDriver, .volumeOption: [.volume]
        case .imageSubpath: [.image]
        case .tmpfsSize, .tmpfsMode, .tmpfsUser, .tmpfsGroup, .notmpcopyup: [.tmpfs]
        case .subpath: [.volume, .image]
        case .chown, .idmap, .relabel, .overlay, .upperdir, .workdir, .nocreate: [.volume, .bind]
        case .noExecution, .noDevices, .noSetID: [.volume, .bind, .tmpfs]
        }
    }

    /// Whether it may stand alone, which means yes.
    var isFlag: Bool {
        switch self {
        case .readonly, .bindCreatesSource, .volumeNoCopy, .chown, .overlay, .nocreate, .notmpcopyup, .noExecution,
            .noDevices, .noSetID:
            true
        default: false
        }
    }

    /// What it means if it stands alone, for a key that takes other values than yes and no.
    var valueAlone: String? {
        switch self {
        case .idmap: "true"
        case .bindIdentity: "match-user"
        default: isFlag ? "true" : nil
        }
    }

    /// Whether it may be given several times.
    var isRepeatable: Bool { self == .volumeLabel || self == .volumeOption }

    /// Keys that are told apart from a typing error.
    static func retired(_ name: String) -> (reason: String, hint: String)? {
        switch name {
        case "bind-nonrecursive":
            ("'bind-nonrecursive' is deprecated, and Docker 29 refuses it", "write bind-recursive=disabled")
        case "tmpcopyup":
            ("what the image has is not copied into memory", "use a volume, which is filled from the image")
        case "rw", "readwrite": ("mounts can be written to anyway", "leave it out, or write readonly=false")
        default: nil
        }
    }
}
