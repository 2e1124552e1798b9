internal import Crypto
internal import FoundationEssentials
package import StorageModel

/// A mark of a slice of a large file: sixteen bytes that tell whether the slice is still the same, at the speed of memory.
///
/// It is GHASH, the universal hash of AES-GCM, under the key of the archive: two different slices have the same mark with a
/// likelihood of no more than 2⁻¹⁰⁹ (4 MiB are 2¹⁸ blocks, of 2¹²⁸ values), as long as who chose them does not know the key. Who can
/// read the archive knows it. The mark only decides whether a slice is what the previous archive has; the digest of what an
/// archive holds stays SHA-256.
///
/// Source: NIST SP 800-38D, sections 6.4 and 7.1 (a tag is GHASH and a constant, for one nonce).
package struct SliceMark: Hashable, Sendable {
    static let lengthBytes = 16
    private let words: (UInt64, UInt64)

    init?(_ bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        if bytes.count != Self.lengthBytes { return nil }
        words = (bytes.littleEndian(UInt64.self, at: 0), bytes.littleEndian(UInt64.self, at: 8))
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(words.0)
        bytes.appendLittleEndian(words.1)
        return bytes
    }

    package static func == (one: SliceMark, other: SliceMark) -> Bool { one.words == other.words }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
    }
}

/// What the slices of an archive, and of those after it that take over its frames, are marked with. Random; no secret towards who
/// may read the archive.
package struct SliceKey: Hashable, Sendable {
    static let lengthBytes = 16
    let bytes: [UInt8]

    init?(_ bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
        if self.bytes.count != Self.lengthBytes { return nil }
    }

    /// A new key.
    package static func random() -> SliceKey? { SliceKey(SymmetricKey(size: .bits128).withUnsafeBytes { Array($0) }) }
}

/// Marks slices. Cost: reading them; 24 GB/s on one core with the processor's instructions for it (VPCLMULQDQ), which even old ones
/// have in some form. Without any it is as slow as a digest.
struct SliceMarker {
    private let key: SymmetricKey
    private let nonce: AES.GCM.Nonce

    init?(_ key: SliceKey) {
        self.key = SymmetricKey(data: key.bytes)
        // Why: a nonce of twelve bytes is one.
        guard let nonce = try? AES.GCM.Nonce(data: [UInt8](repeating: 0, count: 12)) else { return nil }
        self.nonce = nonce
    }

    /// - Returns: `nil` if there is none to be had; the slice is hashed then.
    func mark(of slice: UnsafeRawBufferPointer) -> SliceMark? {
        // Why: a slice without a mark costs time and nothing else.
        let box = try? AES.GCM.seal([UInt8](), using: key, nonce: nonce, authenticating: slice)
        return box.flatMap { SliceMark($0.tag) }
    }
}
