internal import ArgumentParser
internal import StorageModel

/// How files are copied to and from containers and volumes.
struct CopyOptions: ParsableArguments {
    @Flag(name: .customShort("L"), help: "Follow a link that is named as the source.")
    var followLink = false

    @Flag(name: .shortAndLong, help: "Keep the owners.")
    var archive = false

    @Flag(name: .customLong("no-sync"), help: "Do not wait until the copy is on disk.")
    var noSync = false

    /// - Throws: ``StorageError/Code/invalidInput`` if a tar would be written to a terminal.
    static func refuseTerminal(ifStream isStream: Bool) throws(StorageError) {
        guard isStream && Terminal.standardOutputIsOne else { return }
        throw StorageError(
            .invalidInput, object: "-", "a tar is not written to a terminal",
            hint: "redirect standard output to a file or a pipe")
    }

    /// Tells what could not be copied as it is.
    static func tell(_ notices: [EntryNotice], _ console: Console) {
        for notice in notices { console.mention("\(notice.path): \(notice.reason)") }
        if !notices.isEmpty { console.note(.warnings) }
    }
}
