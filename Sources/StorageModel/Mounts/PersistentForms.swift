// How values of the vocabulary are kept in the catalog's JSON: as the text that they are parsed from. Bytes of paths that
// are not UTF-8 are kept as they are, so an entry path is an array of numbers there if it must be.

extension VolumeName: Codable {
    public init(from decoder: any Decoder) throws {
        self = try VolumeName(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

extension Digest: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let digest = Digest(hex: text) else {
            throw StorageError(.damaged, object: text, "'\(text.printable(limit: 80))' is no digest")
        }
        self = digest
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }
}

extension EntryPath: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let bytes =
            if let text = try? container.decode(String.self) { Array(text.utf8) } else {
                try container.decode([UInt8].self)
            }
        guard let path = EntryPath(parsing: bytes) else {
            throw StorageError(.damaged, "'\(String(decoding: bytes, as: UTF8.self).printable())' is no path in a tree")
        }
        self = path
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        let text = String(decoding: bytes, as: UTF8.self)
        if text.utf8.elementsEqual(bytes) { try container.encode(text) } else { try container.encode(bytes) }
    }
}
