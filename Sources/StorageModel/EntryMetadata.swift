/// What an entry of a tree is.
public enum EntryKind: UInt8, Sendable, Hashable, CaseIterable {
    case file = 0
    case directory = 1
    case symbolicLink = 2
    case hardLink = 3
    case characterDevice = 4
    case blockDevice = 5
    case fifo = 6
    case socket = 7

    /// The word used in JSON and tables.
    public var word: String {
        switch self {
        case .file: "file"
        case .directory: "directory"
        case .symbolicLink: "symlink"
        case .hardLink: "hardlink"
        case .characterDevice: "character-device"
        case .blockDevice: "block-device"
        case .fifo: "fifo"
        case .socket: "socket"
        }
    }
}

/// Owner, permission bits and modification time: what `chown`, `chmod` and `utimensat` set.
public struct EntryMetadata: Hashable, Sendable {
    /// Permission bits with set-user-id, set-group-id and sticky (`mode & 0o7777`).
    public var mode: UInt16
    public var uid: UInt32
    public var gid: UInt32
    public var modifiedAt: Timestamp

    public init(mode: UInt16, uid: UInt32, gid: UInt32, modifiedAt: Timestamp) {
        self.mode = mode & 0o7777
        self.uid = uid
        self.gid = gid
        self.modifiedAt = modifiedAt
    }
}

/// One extended attribute: a name with its namespace (`user.x`) and its value.
public struct ExtendedAttribute: Hashable, Sendable {
    public let name: String
    public let value: [UInt8]

    public init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }
}
