/// What the options of the driver `local` say, in Docker's words: `type`, `device`, `o` and `size`.
public struct LocalDriverOptions: Hashable, Sendable {
    /// What is mounted on the volume's data directory when it is first used.
    public struct Device: Hashable, Sendable {
        /// The kernel's name of the file system; `none` or `bind` where a directory is mounted.
        public let type: String
        public let source: String
        /// The words of `o`.
        public let options: [String]

        public init(type: String, source: String, options: [String]) {
            self.type = type
            self.source = source
            self.options = options
        }

        /// Whether it is a directory of this host that is mounted.
        public var isBind: Bool { type == "bind" || options.contains("bind") || options.contains("rbind") }

        /// Whether the data lives in memory and is gone when it is unmounted.
        public var isMemory: Bool { !isBind && (type == "tmpfs" || type == "ramfs") }

        /// For people, without passwords: `type=cifs,device=//nas/share,o=username=me,password=********`.
        public var description: String {
            let words = options.map(Self.masked).joined(separator: ",")
            return "type=\(type),device=\(Self.withoutCredentials(source))" + (words.isEmpty ? "" : ",o=\(words)")
        }

        /// The keys whose values nobody may see.
        private static let secretKeys: Set<String> = [
            "password", "password2", "pass", "passwd", "credentials", "secret",
        ]

        fileprivate static func masked(_ word: String) -> String {
            guard let equals = word.firstIndex(of: "=") else { return word }
            let key = word[..<equals].lowercased()
            if secretKeys.contains(key) { return "\(word[..<equals])=********" }
            // cifs takes `user=NAME%PASSWORD`.
            guard key == "user" || key == "username", let percent = word.firstIndex(of: "%") else { return word }
            return "\(word[..<percent])%********"
        }

        /// `//user:password@host/share` without the password.
        fileprivate static func withoutCredentials(_ source: String) -> String {
            guard source.hasPrefix("//") || source.contains("://"), let at = source.lastIndex(of: "@"),
                let colon = source[..<at].lastIndex(of: ":"), !source[colon...].hasPrefix("://")
            else { return source }
            return "\(source[..<colon]):********\(source[at...])"
        }
    }

    public let device: Device?
    /// The most that the volume may hold.
    public let sizeBytes: UInt64?
    /// Owner and group of the volume's directory, as Podman takes them in `o`.
    public let uid: UInt32?
    public let gid: UInt32?

    init(device: Device?, sizeBytes: UInt64?, uid: UInt32?, gid: UInt32?) {
        self.device = device
        self.sizeBytes = sizeBytes
        self.uid = uid
        self.gid = gid
    }

    /// The options as they may be shown: without passwords.
    public static func shown(_ options: [String: String]) -> [String: String] {
        var result = options
        result["o"] = options["o"].map { text in
            text.split(separator: ",", omittingEmptySubsequences: false).map { Device.masked(String($0)) }
                .joined(separator: ",")
        }
        result["device"] = options["device"].map(Device.withoutCredentials)
        return result
    }

    /// - Throws: ``StorageError/Code/invalidInput``, pointing at the option.
    public init(_ options: [String: String], object: String = "") throws(StorageError) {
        self = try LocalOptionParser(options: options, object: object).parse()
    }
}
