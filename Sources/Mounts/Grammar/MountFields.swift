internal import StorageModel

/// The fields of one `--mount`, by key: each known, given once, and of a kind that fits the mount's.
struct MountFields {
    struct Value {
        let text: String
        /// Where the value is written; the whole field if it has none.
        let part: Substring
        /// Where the field is written.
        let field: Substring
    }

    let spec: SpecText
    let kind: MountKey.Kind
    private var values: [MountKey: [Value]] = [:]

    init(_ spec: SpecText) throws(StorageError) {
        self.spec = spec
        guard !spec.text.isEmpty else {
            throw spec.fault(
                spec.whole, "the mount is empty", hint: "write it as in type=volume,source=data,destination=/data")
        }
        var kind: (value: MountKey.Kind, part: Substring)?
        for field in try spec.csvFields() {
            let (key, value) = try Self.parse(field, spec)
            try Self.refuseRepetition(key, value, values[key] ?? [], spec)
            values[key, default: []].append(value)
            if key == .type { kind = (try Self.kind(value, spec), value.part) }
        }
        self.kind = kind?.value ?? .volume
        try refuseForeignKeys()
    }

    subscript(key: MountKey) -> Value? { values[key]?.last }
    func all(_ key: MountKey) -> [Value] { values[key] ?? [] }

    /// A yes or no; no if the key is not there.
    func flag(_ key: MountKey) throws(StorageError) -> Bool {
        guard let value = self[key] else { return false }
        switch value.text {
        case "true", "1": return true
        case "false", "0": return false
        default:
            throw spec.fault(
                value.part, "\(value.part.quoted) is neither true nor false",
                hint: "write true, 1, false or 0, or the key alone")
        }
    }

    /// `KEY=VALUE` values as a dictionary; the last of two equal keys counts, as with Docker.
    func pairs(_ key: MountKey) throws(StorageError) -> [String: String] {
        var result: [String: String] = [:]
        for value in all(key) {
            let (name, text) = value.text[...].cut(at: "=")
            guard !name.isEmpty else {
                throw spec.fault(value.part, "\(value.part.quoted) has no key", hint: "write \(key.rawValue)=KEY=VALUE")
            }
            result[String(name)] = text.map(String.init) ?? ""
        }
        return result
    }

    // MARK: Parsing

    private static func parse(_ field: CSVField, _ spec: SpecText) throws(StorageError) -> (MountKey, Value) {
        let (name, value) = field.text[...].cut(at: "=")
        let namePart = field.source(of: name)
        guard !field.text.isEmpty else {
            throw spec.fault(field.source, "a field is empty", hint: "leave out the comma")
        }
        guard let key = MountKey(name: name) else { throw unknown(String(name), namePart, spec) }
        guard let value else {
            guard let alone = key.valueAlone else {
                throw spec.fault(
                    field.source, "\(field.source.quoted) has no value", hint: "write \(name)=VALUE")
            }
            return (key, Value(text: alone, part: field.source, field: field.source))
        }
        let part = field.source(of: value)
        guard !value.isEmpty else {
            throw spec.fault(
                part, "the value of \(namePart.quoted) is empty", hint: "leave out the field, or give it one")
        }
        guard value.first?.isWhitespace == false, value.last?.isWhitespace == false else {
            throw spec.fault(part, "\(part.quoted) begins or ends with a blank", hint: "leave out the blank")
        }
        return (key, Value(text: String(value), part: part, field: field.source))
    }

    private static func unknown(_ name: String, _ part: Substring, _ spec: SpecText) -> StorageError {
        if let retired = MountKey.retired(name.lowercased()) {
            return spec.fault(part, retired.reason, hint: retired.hint)
        }
        // Podman has them as keys of their own.
        if MountPropagation(rawValue: name) != nil {
            return spec.fault(part, "\(part.quoted) is a value", hint: "write bind-propagation=\(name)")
        }
        return spec.fault(
            part, part.isEmpty ? "the key is empty" : "there is no key \(part.quoted)",
            hint: NearestWord.hint(
                for: name, in: MountKey.names,
                otherwise: "the keys that every mount has are type, source, destination and readonly"))
    }

    private static func kind(_ value: Value, _ spec: SpecText) throws(StorageError) -> MountKey.Kind {
        let name = value.text.lowercased()
        if let kind = MountKey.Kind(rawValue: name) { return kind }
        let hint =
            switch name {
            case "npipe": "named pipes are of Windows; a socket is mounted with type=bind"
            case "cluster": "cluster volumes are of Docker's swarm mode; use type=volume"
            case "ramfs": "use type=tmpfs, which has a limit"
            default:
                NearestWord.hint(
                    for: name, in: MountKey.Kind.allCases.map(\.rawValue),
                    otherwise: "the types are volume, bind, tmpfs and image")
            }
        throw spec.fault(value.part, "there is no type \(value.part.quoted) of mounts", hint: hint)
    }

    private static func refuseRepetition(
        _ key: MountKey, _ value: Value, _ earlier: [Value], _ spec: SpecText
    ) throws(StorageError) {
        guard !key.isRepeatable, let before = earlier.first, before.text != value.text else { return }
        throw spec.fault(
            value.field, "\(value.field.quoted) contradicts \(before.field.quoted)", hint: "keep one of the two")
    }

    /// Keys of another kind of mount.
    private func refuseForeignKeys() throws(StorageError) {
        let foreign = values.filter { key, _ in !(key.kinds?.contains(kind) ?? true) }
        let first = foreign.compactMap { key, values in values.first.map { (key, $0.field) } }
            .min { $0.1.startIndex < $1.1.startIndex }
        guard let (key, field) = first, let kinds = key.kinds else { return }
        let owners = MountKey.Kind.allCases.filter { kinds.contains($0) }.map(\.rawValue).joined(separator: " and ")
        let isDefault = self[.type] == nil
        throw spec.fault(
            field, "\(field.quoted) is for mounts of type \(owners), not for a \(kind.rawValue)",
            hint: isDefault
                ? "add type=\(owners.split(separator: " ").last ?? ""): without a type it is a volume"
                : "leave it out, or choose another type")
    }
}
