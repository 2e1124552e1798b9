/// How far a table that still grows was noted elsewhere.
struct TablePlace {
    struct Run {
        /// Chunks that are finished.
        var sealed = 0
        /// Of the chunk that is not: its items, and their bytes.
        var open: UInt64 = 0
        var openBytes = 0
    }

    var entries = Run()
    var frames = Run()
}

/// A piece of a table that grew.
struct TableAddition {
    /// Whether it is of frame records, not of entries.
    let isOfFrames: Bool
    /// Whether it is a finished chunk as it will stand in the archive, with what came before of the same chunk in it; else it
    /// continues the chunk that is not finished, not compressed.
    let isSealed: Bool
    let count: UInt64
    let rawBytes: UInt64
    let bytes: [UInt8]

    func encode(to encoder: inout TableEncoder) {
        encoder.append(byte: (isOfFrames ? 1 : 0) | (isSealed ? 2 : 0))
        encoder.append(count)
        encoder.append(rawBytes)
        encoder.append(string: bytes)
    }

    init(isOfFrames: Bool, isSealed: Bool, count: UInt64, rawBytes: UInt64, bytes: [UInt8]) {
        (self.isOfFrames, self.isSealed) = (isOfFrames, isSealed)
        (self.count, self.rawBytes, self.bytes) = (count, rawBytes, bytes)
    }

    init(from decoder: inout TableDecoder) throws(TableFault) {
        let flags = try decoder.byte()
        guard flags < 4 else { throw TableFault("an addition is of an unknown kind") }
        (isOfFrames, isSealed) = (flags & 1 != 0, flags & 2 != 0)
        count = try decoder.integer()
        rawBytes = try decoder.integer()
        bytes = Array(try decoder.string())
        guard count <= UInt64(UInt32.max) else { throw TableFault("an addition is too large") }
    }
}
