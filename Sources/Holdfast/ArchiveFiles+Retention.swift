internal import Backups
internal import FileTree
public import StorageModel

extension ArchiveFiles {
    /// Decides what a retention policy keeps of a list of times, the newest first. Touches nothing.
    ///
    /// - Throws: ``StorageError/Code/invalidInput`` for an empty policy.
    public static func simulate(
        _ policy: RetentionPolicy, on items: [RetentionItem], zone: ZoneRules? = nil, now: Timestamp = .now
    ) throws(StorageError) -> [RetentionDecision] {
        try policy.requireRules()
        return RetentionSelection(policy, zone: zone).decide(items, now: now)
    }

    /// Removes the archives that a policy does not keep, source by source.
    ///
    /// Never the last archive of a source, never a file that is not an archive where `backup create` puts it. Removals are on
    /// disk when this returns; a crash leaves what the policy keeps, and some of the rest. Archives that are being written or
    /// read are no concern: the first have other names, the second stay readable to who has them open.
    ///
    /// - Throws: ``StorageError/Code/notFound`` for a missing destination or source, ``StorageError/Code/invalidInput`` for an
    ///   empty policy. What could not be removed is in the report.
    public static func forget(_ request: ForgetRequest, checkpoint: Checkpoint) throws(StorageError) -> [ForgetGroup] {
        try Forgetting(request, checkpoint: checkpoint).run()
    }

    /// Says of each source below a destination how old its newest whole archive is.
    ///
    /// - Throws: ``StorageError/Code/notFound`` for a missing destination. A missing source is in the report.
    public static func freshness(
        of destination: String, sources: [SourceReference] = [], limit: TimeSpan? = nil, now: Timestamp = .now,
        checkpoint: Checkpoint = Checkpoint()
    ) throws(StorageError) -> [SourceFreshness] {
        try Freshness.of(destination, sources: sources, limit: limit, now: now, checkpoint: checkpoint)
    }

    /// Reads a JSON array of `{"time": RFC 3339, "tags": […]}`, or of times alone, from a file or standard input (`-`).
    ///
    /// - Throws: ``StorageError/Code/invalidInput`` for anything else, naming the element.
    public static func retentionItems(in path: String) throws(StorageError) -> [(text: String, item: RetentionItem)] {
        let list = try JSONValue(parsing: try readTimes(path), of: "the list of times '\(path.printable(limit: 200))'")
        guard let elements = list.elements else {
            throw StorageError(.invalidInput, object: path, "'\(path.printable(limit: 200))' is not a JSON array")
        }
        var items: [(text: String, item: RetentionItem)] = []
        for (number, element) in elements.enumerated() {
            let tags = element["tags"].map(\.texts) ?? []
            guard let text = element.text ?? element["time"]?.text, let time = ZonedTime(parsing: text), let tags else {
                throw StorageError(
                    .invalidInput, object: path,
                    "element \(number) of '\(path.printable(limit: 200))' has no time, or no list of tags: "
                        + element.compactText.printable(limit: 100),
                    hint: "write it as {\"time\": \"2026-03-01T12:00:00Z\", \"tags\": [\"keep\"]}")
            }
            items.append((text, RetentionItem(time: time, tags: tags)))
        }
        return items
    }

    private static func readTimes(_ path: String) throws(StorageError) -> [UInt8] {
        let limitBytes = 64 << 20
        let bytes: [UInt8]
        do throws(FileError) {
            let file = path == "-" ? try Descriptor.standardInput() : try Descriptor.openFile(atHostPath: path)
            bytes = try file.readToEnd(limitBytes: limitBytes + 1)
        } catch {
            throw StorageError(error, doing: "read '\(path.printable(limit: 200))'", object: path)
        }
        guard bytes.count <= limitBytes else {
            throw StorageError(
                .limitExceeded, object: path,
                "'\(path.printable(limit: 200))' is larger than \(ByteCount(UInt64(limitBytes)))")
        }
        return bytes
    }
}
