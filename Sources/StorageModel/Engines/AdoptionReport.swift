/// What the adoption of another engine's volume did.
public struct AdoptionReport: Hashable, Sendable {
    public var source: EngineVolumeReference
    public var volume: VolumeName
    /// Whether the volume was made by it.
    public var createdVolume: Bool
    public var entries: UInt64
    /// The size of files whose content was written again; hard links once.
    public var copiedBytes: UInt64
    /// Files whose content is shared with the original, so that they take no space yet.
    public var reflinkedFiles: UInt64
    /// What is not in the volume as it is in the original, of its entries and, under the root's path, of itself.
    public var skipped: [EntryNotice]
    /// Files that changed while they were copied: the copy may be a mixture.
    public var changedDuringRead: [EntryNotice]
    public var seconds: Double

    /// Whether the exit status is 3.
    public var hasWarnings: Bool {
        !changedDuringRead.isEmpty || skipped.contains { !$0.reason.hasPrefix("socket") }
    }

    public init(
        source: EngineVolumeReference, volume: VolumeName, createdVolume: Bool, entries: UInt64, copiedBytes: UInt64,
        reflinkedFiles: UInt64, skipped: [EntryNotice], changedDuringRead: [EntryNotice], seconds: Double
    ) {
        self.source = source
        self.volume = volume
        self.createdVolume = createdVolume
        self.entries = entries
        self.copiedBytes = copiedBytes
        self.reflinkedFiles = reflinkedFiles
        self.skipped = skipped
        self.changedDuringRead = changedDuringRead
        self.seconds = seconds
    }
}
