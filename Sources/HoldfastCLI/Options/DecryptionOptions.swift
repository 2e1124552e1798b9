internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// Where the keys are that open encrypted archives. Secrets stand in files only: `ps` shows command lines to everybody.
struct DecryptionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Open encrypted archives with the secret keys (AGE-SECRET-KEY-1…) in this file. Repeatable.",
            valueName: "file"),
        completion: .file())
    var identity: [String] = []

    @Option(
        name: .customLong("passphrase-file"),
        help: ArgumentHelp(
            "Open encrypted archives with the passphrase on the first line of this file.", valueName: "file"),
        completion: .file())
    var passphraseFile: String?

    /// Reads the keys, none if no file is named.
    func read() throws(StorageError) -> ArchiveKeys {
        if identity.isEmpty && passphraseFile == nil { return .none }
        return try ArchiveKeys(DecryptionRequest(identityFiles: identity, passphraseFile: passphraseFile))
    }
}
