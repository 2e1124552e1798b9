/// The name of a container: Docker's grammar, `[A-Za-z0-9][A-Za-z0-9_.-]*`, at most 255 bytes.
public struct ContainerName: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let rawValue: String

    /// - Throws: ``StorageError/Code/invalidInput``.
    public init(_ text: String) throws(StorageError) {
        let allowed = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
        }
        guard let first = text.utf8.first, allowed(first), text.utf8.count <= 255,
            text.utf8.allSatisfy({ allowed($0) || $0 == 0x5f || $0 == 0x2e || $0 == 0x2d })
        else {
            throw StorageError(
                .invalidInput, object: text, "'\(text.printable(limit: 80))' is not the name of a container",
                hint: "use 1 to 255 of the characters a-z A-Z 0-9 _ . - beginning with a letter or a digit")
        }
        rawValue = text
    }

    public var description: String { rawValue }

    public static func < (left: ContainerName, right: ContainerName) -> Bool {
        left.rawValue.utf8.lexicographicallyPrecedes(right.rawValue.utf8)
    }
}

/// The id of a container: 64 lower-case hexadecimal digits, made up when it is created.
public struct ContainerID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let rawValue: String

    /// - Returns: `nil` unless there are 64 lower-case hexadecimal digits.
    public init?(_ text: String) {
        guard Digest(hex: text) != nil else { return nil }
        rawValue = text
    }

    /// The first twelve digits, as Docker shows ids.
    public var short: String { String(rawValue.prefix(12)) }
    public var description: String { rawValue }

    public static func < (left: ContainerID, right: ContainerID) -> Bool {
        left.rawValue.utf8.lexicographicallyPrecedes(right.rawValue.utf8)
    }
}
