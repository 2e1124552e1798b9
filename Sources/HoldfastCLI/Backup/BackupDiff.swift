internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast backup diff`: tells how two archives differ.
struct BackupDiff: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Tell what was added, removed and changed from one archive to another.",
        discussion: helpText(
            """
            Content is compared by digest, as the tables of contents have it; attributes and ACLs by the headers of the entries. A line \
            begins with + for what was added, - for what was removed, and ~ for what was changed, with the sizes before and after.
            """,
            examples: [
                "holdfast backup diff old.tar.zst new.tar.zst",
                "holdfast backup diff old.tar.zst new.tar.zst --json",
            ]))

    @Argument(help: ArgumentHelp("The older archive.", valueName: "a"), completion: .file())
    var before: String

    @Argument(help: ArgumentHelp("The newer archive.", valueName: "b"), completion: .file())
    var after: String

    @OptionGroup var decryption: DecryptionOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let keys = try decryption.read()
        var rows: [JSONValue] = []
        try ArchiveFiles.difference(
            from: ArchiveReference(before), to: ArchiveReference(after), keys: keys, checkpoint: console.checkpoint
        ) { change in
            if output.json { rows.append(json(change)) } else { try console.print(line(change)) }
        }
        if output.json { try console.print(.array(rows)) }
    }

    private func line(_ change: ArchiveChange) -> String {
        let path = change.path.description.printable()
        return switch change.kind {
        case .added: "+ \(path) (\((change.afterBytes ?? 0).asBytes))\n"
        case .removed: "- \(path) (\((change.beforeBytes ?? 0).asBytes))\n"
        case .changed: "~ \(path) (\(sizes(change))\(change.differences.joined(separator: ", ")))\n"
        }
    }

    private func sizes(_ change: ArchiveChange) -> String {
        guard change.differences.contains("content"), let before = change.beforeBytes, let after = change.afterBytes
        else { return "" }
        return "\(before.asBytes) to \(after.asBytes): "
    }

    private func json(_ change: ArchiveChange) -> JSONValue {
        [
            "path": .string(change.path.description), "change": .string(change.kind.rawValue),
            "beforeBytes": .optional(change.beforeBytes), "afterBytes": .optional(change.afterBytes),
            "differences": .array(change.differences.map { .string($0) }),
        ]
    }
}
