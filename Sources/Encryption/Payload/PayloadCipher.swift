internal import Crypto
internal import FoundationEssentials
internal import StorageModel

/// Seals and opens the chunks of a payload: 64 KiB each, a counter and a mark of the last one in the nonce, so that none can
/// be left out, repeated, moved or appended.
///
/// Source: C2SP, age.md, "Payload" (the STREAM construction with ChaCha20-Poly1305).
struct PayloadCipher: Sendable {
    static let chunkBytes = 64 << 10
    static let tagBytes = 16
    static let sealedChunkBytes = chunkBytes + tagBytes
    /// What stands before the first chunk.
    static let nonceBytes = 16
    private static let chunkNonceBytes = 12

    private let key: SymmetricKey

    /// - Parameter nonce: the payload's, random and new for each file.
    init(_ key: FileKey, nonce: [UInt8]) { self.key = key.payloadKey(nonce) }

    static func makeNonce() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<nonceBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// Appends the chunk's ciphertext and tag to `output`.
    func seal(
        _ chunk: UnsafeRawBufferPointer, _ ordinal: UInt64, isLast: Bool, to output: inout [UInt8]
    ) throws(StorageError) {
        do {
            let nonce = try ChaChaPoly.Nonce(data: Self.nonce(ordinal, isLast))
            let box = try ChaChaPoly.seal(chunk, using: key, nonce: nonce)
            box.combined.withUnsafeBytes { output.append(contentsOf: $0[Self.chunkNonceBytes...]) }
        } catch {
            throw StorageError(.system, "a part of the archive cannot be encrypted")
        }
    }

    /// Appends the chunk's content to `output`.
    ///
    /// - Returns: `false` if it is not what was written at this place; then nothing is appended.
    func open(
        _ sealed: UnsafeRawBufferPointer, _ ordinal: UInt64, isLast: Bool, to output: inout [UInt8]
    ) -> Bool {
        guard sealed.count >= Self.tagBytes else { return false }
        var combined = Data(capacity: Self.chunkNonceBytes + sealed.count)
        combined.append(contentsOf: Self.nonce(ordinal, isLast))
        combined.append(contentsOf: sealed)
        // Why: the one failure is that the tag does not fit.
        guard let box = try? ChaChaPoly.SealedBox(combined: combined),
            let content = try? ChaChaPoly.open(box, using: key)
        else { return false }
        content.withUnsafeBytes { output.append(contentsOf: $0) }
        return true
    }

    /// Eleven bytes of counter, one that says whether it is the last chunk.
    private static func nonce(_ ordinal: UInt64, _ isLast: Bool) -> [UInt8] {
        [0, 0, 0] + withUnsafeBytes(of: ordinal.bigEndian) { Array($0) } + [isLast ? 1 : 0]
    }
}
