internal import Crypto

/// The secret of one age file, never used for another: 16 bytes, from which the keys of header and payload derive.
struct FileKey: Sendable, CustomStringConvertible, CustomReflectable {
    static let lengthBytes = 16

    private let key: SymmetricKey

    /// A new random key.
    init() { key = SymmetricKey(size: SymmetricKeySize(bitCount: Self.lengthBytes * 8)) }

    /// - Returns: `nil` if it is of another length.
    init?(_ key: SymmetricKey) {
        guard key.bitCount == Self.lengthBytes * 8 else { return nil }
        self.key = key
    }

    /// The key encrypted by another one, which is used for nothing else: hence a nonce of zeros.
    func sealed(by wrapping: SymmetricKey) throws -> [UInt8] {
        let nonce = try ChaChaPoly.Nonce(data: [UInt8](repeating: 0, count: 12))
        return try key.withUnsafeBytes { bytes in
            Array(try ChaChaPoly.seal(bytes, using: wrapping, nonce: nonce).combined.dropFirst(12))
        }
    }

    static let sealedBytes = lengthBytes + 16

    /// - Returns: `nil` if another key sealed it.
    static func open(_ sealed: [UInt8], by wrapping: SymmetricKey) -> FileKey? {
        guard sealed.count == sealedBytes,
            let box = try? ChaChaPoly.SealedBox(combined: [UInt8](repeating: 0, count: 12) + sealed),
            // Why: the one failure is that the tag does not fit, which means another recipient's stanza.
            let bytes = try? ChaChaPoly.open(box, using: wrapping)
        else { return nil }
        return FileKey(SymmetricKey(data: bytes))
    }

    func authenticationCode(of header: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: header, using: headerKey))
    }

    /// Whether the header is the one that was written; compares in constant time.
    func authenticates(_ header: AgeHeader) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(
            header.authenticationCode, authenticating: header.authenticated, using: headerKey)
    }

    private var headerKey: SymmetricKey { derive(salt: [], "header") }

    func payloadKey(_ nonce: [UInt8]) -> SymmetricKey { derive(salt: nonce, "payload") }

    private func derive(salt: [UInt8], _ info: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key, salt: salt, info: Array(info.utf8), outputByteCount: 32)
    }

    var description: String { "file key (hidden)" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
