internal import Encryption
public import StorageModel

/// For whom archives are encrypted, read from the files that a request names. Never prints a secret.
public struct ArchiveRecipients: Sendable {
    let keys: EncryptionKeys

    /// Reads the files, each once.
    ///
    /// - Throws: ``StorageError/Code/invalidInput`` for what is not a public key or a passphrase, naming the file and the
    ///   line and never what is on it; ``StorageError/Code/notFound`` for a missing file.
    public init(_ request: EncryptionRequest) throws(StorageError) { keys = try EncryptionKeys(request) }
}

/// The keys that open encrypted archives, read from the files that a request names. Never prints a secret.
public struct ArchiveKeys: Sendable {
    let keys: DecryptionKeys

    /// No keys: only what is not encrypted can be read.
    public static let none = ArchiveKeys()

    private init() { keys = .none }

    /// Reads the files, each once.
    ///
    /// - Throws: ``StorageError/Code/invalidInput`` for what is not a key or a passphrase, naming the file and the line and
    ///   never what is on it; ``StorageError/Code/notFound`` for a missing file.
    public init(_ request: DecryptionRequest) throws(StorageError) { keys = try DecryptionKeys(request) }
}
