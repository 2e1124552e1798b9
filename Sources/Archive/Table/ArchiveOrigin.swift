package import StorageModel

/// Where an archive comes from: enough to make the volume anew on another host.
package struct ArchiveOrigin: Hashable, Sendable {
    /// As the user named it: `holdfast:pg`, `dir:/srv`.
    package var source: String
    /// `holdfast` or `dir`; the engine whose volume it was.
    package var engine: String
    /// The volume's name; empty for a directory.
    package var volumeName: String
    package var driver: String
    package var options: [String: String]
    package var labels: [String: String]
    package var host: String
    /// When reading began. Files that changed less than a few seconds before are not trusted to be the same later.
    package var startedAt: Timestamp
    /// The program and the version of the encoder; frames are used again only under the same.
    package var encoder: String
    /// How the source was kept still: `none`, `frozen` or `snapshot`.
    package var consistency: String
    package var level: Int
    /// What the user tagged the archive with; written behind everything else of the index, and only where there are any.
    package var tags: [String]
    /// With what slices of large files are marked; written behind the tags. `nil` in archives from before there were marks.
    package var sliceKey: SliceKey?

    package init(
        source: String, engine: String, volumeName: String = "", driver: String = "", options: [String: String] = [:],
        labels: [String: String] = [:], host: String, startedAt: Timestamp, encoder: String,
        consistency: String = "none", level: Int, tags: [String] = [],
        sliceKey: SliceKey? = nil
    ) {
        self.source = source
        self.engine = engine
        self.volumeName = volumeName
        self.driver = driver
        self.options = options
        self.labels = labels
        self.host = host
        self.startedAt = startedAt
        self.encoder = encoder
        self.consistency = consistency
        self.level = level
        self.tags = tags
        self.sliceKey = sliceKey
    }

    func encode(to encoder: inout TableEncoder) {
        for text in [source, engine, volumeName, driver, host, self.encoder, consistency] {
            encoder.append(string: text.utf8)
        }
        encoder.append(pairs: options)
        encoder.append(pairs: labels)
        encoder.append(signed: startedAt.seconds)
        encoder.append(UInt64(startedAt.nanoseconds))
        encoder.append(UInt64(level))
    }

    init(from decoder: inout TableDecoder) throws(TableFault) {
        source = try decoder.text()
        engine = try decoder.text()
        volumeName = try decoder.text()
        driver = try decoder.text()
        host = try decoder.text()
        encoder = try decoder.text()
        consistency = try decoder.text()
        options = try decoder.pairs()
        labels = try decoder.pairs()
        let seconds = try decoder.signed()
        startedAt = Timestamp(seconds: seconds, nanoseconds: try decoder.integer(UInt32.self))
        level = try decoder.integer(Int.self)
        tags = []
    }

    func encodeTags(to encoder: inout TableEncoder) {
        encoder.append(UInt64(tags.count))
        for tag in tags { encoder.append(string: tag.utf8) }
    }

    mutating func decodeTags(from decoder: inout TableDecoder) throws(TableFault) {
        for _ in 0..<(try decoder.integer(UInt32.self)) { tags.append(try decoder.text()) }
    }

    func encodeSliceKey(to encoder: inout TableEncoder) { encoder.append(string: sliceKey?.bytes ?? []) }

    mutating func decodeSliceKey(from decoder: inout TableDecoder) throws(TableFault) {
        let bytes = try decoder.string()
        sliceKey = SliceKey(bytes)
        if sliceKey == nil && !bytes.isEmpty { throw TableFault("the key of its marks is of another length") }
    }
}
