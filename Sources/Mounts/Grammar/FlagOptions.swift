internal import StorageModel

/// The words that say how a mount is made, as `-v` has them behind the second colon: Docker's and Podman's.
///
/// Every word belongs to a class, and a mount takes at most one of each: `ro` and `rw` exclude each other.
struct FlagOptions {
    var isReadOnly = false
    var restrictions: MountFlags = []
    var access = SourceAccess()
    var propagation: MountPropagation?
    var recursion: BindMount.Recursion?
    /// `nil` unless `copy` or `nocopy` is written.
    var isPopulated: Bool?
    var createsSource = true
    var subpath: EntryPath?

    private var upper: String?
    private var work: String?

    /// Where the words of a class were written.
    private(set) var parts: [WordClass: Substring] = [:]

    enum WordClass: String {
        case access = "ro and rw"
        case label = "z and Z"
        case propagation = "propagation"
        case copying = "copy and nocopy"
        case consistency = "consistency"
        case devices = "dev and nodev"
        case execution = "exec and noexec"
        case setID = "suid and nosuid"
        case recursion = "bind and rbind"
        case owner = "U"
        case overlay = "O"
        case upper = "upperdir"
        case work = "workdir"
        case identity = "idmap"
        case creation = "nocreate"
        case subpath
    }

    /// The words without a value.
    private static let words: [String: WordClass] = [
        "ro": .access, "rw": .access, "z": .label, "Z": .label, "copy": .copying, "nocopy": .copying,
        "consistent": .consistency, "cached": .consistency, "delegated": .consistency, "dev": .devices,
        "nodev": .devices, "exec": .execution, "noexec": .execution, "suid": .setID, "nosuid": .setID,
        "bind": .recursion, "rbind": .recursion, "U": .owner, "O": .overlay, "idmap": .identity,
        "nocreate": .creation,
    ].merging(MountPropagation.allCases.map { ($0.rawValue, .propagation) }) { $1 }

    /// The words with a value.
    private static let assignments: [String: WordClass] = [
        "upperdir": .upper, "workdir": .work, "idmap": .identity, "subpath": .subpath,
    ]

    /// Whether the text consists of such words, so that it was not meant as a path.
    static func areOptions(_ text: Substring) -> Bool {
        text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { word in
            let (key, value) = word.cut(at: "=")
            return (value == nil ? words : assignments)[String(key)] != nil
        }
    }

    init() {}

    init(_ text: Substring, of spec: SpecText, currentDirectory: String) throws(StorageError) {
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            try take(part, spec, currentDirectory)
        }
        try checkOverlay(spec)
    }

    private mutating func take(_ part: Substring, _ spec: SpecText, _ directory: String) throws(StorageError) {
        let (key, value) = part.cut(at: "=")
        guard !part.isEmpty else { throw spec.fault(part, "an option is empty", hint: "leave out the comma") }
        let known = value == nil ? Self.words : Self.assignments
        guard let wordClass = known[String(key)] else {
            let all = Array(Self.words.keys) + Self.assignments.keys.map { "\($0)=" }
            throw spec.fault(
                part, "\(part.quoted) is not an option of a mount",
                hint: NearestWord.hint(
                    for: part, in: all.sorted(), otherwise: "the usual ones are ro, nocopy, z, rshared, nosuid, U"))
        }
        if let earlier = parts[wordClass] {
            throw spec.fault(
                part,
                earlier == part ? "\(part.quoted) is there twice" : "\(part.quoted) contradicts \(earlier.quoted)",
                hint: "keep one of the two")
        }
        parts[wordClass] = part
        if let value {
            try set(wordClass, to: value, spec, directory)
        } else {
            set(wordClass, String(key))
        }
    }

    private mutating func set(_ wordClass: WordClass, _ word: String) {
        switch wordClass {
        case .access: isReadOnly = word == "ro"
        case .label: access.label = word == "z" ? .shared : .private
        case .propagation: propagation = MountPropagation(rawValue: word)
        case .copying: isPopulated = word == "copy"
        case .devices: if word == "nodev" { restrictions.insert(.noDevices) }
        case .execution: if word == "noexec" { restrictions.insert(.noExecution) }
        case .setID: if word == "nosuid" { restrictions.insert(.noSetID) }
        case .recursion: recursion = word == "bind" ? .disabled : .enabled
        case .owner: access.changesOwner = true
        case .overlay: access.overlay = SourceAccess.Overlay()
        case .identity: access.identity = .userNamespace
        case .creation: createsSource = false
        // Consistency is a matter of Docker Desktop; on Linux both sides see the same file at once.
        case .consistency, .upper, .work, .subpath: break
        }
    }

    private mutating func set(
        _ wordClass: WordClass, to value: Substring, _ spec: SpecText, _ directory: String
    ) throws(StorageError) {
        guard !value.isEmpty else { throw spec.fault(value, "the value is empty", hint: "write it behind the =") }
        switch wordClass {
        case .identity: access.identity = try spec.identityMapping(value, value: String(value))
        case .subpath: subpath = try spec.subpath(value, value: String(value))
        // Both wait for `O`, which may come behind them.
        case .upper: upper = try spec.hostPath(value, value: String(value), currentDirectory: directory)
        case .work: work = try spec.hostPath(value, value: String(value), currentDirectory: directory)
        default: break
        }
    }

    /// `upperdir` and `workdir` belong to `O`, and to each other.
    private mutating func checkOverlay(_ spec: SpecText) throws(StorageError) {
        guard let first = parts[.upper] ?? parts[.work] else { return }
        guard access.overlay != nil else {
            throw spec.fault(first, "\(first.quoted) is of no use without 'O'", hint: "add O before it")
        }
        guard upper != nil, work != nil else {
            throw spec.fault(
                first, "\(first.quoted) is alone", hint: "an overlay takes both upperdir= and workdir=, or neither")
        }
        access.overlay = SourceAccess.Overlay(upper: upper, work: work)
    }
}
