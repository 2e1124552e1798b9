/// The name of a volume: 1 to 255 bytes of `[A-Za-z0-9][A-Za-z0-9_.-]*`, Docker's grammar.
///
/// The grammar excludes `/`, `.` and `..`, so that a name is always one safe path component.
public struct VolumeName: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let rawValue: String

    /// The longest name in bytes (`NAME_MAX` of Linux file systems).
    public static let limitBytes = 255

    /// - Throws: ``StorageError/Code/invalidInput``, pointing at the first offending character.
    public init(_ text: String) throws(StorageError) {
        if let fault = Self.firstFault(in: text) {
            throw StorageError(
                .invalidInput, object: text, "volume name '\(text.printable(limit: 80))' is not valid: \(fault)",
                hint: "use 1 to 255 of the characters a-z A-Z 0-9 _ . - beginning with a letter or a digit")
        }
        rawValue = text
    }

    public var description: String { rawValue }

    public static func < (left: VolumeName, right: VolumeName) -> Bool {
        left.rawValue.utf8.lexicographicallyPrecedes(right.rawValue.utf8)
    }

    private static func firstFault(in text: String) -> String? {
        guard let first = text.utf8.first else { return "it is empty" }
        guard text.utf8.count <= limitBytes else { return "it has \(text.utf8.count) bytes, \(limitBytes) is the most" }
        guard first.isLetterOrDigit else { return "it begins with '\(text.prefix(1).description.printable())'" }
        for (offset, character) in text.enumerated() {
            let allowed = character.utf8.allSatisfy { $0.isLetterOrDigit || $0 == 0x5f || $0 == 0x2e || $0 == 0x2d }
            if !allowed { return "character \(offset + 1) is '\(String(character).printable())'" }
        }
        return nil
    }
}

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool {
        (0x30...0x39).contains(self) || (0x41...0x5a).contains(self) || (0x61...0x7a).contains(self)
    }
}
