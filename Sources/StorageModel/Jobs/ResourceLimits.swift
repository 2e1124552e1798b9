/// How much of the machine a backup may take.
public struct ResourceLimits: Hashable, Sendable {
    /// How fast the source may be read, in bytes a second; `nil` for as fast as it goes.
    public var readBytesPerSecond: UInt64?
    /// How fast archives may be written, in bytes a second. What a file system shares instead of writing it does not count.
    public var writeBytesPerSecond: UInt64?
    /// Whether the disk is used only when nobody else wants it (`ioprio_set(2)`, the class "idle").
    public var isIdleIO = false
    /// What is added to the niceness of the work, 0 to 19 (`nice(2)`).
    public var niceness = 0

    public static let nicenesses = 0...19

    public init(readBytesPerSecond: UInt64? = nil, writeBytesPerSecond: UInt64? = nil) {
        self.readBytesPerSecond = readBytesPerSecond
        self.writeBytesPerSecond = writeBytesPerSecond
    }

    /// Parses a number of bytes a second: `50MiB`, also as `50MiB/s`.
    ///
    /// - Returns: `nil` for anything else, and for nothing at all.
    public static func rate(parsing text: String) -> UInt64? {
        let size = text.hasSuffix("/s") ? String(text.dropLast(2)) : text
        return ByteCount(parsing: size).flatMap { $0.bytes > 0 ? $0.bytes : nil }
    }
}
