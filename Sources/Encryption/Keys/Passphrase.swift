internal import Crypto
internal import CryptoExtras

/// A passphrase, from which scrypt derives keys. Neither prints nor reflects its content.
struct Passphrase: Sendable, CustomStringConvertible, CustomReflectable {
    static let type = "scrypt"
    private static let label = Array("age-encryption.org/v1/scrypt".utf8)
    private static let saltBytes = 16
    /// What age itself uses: about a second and 256 MiB.
    static let writtenWorkFactor = 18
    /// More than this is not worked off for a file that anybody may have made: 4 GiB, many seconds.
    static let acceptedWorkFactor = 22

    private let bytes: SymmetricKey

    init(_ bytes: [UInt8]) { self.bytes = SymmetricKey(data: bytes) }

    /// The file key in a form that only the passphrase opens.
    func wrap(_ key: FileKey, workFactor: Int = writtenWorkFactor) throws -> Stanza {
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<Self.saltBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return Stanza(
            type: Self.type,
            arguments: [String(decoding: CanonicalBase64.encode(salt), as: UTF8.self), String(workFactor)],
            body: try key.sealed(by: try derive(salt, workFactor)))
    }

    /// - Returns: `nil` if another passphrase made the stanza.
    /// - Throws: ``AgeFault`` if it is of this type and malformed, or wants more work than ``acceptedWorkFactor``.
    func unwrap(_ stanza: Stanza) throws(AgeFault) -> FileKey? {
        guard stanza.type == Self.type else { return nil }
        guard stanza.arguments.count == 2, let salt = CanonicalBase64.decode(Array(stanza.arguments[0].utf8)),
            salt.count == Self.saltBytes, stanza.body.count == FileKey.sealedBytes
        else { throw .format("has an age header with a malformed scrypt stanza") }
        let digits = Array(stanza.arguments[1].utf8)
        guard (1...3).contains(digits.count), digits[0] != UInt8(ascii: "0"),
            digits.allSatisfy({ (0x30...0x39).contains($0) }), let workFactor = Int(stanza.arguments[1])
        else { throw .format("has an age header with a malformed scrypt work factor") }
        guard workFactor <= Self.acceptedWorkFactor else {
            throw .format(
                "wants a scrypt work factor of \(workFactor); \(Self.acceptedWorkFactor) is the most that is accepted")
        }
        do {
            return FileKey.open(stanza.body, by: try derive(salt, workFactor))
        } catch {
            throw .format("wants a key of scrypt that cannot be derived: is there memory enough?")
        }
    }

    private func derive(_ salt: [UInt8], _ workFactor: Int) throws -> SymmetricKey {
        try bytes.withUnsafeBytes { bytes in
            try KDF.Scrypt.deriveKey(
                from: bytes, salt: Self.label + salt, outputByteCount: 32, rounds: 1 << workFactor, blockSize: 8,
                parallelism: 1)
        }
    }

    var description: String { "passphrase (hidden)" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
