internal import Crypto
internal import StorageModel

/// A public key, `age1…`: whoever has its identity can open what is encrypted for it.
struct X25519Recipient: Hashable, Sendable, CustomStringConvertible {
    static let type = "X25519"
    static let info = "age-encryption.org/v1/X25519"
    static let lengthBytes = 32
    private static let prefix = "age"

    let publicKey: [UInt8]

    init(publicKey: [UInt8]) { self.publicKey = publicKey }

    /// - Throws: ``KeyFault`` if the text is not a public key, without repeating it: it could be the secret one.
    init(_ text: String) throws(KeyFault) {
        if text.lowercased().hasPrefix(X25519Identity.prefix.lowercased()) {
            throw KeyFault(
                "is a secret identity, not a recipient", hint: "age-keygen -y prints the recipient of an identity")
        }
        guard text.lowercased().hasPrefix(Self.prefix) else {
            throw KeyFault(
                "is not an age recipient (age1…)", hint: "age-keygen makes a key; SSH keys are not supported")
        }
        guard let (prefix, bytes) = Bech32.decode(text) else {
            throw KeyFault("is not an age recipient: it is mistyped or incomplete", hint: "copy it again")
        }
        guard prefix == Self.prefix, bytes.count == Self.lengthBytes else {
            throw KeyFault(
                "is a recipient of a kind that is not supported", hint: "X25519 recipients are (age1… of 62 characters)"
            )
        }
        publicKey = bytes
        // A point of low order would make a secret that everybody knows.
        guard (try? Self.sharedSecret(Curve25519.KeyAgreement.PrivateKey(), with: publicKey)) != nil else {
            throw KeyFault("is not a usable public key", hint: "make another one with age-keygen")
        }
    }

    /// - Throws: if the point is of low order: the secret would be zero, whatever the key (RFC 7748, 6.1).
    static func sharedSecret(
        _ key: Curve25519.KeyAgreement.PrivateKey, with publicKey: [UInt8]
    ) throws -> SharedSecret {
        let point = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: publicKey)
        let secret = try key.sharedSecretFromKeyAgreement(with: point)
        // Why: the library does not look at this itself.
        guard secret.withUnsafeBytes({ $0.reduce(0, |) }) != 0 else { throw CryptoKitError.incorrectParameterSize }
        return secret
    }

    /// The file key in a form that only the recipient's identity opens.
    func wrap(_ key: FileKey) throws -> Stanza {
        let ephemeral = Curve25519.KeyAgreement.PrivateKey()
        let share = Array(ephemeral.publicKey.rawRepresentation)
        let wrapping = Self.wrappingKey(
            try Self.sharedSecret(ephemeral, with: self.publicKey), share: share, publicKey: publicKey)
        return Stanza(
            type: Self.type, arguments: [String(decoding: CanonicalBase64.encode(share), as: UTF8.self)],
            body: try key.sealed(by: wrapping))
    }

    static func wrappingKey(_ secret: SharedSecret, share: [UInt8], publicKey: [UInt8]) -> SymmetricKey {
        secret.hkdfDerivedSymmetricKey(
            using: SHA256.self, salt: share + publicKey, sharedInfo: Array(info.utf8), outputByteCount: 32)
    }

    var description: String { Bech32.encode(Self.prefix, publicKey) }
}

/// Why a text is not a key. The reason never repeats the text.
struct KeyFault: Error {
    /// The rest of a sentence that begins with where the text stands.
    let reason: String
    let hint: String?

    init(_ reason: String, hint: String? = nil) {
        self.reason = reason
        self.hint = hint
    }
}
