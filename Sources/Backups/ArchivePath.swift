internal import FileTree
internal import StorageModel

/// What the path of an archive below a destination tells of it: all that is known of an encrypted one without a key.
struct ArchivePath {
    let source: SourceReference?
    let createdAt: Timestamp?

    /// - Parameter path: absolute; ends in `<engine>/<name>/<UTC time>….tar.zst.age` if it is of the layout.
    init(_ path: String) {
        let (directory, name) = HostPath.split(path)
        let (above, folder) = HostPath.split(directory)
        source = Self.source(HostPath.split(above).name, folder)
        createdAt = source == nil ? nil : Self.time(name)
    }

    private static func source(_ engine: String, _ folder: String) -> SourceReference? {
        guard let name = engine == "dir" ? folder.percentDecoded : folder else { return nil }
        // Why: a folder that is not of the layout names no source, which is no failure.
        guard let source = try? SourceReference("\(engine):\(name)"), source.engine == engine,
            DestinationLayout.folders(of: source).last == folder
        else { return nil }
        return source
    }

    /// The inverse of ``Timestamp/compact``.
    private static func time(_ name: String) -> Timestamp? {
        let text = Array(name.utf8.prefix(16))
        guard text.count == 16, text[8] == UInt8(ascii: "T"), text[15] == UInt8(ascii: "Z") else { return nil }
        let part = { (range: Range<Int>) in String(decoding: text[range], as: UTF8.self) }
        let date = "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))"
        return Timestamp(parsing: "\(date)T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))Z")
    }
}

extension String {
    /// The inverse of ``percentEncoded``; `nil` for what that never yields.
    fileprivate var percentDecoded: String? {
        var result: [UInt8] = []
        var rest = Array(utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                result.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            result.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: result, as: UTF8.self)
    }
}
