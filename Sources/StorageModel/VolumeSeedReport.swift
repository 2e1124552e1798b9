/// What `volume seed` did.
public struct VolumeSeedReport: Hashable, Sendable {
    public enum Change: String, Hashable, Sendable {
        /// The volume was made.
        case created
        /// The volume was empty.
        case filled
        /// Everything in the volume was exchanged.
        case replaced
    }

    public let volume: Volume
    public let change: Change
    public let entries: UInt64
    /// The size of the files whose content was written again.
    public let copiedBytes: UInt64
    /// Files whose blocks are shared with the image.
    public let reflinkedFiles: UInt64
    /// What the volume's file system does not take.
    public let notices: [EntryNotice]

    public init(
        volume: Volume, change: Change, entries: UInt64, copiedBytes: UInt64, reflinkedFiles: UInt64,
        notices: [EntryNotice]
    ) {
        self.volume = volume
        self.change = change
        self.entries = entries
        self.copiedBytes = copiedBytes
        self.reflinkedFiles = reflinkedFiles
        self.notices = notices
    }
}
