internal import StorageModel

/// `--mount KEY=VALUE,…`: Docker 29's keys, with Podman's where they mean something here.
enum MountFlag {
    static func parse(_ text: String, currentDirectory: String) throws(StorageError) -> MountSpec {
        let fields = try MountFields(SpecText(flag: "--mount", text: text))
        let spec = fields.spec
        guard let destination = fields[.destination] else {
            throw spec.fault(
                text[text.endIndex...], "there is no destination", hint: "add destination=/path/in/container")
        }
        if let value = fields[.consistency], !consistencies.contains(value.text.lowercased()) {
            throw spec.fault(
                value.part, "\(value.part.quoted) is not a consistency", hint: "on Linux it has no effect; leave it out"
            )
        }
        let path = try spec.destination(destination.part, value: destination.text)
        let content: MountSpec.Content =
            switch fields.kind {
            case .volume: .volume(try volume(fields, currentDirectory))
            case .bind: .bind(try bind(fields, currentDirectory))
            case .tmpfs: .tmpfs(try tmpfs(fields))
            case .image: .image(try image(fields))
            }
        // An image is what it is; a container that could change it would change all others that have it.
        let isReadOnly = try fields.flag(.readonly) || fields.kind == .image
        return MountSpec(
            destination: path, content: content, isReadOnly: isReadOnly, restrictions: try restrictions(fields))
    }

    /// They matter on Docker Desktop only.
    private static let consistencies: Set<String> = ["default", "consistent", "cached", "delegated"]

    private static func restrictions(_ fields: MountFields) throws(StorageError) -> MountFlags {
        var flags: MountFlags = fields.kind == .tmpfs ? TmpfsFlag.restrictions : []
        let keys = [(MountKey.noExecution, MountFlags.noExecution), (.noDevices, .noDevices), (.noSetID, .noSetID)]
        for (key, flag) in keys where fields[key] != nil {
            if try fields.flag(key) { flags.insert(flag) } else { flags.remove(flag) }
        }
        return flags
    }

    // MARK: Kinds

    private static func volume(_ fields: MountFields, _ directory: String) throws(StorageError) -> VolumeMount {
        let spec = fields.spec
        let subpath = try subpath(fields, .volumeSubpath)
        let name = try fields[.source].map { source throws(StorageError) in
            try spec.volumeName(
                source.part, value: source.text,
                hint: "a directory of the host is mounted with type=bind")
        }
        if name == nil, let part = fields[.volumeSubpath]?.field ?? fields[.subpath]?.field {
            throw spec.fault(
                part, "\(part.quoted) is of no use in a volume without a name, which is empty", hint: "add source=NAME")
        }
        if name == nil, let part = fields[.nocreate]?.field, try fields.flag(.nocreate) {
            throw spec.fault(
                part, "a volume without a name is always made anew", hint: "add source=NAME, or leave out \(part)")
        }
        return VolumeMount(
            name: name, subpath: subpath, isPopulated: try !fields.flag(.volumeNoCopy),
            driver: fields[.volumeDriver]?.text, options: try fields.pairs(.volumeOption),
            labels: try fields.pairs(.volumeLabel), createsVolume: try !fields.flag(.nocreate),
            access: try access(fields, directory))
    }

    private static func bind(_ fields: MountFields, _ directory: String) throws(StorageError) -> BindMount {
        let spec = fields.spec
        guard let source = fields[.source] else {
            throw spec.fault(
                spec.text[spec.text.endIndex...], "there is no source", hint: "add source=/path/on/host")
        }
        let path = try spec.hostPath(source.part, value: source.text, currentDirectory: directory)
        let creates = try fields.flag(.bindCreatesSource)
        if creates, let part = fields[.nocreate]?.field, try fields.flag(.nocreate) {
            throw spec.fault(part, "\(part.quoted) contradicts 'bind-create-src'", hint: "keep one of the two")
        }
        let propagation = try propagation(fields)
        return BindMount(
            source: path, createsSource: creates, propagation: propagation ?? .rprivate,
            recursion: try recursion(fields, propagation), access: try access(fields, directory))
    }

    private static func tmpfs(_ fields: MountFields) throws(StorageError) -> TmpfsMount {
        let spec = fields.spec
        if let source = fields[.source] {
            throw spec.fault(
                source.field, "\(source.field.quoted) is of no use: a tmpfs has no source", hint: "leave it out")
        }
        var result = TmpfsMount()
        if let value = fields[.tmpfsSize] {
            let size = try spec.size(value.part, value: value.text)
            // Docker does not pass on a size of 0, and the kernel's default it is then.
            result.sizeBytes = size == 0 ? nil : size
        }
        if let value = fields[.tmpfsMode] { result.mode = try spec.mode(value.part, value: value.text) }
        if let value = fields[.tmpfsUser] { result.uid = try spec.identity(value.part, value: value.text) }
        if let value = fields[.tmpfsGroup] { result.gid = try spec.identity(value.part, value: value.text) }
        return result
    }

