internal import StorageModel

/// The records of a pax extended header: `LENGTH KEYWORD=VALUE\n`, the length counting itself.
struct PaxRecords {
    private(set) var encoded: [UInt8] = []

    var isEmpty: Bool { encoded.isEmpty }

    mutating func add(_ keyword: String, _ value: some Collection<UInt8>) {
        let rest = 1 + keyword.utf8.count + 1 + value.count + 1
        var length = rest + 1
        while length != rest + String(length).utf8.count { length = rest + String(length).utf8.count }
        encoded.append(contentsOf: "\(length) \(keyword)=".utf8)
        encoded.append(contentsOf: value)
        encoded.append(UInt8(ascii: "\n"))
    }

    /// Calls `body` with each keyword and value of an encoded header.
    ///
    /// - Throws: ``TarFault`` at the first byte that is not of the form. A length that disagrees with its record is never
    ///   guessed around: readers that do have been made to see different files (TARmageddon).
    static func forEach(
        in bytes: [UInt8], _ body: (_ keyword: String, _ value: ArraySlice<UInt8>) throws(TarFault) -> Void
    ) throws(TarFault) {
        var position = 0
        while position < bytes.count {
            guard let space = bytes[position...].prefix(20).firstIndex(of: UInt8(ascii: " ")),
                let length = decimal(bytes[position..<space]), length > UInt64(space - position) + 3,
                length <= UInt64(bytes.count - position)
            else { throw TarFault("a pax record has no proper length") }
            let end = position + Int(length)
            guard bytes[end - 1] == UInt8(ascii: "\n"),
                let equals = bytes[(space + 1)..<(end - 1)].firstIndex(of: UInt8(ascii: "=")), equals > space + 1
            else { throw TarFault("a pax record is not KEYWORD=VALUE with a newline behind it") }
            let keyword = String(decoding: bytes[(space + 1)..<equals], as: UTF8.self)
            try body(keyword, bytes[(equals + 1)..<(end - 1)])
            position = end
        }
    }

    /// An unsigned decimal number, digits only.
    static func decimal(_ text: some Collection<UInt8>) -> UInt64? {
        guard !text.isEmpty, text.count <= 20 else { return nil }
        var value: UInt64 = 0
        for byte in text {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = scaled.addingReportingOverflow(UInt64(byte - 0x30))
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }

    /// A time as pax writes it: `-1.5` is half a second before the last second of 1969.
    static func decimal(_ time: Timestamp) -> String {
        if time.nanoseconds == 0 { return "\(time.seconds)" }
        let isNegative = time.seconds < 0
        let whole = isNegative ? -(time.seconds + 1) : time.seconds
        let fraction = isNegative ? 1_000_000_000 - time.nanoseconds : time.nanoseconds
        var digits = String(fraction)
        digits = String(repeating: "0", count: 9 - digits.count) + digits
        while digits.last == "0" { digits.removeLast() }
        return "\(isNegative ? "-" : "")\(whole).\(digits)"
    }

    /// The inverse of ``decimal(_:)-(Timestamp)``; digits beyond nanoseconds are cut off.
    static func time(_ text: some Collection<UInt8>) -> Timestamp? {
        let isNegative = text.first == UInt8(ascii: "-")
        let parts = text.dropFirst(isNegative ? 1 : 0).split(
            separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let whole = decimal(first), whole <= UInt64(Int64.max) / 2 else { return nil }
        var nanoseconds: UInt32 = 0
        if parts.count == 2 {
            guard parts[1].allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
            let digits = Array(parts[1].prefix(9)) + [UInt8](repeating: 0x30, count: max(0, 9 - parts[1].count))
            nanoseconds = UInt32(decimal(digits) ?? 0)
        }
        guard isNegative else { return Timestamp(seconds: Int64(whole), nanoseconds: nanoseconds) }
        if nanoseconds == 0 { return Timestamp(seconds: -Int64(whole)) }
        return Timestamp(seconds: -Int64(whole) - 1, nanoseconds: 1_000_000_000 - nanoseconds)
    }
}

/// What is wrong with a tar stream, in words that name the rule.
package struct TarFault: Error, Sendable {
    package let reason: String
    /// Whether it is a limit of ``ArchiveLimits`` that was exceeded, rather than damage.
    package let exceedsLimit: Bool

    init(_ reason: String, exceedsLimit: Bool = false) {
        self.reason = reason
        self.exceedsLimit = exceedsLimit
    }
}
