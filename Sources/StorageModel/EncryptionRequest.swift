/// For whom an archive is encrypted (age, version 1).
///
/// Holds public keys and the names of files, never a secret: those are read where they are used.
public struct EncryptionRequest: Hashable, Sendable {
    /// Public keys, `age1…`.
    public var recipients: [String]
    /// Files with a public key on each line.
    public var recipientFiles: [String]
    /// A file whose first line is the passphrase. Not together with recipients: the format forbids it.
    public var passphraseFile: String?

    public init(recipients: [String] = [], recipientFiles: [String] = [], passphraseFile: String? = nil) {
        self.recipients = recipients
        self.recipientFiles = recipientFiles
        self.passphraseFile = passphraseFile
    }
}

/// Where the keys are that open encrypted archives.
public struct DecryptionRequest: Hashable, Sendable {
    /// Files with a secret key, `AGE-SECRET-KEY-1…`, on each line.
    public var identityFiles: [String]
    /// A file whose first line is the passphrase.
    public var passphraseFile: String?

    /// No keys: only what is not encrypted can be read.
    public static let none = DecryptionRequest()

    public init(identityFiles: [String] = [], passphraseFile: String? = nil) {
        self.identityFiles = identityFiles
        self.passphraseFile = passphraseFile
    }
}
