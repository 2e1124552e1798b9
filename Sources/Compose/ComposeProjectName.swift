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

    public var description: String { rawValue }
}
