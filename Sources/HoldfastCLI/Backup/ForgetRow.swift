internal import StorageModel

/// What became of archives, as `backup forget` prints it.
enum ForgetRow {
    /// The keys are a promise to scripts.
    static func json(_ group: ForgetGroup) -> JSONValue {
        [
            "source": .string(group.source), "freedBytes": .unsigned(group.freedBytes),
            "keep": .array(group.keep.map { json($0, isKept: true) }),
            "remove": .array(group.remove.map { json($0, isKept: false) }),
            "notices": .array(group.notices.map { .string($0) }),
            "refusal": .optional(group.refusal?.message),
        ]
    }

    private static func json(_ archive: ForgetGroup.Archive, isKept: Bool) -> JSONValue {
        var members: [String: JSONValue] = [
            "archive": .string(archive.path), "time": .string(archive.time.description),
            "archiveBytes": .unsigned(archive.sizeBytes), "tags": .array(archive.tags.map { .string($0) }),
        ]
        if isKept { members["reasons"] = .array(archive.reasons.map { .string($0) }) }
        return .object(members)
    }

    /// One line for each archive, the newest of a source first.
    static func table(_ groups: [ForgetGroup], isDryRun: Bool) -> Table {
        var table = Table([
            Table.Column(heading: "SOURCE"), Table.Column(heading: "CREATED"),
            Table.Column(heading: "SIZE", isNumber: true), Table.Column(heading: "DECISION"),
            Table.Column(heading: "REASONS"), Table.Column(heading: "ARCHIVE", isFlexible: true),
        ])
        for group in groups {
            let kept = group.keep.map { ($0, "keep") }
            let removed = group.remove.map { ($0, isDryRun ? "would remove" : "remove") }
            for (archive, decision) in (kept + removed).sorted(by: { $0.0.path > $1.0.path }) {
                table.append([
                    group.source, archive.time.description, archive.sizeBytes.asBytes, decision,
                    archive.reasons.isEmpty ? "-" : archive.reasons.joined(separator: ", "), archive.path,
                ])
            }
        }
        return table
    }
}
