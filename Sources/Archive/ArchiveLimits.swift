/// What an archive may ask of this machine before it is refused.
///
/// The defaults let through every archive that Holdfast or a well-known tool writes of a real tree.
package struct ArchiveLimits: Sendable {
    /// Entries of one archive.
    package var entries: UInt64 = 1 << 32
    /// One pax header, or one GNU long name, in bytes.
    package var headerBytes = 4 << 20
    /// A path; the kernel's own limit for one call is 4,096, trees can be deeper.
    package var pathBytes = 1 << 20
    /// One component of a path (`NAME_MAX`).
    package var nameBytes = 255
    /// Extents of one sparse file.
    package var sparseExtents = 1 << 20
    /// The window that a zstd frame may ask for: 2 to the power of 27, the default of every decoder.
    package var windowBytes: UInt64 = 128 << 20
    /// All data that comes out of the archive; set to the room on the target's file system before a restore.
    package var totalBytes: UInt64 = .max
    /// Bytes out per byte in, over the whole archive, once ``ratioFloorBytes`` came out. zstd's own maximum is 43,000.
    package var ratio: UInt64 = 50_000
    package var ratioFloorBytes: UInt64 = 1 << 30

    package init() {}
}
