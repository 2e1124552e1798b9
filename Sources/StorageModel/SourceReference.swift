/// Something that can be backed up, or restored into: a volume of the store or of another engine, or any directory of the
/// host.
public enum SourceReference: Hashable, Sendable, CustomStringConvertible {
    case volume(VolumeName)
    /// A volume of Docker or Podman.
    case engineVolume(EngineVolumeReference)
    /// An absolute path.
    case directory(String)

    /// Parses `NAME`, `holdfast:NAME`, `docker:NAME`, `podman:NAME` or `dir:/absolute/path`.
    public init(_ text: String) throws(StorageError) {
        if let path = text.dropping(prefix: "dir:") {
            guard path.hasPrefix("/"), !path.utf8.contains(0) else {
                throw StorageError(
                    .invalidInput, object: text, "'\(text.printable(limit: 200))' does not name an absolute path",
                    hint: "write dir: and a path from the root, as in dir:/srv/data")
            }
            self = .directory(String(path))
        } else if let name = text.dropping(prefix: "holdfast:") {
            self = .volume(try VolumeName(String(name)))
        } else if let colon = text.firstIndex(of: ":"), let engine = VolumeEngine(rawValue: String(text[..<colon])) {
            let name = try VolumeName(String(text[text.index(after: colon)...]))
            self = .engineVolume(try EngineVolumeReference(engine, name))
        } else if let colon = text.firstIndex(of: ":") {
            throw StorageError(
                .invalidInput, object: text,
                "unknown kind '\(String(text[..<colon]).printable(limit: 80))' of source or target",
                hint: "name a volume (NAME, docker:NAME or podman:NAME) or a directory (dir:/absolute/path)")
        } else if text.contains("/") {
            throw StorageError(
                .invalidInput, object: text, "'\(text.printable(limit: 200))' is a path, not the name of a volume",
                hint: "a directory is named dir:/absolute/path")
        } else {
            self = .volume(try VolumeName(text))
        }
    }

    /// The form that users write and scripts read: `holdfast:NAME`, `docker:NAME`, `podman:NAME` or `dir:/path`.
    public var description: String {
        switch self {
        case .volume(let name): "holdfast:\(name)"
        case .engineVolume(let reference): reference.description
        case .directory(let path): "dir:\(path)"
        }
    }

    /// The first folder below a backup destination: which engine the data belongs to.
    public var engine: String {
        switch self {
        case .volume: "holdfast"
        case .engineVolume(let reference): reference.engine.rawValue
        case .directory: "dir"
        }
    }

    /// The second folder below a backup destination: one path component, at most 255 bytes.
    ///
    /// A path is percent-encoded as in a URL component, so that it can be read and turned back.
    public var folderName: String {
        switch self {
        case .volume(let name): name.rawValue
        case .engineVolume(let reference): reference.name.rawValue
        case .directory(let path): path.percentEncoded
        }
    }
}

extension String {
    fileprivate func dropping(prefix: String) -> Substring? { hasPrefix(prefix) ? dropFirst(prefix.count) : nil }

    /// Every byte but the unreserved ones of RFC 3986 as `%XX`.
    public var percentEncoded: String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.append(byte)
            default: result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
