internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// For whom archives are encrypted. Public keys may stand on a command line; a passphrase, which `ps` would show, may not.
struct EncryptionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Encrypt for the holder of this key (age1…). Repeatable.", valueName: "key"))
    var recipient: [String] = []

    @Option(
        name: .customLong("recipients-file"),
        help: ArgumentHelp("Encrypt for the keys in this file, one on a line. Repeatable.", valueName: "file"),
        completion: .file())
    var recipientFiles: [String] = []

    @Option(
        name: .customLong("passphrase-file"),
        help: ArgumentHelp("Encrypt with the passphrase on the first line of this file.", valueName: "file"),
        completion: .file())
    var passphraseFile: String?

    @Option(
        help: ArgumentHelp(
            "Take what is unchanged from encrypted archives, too, with the secret keys in this file. Repeatable.",
            valueName: "file"),
        completion: .file())
    var identity: [String] = []

    func validate() throws {
        if passphraseFile != nil && !(recipient.isEmpty && recipientFiles.isEmpty) {
            throw ValidationError("--passphrase-file does not go together with recipients: the age format forbids it.")
        }
    }

    /// Reads the keys; `nil` if nothing is to be encrypted.
    func read() throws(StorageError) -> ArchiveRecipients? {
        if recipient.isEmpty && recipientFiles.isEmpty && passphraseFile == nil { return nil }
        return try ArchiveRecipients(
            EncryptionRequest(recipients: recipient, recipientFiles: recipientFiles, passphraseFile: passphraseFile))
    }

    /// Reads the keys of the archives before this one, none if no file is named. A passphrase opens what it encrypts.
    func readIdentities() throws(StorageError) -> ArchiveKeys {
        if identity.isEmpty && passphraseFile == nil { return .none }
        return try ArchiveKeys(DecryptionRequest(identityFiles: identity, passphraseFile: passphraseFile))
    }
}
