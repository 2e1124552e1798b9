/// How much room a file system has, and how much of it is taken, in bytes.
public struct FileSystemRoom: Hashable, Sendable {
    public let totalBytes: UInt64
    /// What is taken, by whomever.
    public let usedBytes: UInt64
    /// What is free for everybody: without what is kept for root.
    public let availableBytes: UInt64

    public init(totalBytes: UInt64, usedBytes: UInt64, availableBytes: UInt64) {
        self.totalBytes = totalBytes
        self.usedBytes = usedBytes
        self.availableBytes = availableBytes
    }

    /// What is free and kept for root.
    public var reservedBytes: UInt64 {
        let freeBytes = totalBytes - min(usedBytes, totalBytes)
        return freeBytes - min(availableBytes, freeBytes)
    }

    /// What `df` shows per cent of: used and available bytes.
    public var usableBytes: UInt64 { usedBytes &+ availableBytes }

    /// The used part of what can be used, in per cent, not rounded; 0 for file systems without a size, as `/proc`.
    public var usedPercent: Double {
        usableBytes == 0 ? 0 : Double(usedBytes) / Double(usableBytes) * 100
    }
}
