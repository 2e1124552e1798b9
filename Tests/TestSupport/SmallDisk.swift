/// A file system of its own in memory, of a given size, unmounted when the value is released. Needs root.
package final class SmallDisk: Sendable {
    package let path: String

    /// - Parameter path: an existing directory.
    package init(at path: String, sizeKiB: Int) throws {
        self.path = path
        try Tool.run("mount", "-t", "tmpfs", "-o", "size=\(sizeKiB)k,mode=0755", "tmpfs", path).check()
    }

    /// Makes the file system read-only, or writable again.
    package func setReadOnly(_ isReadOnly: Bool) throws {
        try Tool.run("mount", "-o", isReadOnly ? "remount,ro" : "remount,rw", path).check()
    }

    deinit {
        // Lazily, because the code under test may still hold descriptors; a failure leaves a mount in a temporary folder.
        _ = try? Tool.run("umount", "--lazy", path)
    }
}
