internal import Crypto

/// A secret key, `AGE-SECRET-KEY-1…`. Neither prints nor reflects its content.
struct X25519Identity: Sendable, CustomStringConvertible, CustomReflectable {
    static let prefix = "AGE-SECRET-KEY-"

    private let key: Curve25519.KeyAgreement.PrivateKey

    /// - Throws: ``KeyFault`` if the text is not a secret key, without repeating it.
    init(_ text: String) throws(KeyFault) {
        guard text.hasPrefix(Self.prefix) else {
            throw KeyFault(
                "is not an age identity (AGE-SECRET-KEY-1…)", hint: "age-keygen makes one; SSH keys are not supported")
        }
        guard let (prefix, bytes) = Bech32.decode(text) else {
            throw KeyFault("is not an age identity: it is mistyped or incomplete", hint: "copy it again")
        }
        guard prefix == Self.prefix, let key = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: bytes) else {
            throw KeyFault("is an identity of a kind that is not supported", hint: "X25519 identities are")
        }
        self.key = key
    }

    var recipient: X25519Recipient { X25519Recipient(publicKey: Array(key.publicKey.rawRepresentation)) }

    /// - Returns: `nil` if the stanza is for somebody else.
    /// - Throws: ``AgeFault`` if it is of this type and malformed.
    func unwrap(_ stanza: Stanza) throws(AgeFault) -> FileKey? {
        guard stanza.type == X25519Recipient.type else { return nil }
        guard stanza.arguments.count == 1, let share = CanonicalBase64.decode(Array(stanza.arguments[0].utf8)),
            share.count == X25519Recipient.lengthBytes, stanza.body.count == FileKey.sealedBytes
        else { throw .format("has an age header with a malformed X25519 stanza") }
        let secret: SharedSecret
        do {
            secret = try X25519Recipient.sharedSecret(key, with: share)
        } catch {
            // The point is of low order: the secret would be known to everybody.
            throw .format("has an age header with an X25519 share that is not a key")
        }
        let wrapping = X25519Recipient.wrappingKey(secret, share: share, publicKey: recipient.publicKey)
        return FileKey.open(stanza.body, by: wrapping)
    }

    var description: String { "identity (hidden)" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
