/// The name of a job: 1 to 64 bytes, `[A-Za-z0-9][A-Za-z0-9_-]*`.
///
/// Such a name is safe as a file name, in the name of a systemd unit, and as the name of a file of /etc/cron.d, which cron(8) passes
/// over if it has a dot.
public struct JobName: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let rawValue: String

    public static let limitBytes = 64

    /// - Throws: ``StorageError/Code/invalidInput`` saying what is wrong.
    public init(_ text: String) throws(StorageError) {
        let bytes = Array(text.utf8)
        let isGood = bytes.allSatisfy { Self.isWordByte($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
        guard let first = bytes.first, bytes.count <= Self.limitBytes, isGood, Self.isWordByte(first) else {
            throw StorageError(
                .invalidInput, object: text, "'\(text.printable(limit: 80))' is not the name of a job",
                hint: "1 to \(Self.limitBytes) letters, digits, '-' and '_', beginning with a letter or digit")
        }
        rawValue = text
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        default: false
        }
    }

    public var description: String { rawValue }

    public static func < (left: JobName, right: JobName) -> Bool { left.rawValue < right.rawValue }
}
