package import StorageModel

/// The keys that may open encrypted files.
package struct DecryptionKeys: Sendable {
    private let identities: [X25519Identity]
    private let passphrase: Passphrase?

    /// No keys at all.
    package static let none = DecryptionKeys(identities: [], passphrase: nil)

    package var isEmpty: Bool { identities.isEmpty && passphrase == nil }

    /// Reads the key files.
    ///
    /// - Throws: ``StorageError/Code/invalidInput`` for what is not a key, without repeating it;
    ///   ``StorageError/Code/notFound`` for a missing file.
    package init(_ request: DecryptionRequest) throws(StorageError) {
        var identities: [X25519Identity] = []
        for path in request.identityFiles {
            identities += try KeyFile(path, role: "identity").keys { (text) throws(KeyFault) in
                try X25519Identity(text)
            }
        }
        let passphrase = try request.passphraseFile.map { path throws(StorageError) in
            try KeyFile(path, role: "passphrase").passphrase()
        }
        self.init(identities: identities, passphrase: passphrase)
    }

    init(identities: [X25519Identity], passphrase: Passphrase?) {
        self.identities = identities
        self.passphrase = passphrase
    }

    /// The key of the file with this header. With a passphrase this takes as long as it took to make it.
    ///
    /// - Throws: ``AgeFault`` of a header that is malformed, that no key opens, or that is not the one that was written.
    func fileKey(_ header: AgeHeader) throws(AgeFault) -> FileKey {
        let isPassphrase = header.stanzas.contains { $0.type == Passphrase.type }
        guard !isPassphrase || header.stanzas.count == 1 else {
            throw .format("has an age header with a passphrase beside other recipients")
        }
        for stanza in header.stanzas {
            guard let key = try unwrap(stanza) else { continue }
            guard key.authenticates(header) else {
                throw AgeFault(.authentication, "has an age header that is not what was written")
            }
            return key
        }
        throw noMatch(header, isPassphrase)
    }

    private func unwrap(_ stanza: Stanza) throws(AgeFault) -> FileKey? {
        for identity in identities {
            if let key = try identity.unwrap(stanza) { return key }
        }
        return try passphrase?.unwrap(stanza)
    }

    private func noMatch(_ header: AgeHeader, _ isPassphrase: Bool) -> AgeFault {
        if isPassphrase {
            return passphrase == nil
                ? AgeFault(
                    .noMatch, "is encrypted with a passphrase",
                    hint: "name the file that holds it with --passphrase-file")
                : AgeFault(.noMatch, "is encrypted with another passphrase", hint: "check the passphrase file")
        }
        guard header.stanzas.contains(where: { $0.type == X25519Recipient.type }) else {
            let types = Set(header.stanzas.map { "'\($0.type.printable(limit: 40))'" }).sorted().prefix(5)
            return AgeFault(
                .noMatch,
                "is encrypted for recipients of a kind that is not supported: \(types.joined(separator: ", "))",
                hint: "decrypt it with age -d")
        }
        guard !identities.isEmpty else {
            return AgeFault(
                .noMatch, "is encrypted for the holder of an identity",
                hint: "name the file that holds it with --identity")
        }
        return AgeFault(
            .noMatch,
            identities.count == 1
                ? "is not encrypted for the identity that was given"
                : "is not encrypted for any of the \(identities.count) identities that were given",
            hint: "name the identity's file of one of its recipients with --identity")
    }
}