    private static func image(_ fields: MountFields) throws(StorageError) -> ImageMount {
        let spec = fields.spec
        guard let source = fields[.source] else {
            throw spec.fault(spec.text[spec.text.endIndex...], "there is no source", hint: "add source=IMAGE")
        }
        if let value = fields[.readonly], try !fields.flag(.readonly) {
            throw spec.fault(
                value.field, "an image cannot be written to",
                hint: "leave it out; to have changes, make a container of the image")
        }
        guard !source.text.contains(where: { $0.isWhitespace || $0 == "\0" }) else {
            throw spec.fault(source.part, "\(source.part.quoted) is not the name of an image")
        }
        return ImageMount(reference: source.text, subpath: try subpath(fields, .imageSubpath))
    }

    // MARK: Values

    /// Docker's key and Podman's say the same.
    private static func subpath(_ fields: MountFields, _ key: MountKey) throws(StorageError) -> EntryPath {
        if fields[key] != nil, let second = fields[.subpath] {
            throw fields.spec.fault(
                second.field, "\(second.field.quoted) says again what '\(key.rawValue)' says",
                hint: "keep one of the two")
        }
        guard let value = fields[key] ?? fields[.subpath] else { return .root }
        return try fields.spec.subpath(value.part, value: value.text)
    }

    private static func propagation(_ fields: MountFields) throws(StorageError) -> MountPropagation? {
        guard let value = fields[.bindPropagation] else { return nil }
        guard let propagation = MountPropagation(rawValue: value.text.lowercased()) else {
            let all = MountPropagation.allCases.map(\.rawValue)
            throw fields.spec.fault(
                value.part, "there is no propagation \(value.part.quoted)",
                hint: NearestWord.hint(
                    for: value.text, in: all, otherwise: "write one of \(all.joined(separator: ", "))"))
        }
        return propagation
    }

    private static func recursion(
        _ fields: MountFields, _ propagation: MountPropagation?
    ) throws(StorageError) -> BindMount.Recursion {
        guard let value = fields[.bindRecursive] else { return .enabled }
        guard let recursion = BindMount.Recursion(rawValue: value.text) else {
            throw fields.spec.fault(
                value.part, "\(value.part.quoted) does not say what happens to mounts below the source",
                hint: "write enabled, disabled, writable or readonly")
        }
        guard recursion == .writable || recursion == .readOnly else { return recursion }
        guard try fields.flag(.readonly) else {
            throw fields.spec.fault(
                value.field, "\(value.field.quoted) takes effect only if the mount is read-only", hint: "add readonly")
        }
        if recursion == .readOnly, propagation != .rprivate {
            throw fields.spec.fault(
                value.field, "\(value.field.quoted) must not be undone by mounts that are made later",
                hint: "add bind-propagation=rprivate")
        }
        return recursion
    }

    private static func access(_ fields: MountFields, _ directory: String) throws(StorageError) -> SourceAccess {
        let spec = fields.spec
        var access = SourceAccess(changesOwner: try fields.flag(.chown))
        if let value = fields[.idmap] {
            access.identity = try spec.identityMapping(value.part, value: value.text)
        }
        if let value = fields[.bindIdentity] {
            if let other = fields[.idmap] {
                throw spec.fault(
                    value.field, "\(value.field.quoted) contradicts \(other.field.quoted)", hint: "keep one of the two")
            }
            access.identity = try spec.matchedIdentity(value.part, value: value.text)
        }
        if let value = fields[.relabel] {
            guard let label = SourceAccess.Label(rawValue: value.text) else {
                throw spec.fault(
                    value.part, "\(value.part.quoted) is not a way to label", hint: "write shared or private")
            }
            access.label = label
        }
        access.overlay = try overlay(fields, directory)
        return access
    }

    private static func overlay(
        _ fields: MountFields, _ directory: String
    ) throws(StorageError) -> SourceAccess.Overlay? {
        let spec = fields.spec
        let (upper, work) = (fields[.upperdir], fields[.workdir])
        let isOverlay = try fields.flag(.overlay)
        guard let first = upper ?? work else { return isOverlay ? SourceAccess.Overlay() : nil }
        guard isOverlay else {
            throw spec.fault(first.field, "\(first.field.quoted) is of no use without 'O'", hint: "add O")
        }
        guard let upper, let work else {
            throw spec.fault(
                first.field, "\(first.field.quoted) is alone",
                hint: "an overlay takes both upperdir= and workdir=, or neither")
        }
        return SourceAccess.Overlay(
            upper: try spec.hostPath(upper.part, value: upper.text, currentDirectory: directory),
            work: try spec.hostPath(work.part, value: work.text, currentDirectory: directory))
    }
}
