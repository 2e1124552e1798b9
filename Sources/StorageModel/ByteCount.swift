/// A number of bytes, parsed from and printed in binary units as the field does (`1.5GiB`).
public struct ByteCount: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let bytes: UInt64

    public init(_ bytes: UInt64) { self.bytes = bytes }

    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }

    private static let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]

    /// Three significant digits at most: `0B`, `999B`, `1.5KiB`, `12.3MiB`, `123GiB`.
    public var description: String {
        var scaled = bytes
        var remainder: UInt64 = 0
        var unit = 0
        while scaled >= 1024 {
            remainder = scaled % 1024
            scaled /= 1024
            unit += 1
        }
        let tenths = remainder * 10 / 1024
        return scaled < 100 && unit > 0 ? "\(scaled).\(tenths)\(Self.units[unit])" : "\(scaled)\(Self.units[unit])"
    }
}
