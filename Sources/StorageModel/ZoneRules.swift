/// How far the clocks of a place are ahead of UTC, at any time: what a file of the time zone database says (RFC 8536).
public struct ZoneRules: Hashable, Sendable {
    /// When the clocks were changed (seconds since 1970 UTC, ascending), and by how much they are ahead from then on.
    private let transitions: [Int64]
    private let offsets: [Int64]
    /// Before the first change.
    private let firstOffset: Int64
    /// After the last change.
    private let recurring: RecurringZoneRule?

    public static let utc = ZoneRules(offsetSeconds: 0)

    /// A place whose clocks are never changed.
    public init(offsetSeconds: Int64) {
        (transitions, offsets, firstOffset, recurring) = ([], [], offsetSeconds, nil)
    }

    /// Parses a TZif file.
    ///
    /// - Returns: `nil` for anything else.
    public init?(parsing file: [UInt8]) {
        var reader = ZoneFileReader(file)
        guard let header = reader.header() else { return nil }
        let data: ZoneFileReader.Data
        if header.version >= 2 {
            // The first block is for readers that know only 32-bit times; the second one has the same in 64 bits.
            guard reader.skip(header, timeBytes: 4), let second = reader.header(),
                let block = reader.data(second, timeBytes: 8)
            else { return nil }
            data = block
            recurring = reader.footer().flatMap { RecurringZoneRule(parsing: $0) }
        } else {
            guard let block = reader.data(header, timeBytes: 4) else { return nil }
            data = block
            recurring = nil
        }
        guard let first = data.offsets.first, zip(data.transitions, data.transitions.dropFirst()).allSatisfy(<) else {
            return nil
        }
        var offsets: [Int64] = []
        for type in data.types {
            guard type < data.offsets.count else { return nil }
            offsets.append(data.offsets[type])
        }
        (transitions, self.offsets, firstOffset) = (data.transitions, offsets, first)
    }

    /// How many seconds the clocks are ahead of UTC at that time.
    public func offsetSeconds(at seconds: Int64) -> Int64 {
        if let recurring, transitions.last.map({ seconds >= $0 }) ?? true {
            return recurring.offsetSeconds(at: seconds)
        }
        var (low, high) = (0, transitions.count)
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? firstOffset : offsets[low - 1]
    }

    /// What the clocks show at that time.
    public func civilTime(at time: Timestamp) -> CivilTime {
        CivilTime(Timestamp(seconds: time.seconds + offsetSeconds(at: time.seconds)))
    }

    /// When the clocks show that (seconds since 1970 on the clock). Of two such times, when clocks are turned back, the first;
    /// for what the clocks skip when they are turned forward, as much later.
    public func seconds(atClock clock: Int64) -> Int64 {
        let (before, after) = (offsetSeconds(at: clock - 86_400), offsetSeconds(at: clock + 86_400))
        let first = clock - max(before, after)
        if first + offsetSeconds(at: first) == clock { return first }
        let second = clock - min(before, after)
        return second + offsetSeconds(at: second) == clock ? second : clock - before
    }
}

/// Takes a TZif file apart, every length checked before it is used.
private struct ZoneFileReader {
    struct Header {
        let version: Int
        let utcFlags, standardFlags, leapSeconds, transitions, types, nameBytes: Int
    }

    struct Data {
        var transitions: [Int64] = []
        var types: [Int] = []
        var offsets: [Int64] = []
    }

    private let bytes: [UInt8]
    private var position = 0

    /// No zone has so many of anything; a bound on what a file may ask for.
    private static let countLimit = 1 << 16

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func header() -> Header? {
        guard let start = take(20), start.starts(with: Array("TZif".utf8)) else { return nil }
        let version = start[start.startIndex + 4]
        var counts: [Int] = []
        for _ in 0..<6 {
            guard let count = integer(4), (0...Int64(Self.countLimit)).contains(count) else { return nil }
            counts.append(Int(count))
        }
        return Header(
            version: version == 0 ? 1 : Int(version) - 0x30, utcFlags: counts[0], standardFlags: counts[1],
            leapSeconds: counts[2], transitions: counts[3], types: counts[4], nameBytes: counts[5])
    }

    mutating func skip(_ header: Header, timeBytes: Int) -> Bool {
        let count =
            header.transitions * (timeBytes + 1) + header.types * 6 + header.nameBytes
            + header.leapSeconds * (timeBytes + 4) + header.standardFlags + header.utcFlags
        return take(count) != nil
    }

    mutating func data(_ header: Header, timeBytes: Int) -> Data? {
        var data = Data()
        for _ in 0..<header.transitions {
            guard let time = integer(timeBytes) else { return nil }
            data.transitions.append(time)
        }
        guard let types = take(header.transitions) else { return nil }
        data.types = types.map { Int($0) }
        for _ in 0..<header.types {
            guard let offset = integer(4), take(2) != nil, abs(offset) < 200_000 else { return nil }
            data.offsets.append(offset)
        }
        let rest = header.nameBytes + header.leapSeconds * (timeBytes + 4) + header.standardFlags + header.utcFlags
        return take(rest) == nil ? nil : data
    }

    /// The line at the end: the rule for the times after the last change.
    mutating func footer() -> String? {
        guard take(1)?.first == 0x0a else { return nil }
        return String(validating: bytes[position...].prefix { $0 != 0x0a }, as: UTF8.self)
    }

    /// A big-endian number in two's complement.
    private mutating func integer(_ count: Int) -> Int64? {
        guard let part = take(count) else { return nil }
        let value = part.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return count == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= bytes.count - position else { return nil }
        defer { position += count }
        return bytes[position..<(position + count)]
    }
}
