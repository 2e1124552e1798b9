public import StorageModel

/// The name of a compose project: what its volumes' names begin with.
///
/// Lower-case letters, digits, `-` and `_`, beginning with a letter or a digit (Compose specification, "Name").
public struct ComposeProjectName: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    /// - Throws: ``StorageModel/StorageError/Code/invalidInput``.
    public init(_ text: String) throws(StorageError) {
        let bytes = text.utf8
        let isPlain = { (byte: UInt8) in (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte) }
        guard let first = bytes.first, isPlain(first), bytes.allSatisfy({ isPlain($0) || $0 == 0x2d || $0 == 0x5f })
        else {
            throw StorageError(
                .invalidInput, object: text, "the project name '\(text.printable(limit: 80))' is not valid",
                hint: "use lower-case letters, digits, - and _, beginning with a letter or a digit")
        }
        rawValue = text
    }

    /// What Docker Compose makes of a directory's name: small letters, and only what a name may have.
    ///
    /// - Returns: `nil` if nothing is left.
    package init?(normalizing text: String) {
        let kept = text.lowercased().unicodeScalars.filter { scalar in
            ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) || scalar == "-" || scalar == "_"
        }
        let name = String(String.UnicodeScalarView(kept)).drop { $0 == "-" || $0 == "_" }
        guard !name.isEmpty else { return nil }
        rawValue = String(name)
    }

    public var description: String { rawValue }
}
