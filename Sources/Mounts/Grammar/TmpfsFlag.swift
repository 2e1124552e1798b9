internal import StorageModel

/// `--tmpfs DESTINATION[:OPTION,…]`: the options of tmpfs(5) and those that mount(8) has for every file system.
///
/// As with Docker it is `nosuid,nodev,noexec` unless an option says otherwise.
enum TmpfsFlag {
    static let restrictions: MountFlags = [.noSetID, .noDevices, .noExecution]

    static func parse(_ text: String, flag: String = "--tmpfs") throws(StorageError) -> MountSpec {
        let spec = SpecText(flag: flag, text: text)
        let (path, options) = spec.whole.cut(at: ":")
        guard !path.isEmpty else {
            throw spec.fault(path, "the path in the container is empty", hint: "write DESTINATION[:OPTIONS]")
        }
        var mount = MountSpec(
            destination: try spec.destination(path), content: .tmpfs(TmpfsMount()), restrictions: restrictions)
        guard let options else { return mount }
        guard !options.isEmpty else {
            throw spec.fault(options, "the list of options is empty", hint: "leave out the colon")
        }
        var tmpfs = TmpfsMount()
        var seen: [String: Substring] = [:]
        for part in options.split(separator: ",", omittingEmptySubsequences: false) {
            let (key, value) = part.cut(at: "=")
            let subject = opposites[String(key)] ?? String(key)
            if let earlier = seen[subject] {
                throw spec.fault(
                    part,
                    earlier == part
                        ? "\(part.quoted) is there twice" : "\(part.quoted) contradicts \(earlier.quoted)",
                    hint: "keep one of the two")
            }
            seen[subject] = part
            if let value {
                try assign(spec, part, String(key), value, to: &tmpfs)
            } else {
                try set(spec, part, in: &mount)
            }
        }
        mount.content = .tmpfs(tmpfs)
        return mount
    }

    /// The words of which only one may be given, by what they decide.
    private static let opposites = [
        "ro": "access", "rw": "access", "dev": "devices", "nodev": "devices", "exec": "execution",
        "noexec": "execution", "suid": "set-id", "nosuid": "set-id", "nr_blocks": "size",
    ]

    /// What mount(8) knows and what changes nothing in memory that one container uses: taken, and of no effect.
    private static let ignored: Set<String> = [
        "defaults", "async", "sync", "dirsync", "atime", "noatime", "diratime", "nodiratime", "relatime", "norelatime",
        "strictatime", "nostrictatime", "tmpcopyup", "notmpcopyup",
    ]

    private static let words = Array(opposites.keys.filter { $0 != "nr_blocks" }) + ignored
    private static let keys = ["size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol", "huge"]

    private static func set(
        _ spec: SpecText, _ part: Substring, in mount: inout MountSpec
    ) throws(StorageError) {
        switch part {
        case "ro": mount.isReadOnly = true
        case "rw": mount.isReadOnly = false
        case "nodev": mount.restrictions.insert(.noDevices)
        case "dev": mount.restrictions.remove(.noDevices)
        case "noexec": mount.restrictions.insert(.noExecution)
        case "exec": mount.restrictions.remove(.noExecution)
        case "nosuid": mount.restrictions.insert(.noSetID)
        case "suid": mount.restrictions.remove(.noSetID)
        case "tmpcopyup":
            throw spec.fault(
                part, "what the image has is not copied into memory",
                hint: "use a volume, which is filled from the image")
        default:
            if ignored.contains(String(part)) { return }
            if keys.contains(String(part)) {
                throw spec.fault(part, "\(part.quoted) has no value", hint: "write \(part)=…")
            }
            throw spec.fault(
                part, part.isEmpty ? "an option is empty" : "\(part.quoted) is not an option of a tmpfs",
                hint: NearestWord.hint(
                    for: part, in: (words + keys.map { "\($0)=" }).sorted(),
                    otherwise: "the usual ones are size=64m, mode=1777, uid=1000, gid=1000, ro, exec"))
        }
    }

    private static func assign(
        _ spec: SpecText, _ part: Substring, _ key: String, _ value: Substring, to tmpfs: inout TmpfsMount
    ) throws(StorageError) {
        let text = String(value)
        guard keys.contains(key) else {
            throw spec.fault(
                part, "\(key[...].quoted) is not an option of a tmpfs with a value",
                hint: NearestWord.hint(for: key, in: keys, otherwise: "they are \(keys.joined(separator: ", "))"))
        }
        guard !value.isEmpty else { throw spec.fault(value, "the value of \(key[...].quoted) is empty") }
        switch key {
        case "size" where text.hasSuffix("%"):
            guard let percent = UInt32(text.dropLast()), (1...100).contains(percent) else {
                throw spec.fault(value, "\(value.quoted) is not a share of the memory", hint: "write 1% to 100%")
            }
            tmpfs.options.append("size=\(percent)%")
        case "size": tmpfs.sizeBytes = try spec.size(value, value: text)
        case "mode": tmpfs.mode = try spec.mode(value, value: text)
        case "uid": tmpfs.uid = try spec.identity(value, value: text)
        case "gid": tmpfs.gid = try spec.identity(value, value: text)
        default: tmpfs.options.append(String(part))
        }
    }
}
