package import StorageModel

/// For whom files are encrypted: recipients, or whoever knows a passphrase.
package struct EncryptionKeys: Sendable {
    private enum Kind: Sendable {
        case recipients([X25519Recipient])
        case passphrase(Passphrase)
    }

    private let kind: Kind

    /// Reads the key files.
    ///
    /// - Throws: ``StorageError/Code/invalidInput`` for what is not a key, without repeating it;
    ///   ``StorageError/Code/notFound`` for a missing file.
    package init(_ request: EncryptionRequest) throws(StorageError) {
        let hasRecipients = !request.recipients.isEmpty || !request.recipientFiles.isEmpty
        if let path = request.passphraseFile {
            guard !hasRecipients else {
                throw StorageError(
                    .invalidInput, "an archive is encrypted for recipients or with a passphrase, not both",
                    hint: "the age format forbids it; choose one")
            }
            kind = .passphrase(try KeyFile(path, role: "passphrase").passphrase())
            return
        }
        guard hasRecipients else { throw StorageError(.invalidInput, "an archive cannot be encrypted for nobody") }
        var recipients: [X25519Recipient] = []
        for (index, text) in request.recipients.enumerated() {
            do throws(KeyFault) {
                recipients.append(try X25519Recipient(text))
            } catch {
                let place = request.recipients.count > 1 ? "number \(index + 1) of the recipients" : "the recipient"
                throw StorageError(.invalidInput, "\(place) \(error.reason)", hint: error.hint)
            }
        }
        for path in request.recipientFiles {
            recipients += try KeyFile(path, role: "recipients").keys { (text) throws(KeyFault) in
                try X25519Recipient(text)
            }
        }
        kind = .recipients(recipients)
    }

    /// One recipient, for tests of the format.
    init(_ recipients: [X25519Recipient]) { kind = .recipients(recipients) }

    /// The header of a new file. With a passphrase this takes a second and 256 MiB.
    func header(_ key: FileKey) throws(StorageError) -> [UInt8] {
        do {
            switch kind {
            case .passphrase(let passphrase): return AgeHeader.encode([try passphrase.wrap(key)], key)
            case .recipients(let recipients): return AgeHeader.encode(try recipients.map { try $0.wrap(key) }, key)
            }
        } catch {
            throw StorageError(
                .system, "the keys of an encrypted archive cannot be made", hint: "is there memory enough?")
        }
    }
}
