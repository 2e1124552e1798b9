internal import StorageModel

/// One 512-byte header block, its fields parsed but not yet combined with the pax records before it.
///
/// Understands ustar, pax, GNU (long names, base-256 numbers, old sparse) and the pre-POSIX form without a magic.
struct TarHeaderBlock {
    let typeFlag: UInt8
    let name: [UInt8]
    let linkName: [UInt8]
    let mode: UInt64
    let uid: UInt64
    let gid: UInt64
    let size: UInt64
    let modifiedSeconds: Int64
    let deviceMajor: UInt64
    let deviceMinor: UInt64
    /// Set for GNU's old sparse type `S`: extents in the header, the real size, whether more blocks follow.
    let oldSparse: OldSparse?

    struct OldSparse {
        var extents: [Range<UInt64>]
        let realSize: UInt64
        let continues: Bool
    }

    /// - Returns: `nil` for a block of zeros.
    /// - Throws: ``TarFault`` if the checksum is wrong or a number is not one.
    init?(_ block: [UInt8]) throws(TarFault) {
        precondition(block.count == TarBlock.sizeBytes, "a header is one block")
        if block.allSatisfy({ $0 == 0 }) { return nil }
        try Self.verifyChecksum(block)
        let isGNU = block[257..<265].elementsEqual("ustar  \0".utf8)
        let isUstar = !isGNU && block[257..<262].elementsEqual("ustar".utf8)
        typeFlag = block[156]
        mode = try Self.number(block[100..<108], "mode")
        uid = try Self.number(block[108..<116], "owner")
        gid = try Self.number(block[116..<124], "group")
        size = try Self.number(block[124..<136], "size")
        modifiedSeconds = try Self.signedNumber(block[136..<148], "modification time")
        deviceMajor = isUstar || isGNU ? try Self.number(block[329..<337], "device major") : 0
        deviceMinor = isUstar || isGNU ? try Self.number(block[337..<345], "device minor") : 0
        linkName = Self.text(block[157..<257])
        let short = Self.text(block[0..<100])
        let prefix = isUstar ? Self.text(block[345..<500]) : []
        name = prefix.isEmpty ? short : prefix + [UInt8(ascii: "/")] + short
        oldSparse = isGNU && typeFlag == UInt8(ascii: "S") ? try Self.oldSparse(block) : nil
    }

    private static func oldSparse(_ block: [UInt8]) throws(TarFault) -> OldSparse {
        let extents = try extents(in: block[386..<482])
        return OldSparse(
            extents: extents, realSize: try number(block[483..<495], "real size"), continues: block[482] != 0)
    }

    /// The extents of a sparse header or of a continuation block: pairs of 12-byte numbers, up to the first empty one.
    static func extents(in field: ArraySlice<UInt8>) throws(TarFault) -> [Range<UInt64>] {
        var result: [Range<UInt64>] = []
        for start in stride(from: field.startIndex, to: field.endIndex - 23, by: 24) {
            if field[start] == 0 { break }
            let offset = try number(field[start..<(start + 12)], "sparse offset")
            let length = try number(field[(start + 12)..<(start + 24)], "sparse length")
            let (end, overflow) = offset.addingReportingOverflow(length)
            guard !overflow else { throw TarFault("a sparse extent is out of range") }
            if length > 0 { result.append(offset..<end) }
        }
        return result
    }

    private static func verifyChecksum(_ block: [UInt8]) throws(TarFault) {
        var sum: UInt64 = 0
        var signedSum: Int64 = 0
        for (index, byte) in block.enumerated() {
            let counted = (148..<156).contains(index) ? UInt8(ascii: " ") : byte
            sum += UInt64(counted)
            signedSum += Int64(Int8(bitPattern: counted))
        }
        let stored = try number(block[148..<156], "checksum")
        guard stored == sum || Int64(stored) == signedSum else { throw TarFault("a header's checksum is wrong") }
    }

    private static func text(_ field: ArraySlice<UInt8>) -> [UInt8] { Array(field.prefix { $0 != 0 }) }

    /// Octal digits between spaces and NULs, or GNU's base-256 form.
    private static func number(_ field: ArraySlice<UInt8>, _ what: String) throws(TarFault) -> UInt64 {
        let value = try signedNumber(field, what)
        guard value >= 0 else { throw TarFault("a header's \(what) is negative") }
        return UInt64(value)
    }

    private static func signedNumber(_ field: ArraySlice<UInt8>, _ what: String) throws(TarFault) -> Int64 {
        guard let first = field.first else { return 0 }
        if first & 0x80 != 0 {
            // Two's complement, big-endian, the top bit of the first byte being the marker.
            var value: Int64 = first & 0x40 != 0 ? -1 : 0
            for (index, byte) in field.enumerated() {
                let bits = index == 0 ? (first & 0x40 != 0 ? byte | 0x80 : byte & 0x3f) : byte
                guard value >> 55 == 0 || value >> 55 == -1 else {
                    throw TarFault("a header's \(what) is out of range")
                }
                value = value << 8 | Int64(bits)
            }
            return value
        }
        let digits = field.drop { $0 == UInt8(ascii: " ") || $0 == 0 }.prefix { $0 != UInt8(ascii: " ") && $0 != 0 }
        var value: Int64 = 0
        for digit in digits {
            guard digit >= 0x30, digit <= 0x37, value < Int64.max >> 3 else {
                throw TarFault("a header's \(what) is not a number")
            }
            value = value << 3 | Int64(digit - 0x30)
        }
        return value
    }
}
