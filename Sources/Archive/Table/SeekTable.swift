/// The last frame of an archive: zstd's seekable format, by which other tools find every frame.
///
/// Source: zstd, contrib/seekable_format, format specification 0.1.0. No checksums (the frames have their own).
struct SeekTable {
    private static let footerMagic: UInt32 = 0x8F92_EAB1
    private static let footerBytes = 9
    private var records: [UInt8] = []
    private(set) var frameCount: UInt32 = 0

    /// Adds the next frame of the file; skippable frames count with a raw size of 0.
    mutating func add(compressedBytes: UInt64, rawBytes: UInt64) {
        records.appendLittleEndian(UInt32(truncatingIfNeeded: compressedBytes))
        records.appendLittleEndian(UInt32(truncatingIfNeeded: rawBytes))
        frameCount += 1
    }

    func encodedFrame() -> [UInt8] {
        var payload = records
        payload.appendLittleEndian(frameCount)
        payload.append(0)
        payload.appendLittleEndian(Self.footerMagic)
        return SkippableFrame.make(variant: SkippableFrame.seekVariant, payload: payload)
    }

    static let shortestFrameBytes = SkippableFrame.headerBytes + footerBytes

    /// The length of the frame whose last nine bytes these are; `nil` if they do not end a seek table.
    static func frameBytes(fromTail tail: [UInt8]) -> UInt64? {
        guard tail.count == footerBytes, tail.littleEndian(UInt32.self, at: 5) == footerMagic, tail[4] & 0x7c == 0
        else {
            return nil
        }
        let recordBytes: UInt64 = tail[4] & 0x80 != 0 ? 12 : 8
        return UInt64(shortestFrameBytes) + recordBytes * UInt64(tail.littleEndian(UInt32.self, at: 0))
    }

    static let tailBytes = footerBytes
}
