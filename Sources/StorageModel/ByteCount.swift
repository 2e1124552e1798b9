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

    /// Parses a size as Docker does (`units.RAMInBytes`): a number, perhaps with a fraction, and perhaps `k`, `m`, `g`, `t` or
    /// `p` for powers of 1024, in either case, perhaps with `b` or `ib` behind it: `512m`, `1.5GiB`, `1024`.
    ///
    /// - Returns: `nil` for anything else, and for what no 64-bit number of bytes is.
    public init?(parsing text: String) {
        let lower = text.lowercased()
        let number = lower.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        var unit = lower[number.endIndex...]
        if unit.first == " " { unit.removeFirst() }
        let letters = ["", "k", "m", "g", "t", "p"]
        guard
            let power = letters.firstIndex(where: { letter in
                unit == letter || unit == letter + "b" || (!letter.isEmpty && unit == letter + "ib")
            })
        else { return nil }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = UInt64(parts[0]) else { return nil }
        let scale = UInt64(1) << UInt64(10 * power)
        let (product, overflow) = whole.multipliedReportingOverflow(by: scale)
        guard !overflow else { return nil }
        guard parts.count == 2 else {
            bytes = product
            return
        }
        guard !parts[1].isEmpty, parts[1].count <= 15, let fraction = Double("0." + parts[1]) else { return nil }
        let (sum, carry) = product.addingReportingOverflow(UInt64(fraction * Double(scale)))
        guard !carry else { return nil }
        bytes = sum
    }
}
