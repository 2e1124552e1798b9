internal import Crypto
package import StorageModel

/// An incremental SHA-256.
package struct ContentHasher {
    private var hasher = SHA256()

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) { hasher.update(bufferPointer: bytes) }

    package mutating func update(_ bytes: some Collection<UInt8>) {
        if bytes.withContiguousStorageIfAvailable({ hasher.update(bufferPointer: UnsafeRawBufferPointer($0)) }) == nil {
            Array(bytes).withUnsafeBytes { hasher.update(bufferPointer: $0) }
        }
    }

    package consuming func finalize() -> StorageModel.Digest {
        var bytes: [UInt8] = []
        hasher.finalize().withUnsafeBytes { bytes.append(contentsOf: $0) }
        guard let digest = StorageModel.Digest(bytes) else { preconditionFailure("SHA-256 yields 32 bytes") }
        return digest
    }

    package static func digest(_ bytes: UnsafeRawBufferPointer) -> StorageModel.Digest {
        var hasher = ContentHasher()
        hasher.update(bytes)
        return hasher.finalize()
    }

    package static func digest(_ bytes: [UInt8]) -> StorageModel.Digest { bytes.withUnsafeBytes { digest($0) } }
}

/// XXH64 with seed 0: the checksum of a frame's compressed bytes, which finds rot without decompressing.
///
/// Source: xxHash specification 0.1.1 (the 64-bit variant); tested against the values there.
package enum XXH64 {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    package static func hash(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { hash($0) } }

    package static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var position = 0
        var result: UInt64
        func word(_ offset: Int) -> UInt64 {
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        if bytes.count >= 32 {
            var lanes = (prime1 &+ prime2, prime2, UInt64(0), 0 &- prime1)
            while position + 32 <= bytes.count {
                lanes.0 = round(lanes.0, word(position))
                lanes.1 = round(lanes.1, word(position + 8))
                lanes.2 = round(lanes.2, word(position + 16))
                lanes.3 = round(lanes.3, word(position + 24))
                position += 32
            }
            result = rotate(lanes.0, 1) &+ rotate(lanes.1, 7) &+ rotate(lanes.2, 12) &+ rotate(lanes.3, 18)
            result = merge(result, lanes.0)
            result = merge(result, lanes.1)
            result = merge(result, lanes.2)
            result = merge(result, lanes.3)
        } else {
            result = prime5
        }
        result = result &+ UInt64(bytes.count)
        while position + 8 <= bytes.count {
            result = rotate(result ^ round(0, word(position)), 27) &* prime1 &+ prime4
            position += 8
        }
        if position + 4 <= bytes.count {
            let half = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
            result = rotate(result ^ (UInt64(half) &* prime1), 23) &* prime2 &+ prime3
            position += 4
        }
        while position < bytes.count {
            result = rotate(result ^ (UInt64(bytes[position]) &* prime5), 11) &* prime1
            position += 1
        }
        result ^= result >> 33
        result = result &* prime2
        result ^= result >> 29
        result = result &* prime3
        return result ^ (result >> 32)
    }

    private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 { value << bits | value >> (64 - bits) }

    private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
        rotate(lane &+ input &* prime2, 31) &* prime1
    }

    private static func merge(_ value: UInt64, _ lane: UInt64) -> UInt64 {
        (value ^ round(0, lane)) &* prime1 &+ prime4
    }
}
