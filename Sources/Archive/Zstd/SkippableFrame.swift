/// Frames that decoders skip: padding, the table of contents, its footer, the seek table.
enum SkippableFrame {
    /// Padding before an aligned frame.
    static let paddingVariant: UInt8 = 0x0
    /// The table of contents and its footer.
    static let tableVariant: UInt8 = 0x7
    /// The seek table of zstd's seekable format.
    static let seekVariant: UInt8 = 0xE

    static let headerBytes = 8

    static func make(variant: UInt8, payload: [UInt8]) -> [UInt8] {
        header(variant: variant, payloadBytes: payload.count) + payload
    }

    static func header(variant: UInt8, payloadBytes: Int) -> [UInt8] {
        var header: [UInt8] = []
        header.appendLittleEndian(FrameHeader.skippableMagic | UInt32(variant))
        header.appendLittleEndian(UInt32(truncatingIfNeeded: payloadBytes))
        return header
    }

    /// The padding after which the next byte lies on a boundary of ``FrameLimits/alignmentBytes``; empty if it does already.
    ///
    /// A skippable frame has at least 8 bytes, so a gap of less is filled up to the boundary after the next.
    static func padding(at offset: UInt64) -> [UInt8] {
        let alignment = FrameLimits.alignmentBytes
        var gap = Int((alignment - offset % alignment) % alignment)
        if gap == 0 { return [] }
        if gap < headerBytes { gap += Int(alignment) }
        return make(variant: paddingVariant, payload: [UInt8](repeating: 0, count: gap - headerBytes))
    }
}
