/// What a backup does so that the files it reads fit together although somebody uses them.
public enum ConsistencyMode: String, Hashable, Sendable, CaseIterable {
    /// Nothing: the data is read while it is used.
    case none
    /// Freeze whoever uses the data, clone it, let them run on, and read the clone, where all that is possible; read the data
    /// while it is used otherwise.
    case auto
    /// As ``auto``, and an error if something cannot be frozen. Where the file system cannot clone, everything stays frozen
    /// while the data is read.
    case freeze
    /// Clone without freezing, and read the clone; an error where no clone can be made.
    case snapshot
}

/// A command that runs before or after a backup.
public struct BackupHook: Hashable, Sendable {
    public enum Place: Hashable, Sendable {
        case host
        /// In a running container; `nil` for one of Holdfast's own.
        case container(String, of: VolumeEngine?)
    }

    public let place: Place
    /// What `/bin/sh -c` is given there.
    public let command: String

    /// A command of the host.
    public init(command: String) throws(StorageError) {
        try Self.check(command)
        place = .host
        self.command = command
    }

    /// Parses `[ENGINE:]CONTAINER:COMMAND`, where ENGINE is `docker`, `podman` or `holdfast`.
    ///
    /// - Parameter engine: whose container it is if the text does not say; `nil` for Holdfast's own.
    public init(parsing text: String, engine: VolumeEngine?) throws(StorageError) {
        var engine = engine
        var rest = text[...]
        if let colon = rest.firstIndex(of: ":") {
            let word = String(rest[..<colon])
            let after = rest[rest.index(after: colon)...]
            // A container may itself be called docker: only with two colons is the first word the engine's.
            if after.contains(":"), word == "holdfast" || VolumeEngine(rawValue: word) != nil {
                engine = VolumeEngine(rawValue: word)
                rest = after
            }
        }
        guard let colon = rest.firstIndex(of: ":"), colon != rest.startIndex else {
            throw StorageError(
                .invalidInput, object: text, "'\(text.printable(limit: 200))' does not name a container and a command",
                hint: "write CONTAINER:COMMAND, as in db:'pg_dump -f /data/dump app'")
        }
        let name = String(rest[..<colon])
        guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x2f }), !name.hasPrefix("-") else {
            throw StorageError(
                .invalidInput, object: text, "'\(name.printable(limit: 80))' cannot be the name of a container")
        }
        command = String(rest[rest.index(after: colon)...])
        try Self.check(command)
        place = .container(name, of: engine)
    }

    private static func check(_ command: String) throws(StorageError) {
        guard command.contains(where: { !$0.isWhitespace }), !command.utf8.contains(0) else {
            throw StorageError(.invalidInput, object: command, "a hook has no command")
        }
    }
}

/// How the data of a backup is kept still, and what runs before and after.
public struct ConsistencyRequest: Hashable, Sendable {
    public var mode: ConsistencyMode
    /// How long anything may stay frozen.
    public var maxFreezeSeconds: Int
    public var hooksBefore: [BackupHook]
    public var hooksAfter: [BackupHook]
    /// How long one hook may take.
    public var hookTimeoutSeconds: Int

    public static let freezeSeconds = 1...3600
    public static let timeoutSeconds = 1...86_400

    public init(
        mode: ConsistencyMode = .none, maxFreezeSeconds: Int = 10, hooksBefore: [BackupHook] = [],
        hooksAfter: [BackupHook] = [], hookTimeoutSeconds: Int = 300
    ) {
        self.mode = mode
        self.maxFreezeSeconds = maxFreezeSeconds
        self.hooksBefore = hooksBefore
        self.hooksAfter = hooksAfter
        self.hookTimeoutSeconds = hookTimeoutSeconds
    }
}
