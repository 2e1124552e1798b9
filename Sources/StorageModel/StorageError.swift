/// The one error that leaves Holdfast: what failed, on which object, why, and what to do next.
///
/// The code is stable and decides the exit status; the texts may change. Lower rooms throw it too, assembled where the
/// facts are: the place that knows the object's name writes the message.
public struct StorageError: Error, Sendable {
    /// What kind of failure it is. Scripts rely on the raw values; none is renamed.
    public enum Code: String, Sendable, Codable, CaseIterable {
        /// The command line, a name or an option is not of the form it must have.
        case invalidInput = "invalid-input"
        /// The named object does not exist.
        case notFound = "not-found"
        /// An object of that name exists and differs, or a file is in the way.
        case conflict = "conflict"
        /// The object is mounted, open, leased or protected.
        case inUse = "in-use"
        /// The kernel refused for lack of permission, or an archive is encrypted and no key that was given opens it.
        case permissionDenied = "permission-denied"
        /// A check (bind mounts, policies) says no.
        case deniedByCheck = "denied-by-check"
        /// Data on disk or in an archive is not what was written.
        case damaged = "damaged"
        /// An archive or a stream ends before its end.
        case truncated
        /// The store or the archive was made by a newer version.
        case tooNew = "too-new"
        /// Input exceeds a limit that protects this machine.
        case limitExceeded = "limit-exceeded"
        /// No space, quota or inodes left.
        case noSpace = "no-space"
        /// The user interrupted the operation.
        case interrupted = "interrupted"
        /// Any other failure of the system.
        case system = "system"
    }

    public let code: Code
    /// The object in question: a volume's name, a path, an archive; empty where there is none.
    public let object: String
    /// What failed, lower case, naming the object, without a full stop.
    public let message: String
    /// The kernel's error behind it.
    public let errno: Errno?
    /// What to do next.
    public let hint: String?
    /// What went wrong below, outermost first, one sentence each.
    public let causes: [String]
    /// The text in which the fault is, and where: for what a user wrote.
    public let excerpt: TextExcerpt?

    public init(
        _ code: Code, object: String = "", _ message: String, errno: Errno? = nil, hint: String? = nil,
        causes: [String] = [], excerpt: TextExcerpt? = nil
    ) {
        self.code = code
        self.object = object
        self.message = message
        self.errno = errno
        self.hint = hint
        self.causes = causes
        self.excerpt = excerpt
    }
}

extension StorageError {
    /// A failed system call on `object`: the code and the hint follow from the error number.
    ///
    /// - Parameter doing: what was attempted, as in "cannot `doing`", for example "create volume 'pg'".
    public static func system(_ doing: String, object: String, errno: Errno, hint: String? = nil) -> StorageError {
        StorageError(
            Code(errno), object: object, "cannot \(doing): \(errno) (\(errno.name))", errno: errno,
            hint: hint ?? defaultHint(errno))
    }

    /// The user pressed Ctrl-C, or the process was asked to end.
    public static let interrupted = StorageError(.interrupted, "interrupted; nothing half-made was left behind")

    private static func defaultHint(_ errno: Errno) -> String? {
        switch errno {
        case .accessDenied, .notPermitted: "run as root, or as the owner"
        case .readOnlyFileSystem: "the file system is mounted read-only; remount it read-write or choose another place"
        case .noSpace: "free space or inodes on that file system, or choose another place (df -h, df -i)"
        case .quotaExceeded: "the quota is used up; raise it or free space"
        case .tooManyOpenFiles: "raise the limit of open files (ulimit -n)"
        default: nil
        }
    }
}

extension StorageError.Code {
    /// The code that an error number stands for.
    public init(_ errno: Errno) {
        switch errno {
        case .noEntry: self = .notFound
        case .accessDenied, .notPermitted: self = .permissionDenied
        case .noSpace, .quotaExceeded: self = .noSpace
        case .busy, .textBusy: self = .inUse
        case .exists, .notEmpty: self = .conflict
        default: self = .system
        }
    }
}

extension StorageError: CustomStringConvertible {
    public var description: String {
        ([message] + causes.map { "because: \($0)" } + (hint.map { ["hint: \($0)"] } ?? [])).joined(separator: "\n  ")
    }
}
