internal import CLinux
internal import Glibc
package import StorageModel
internal import Synchronization

/// Mounts that only this value shows: they are attached in a mount namespace that no process is in, and go with the value, or
/// with this process however it ends.
///
/// What is opened beneath ``root`` sees them, from any thread. Unlike a detached mount the root can have others mounted in it,
/// on every kernel with `move_mount(2)`.
package final class HiddenMounts: Sendable {
    /// The root of the mount that was given.
    package let root: SharedDescriptor
    /// Keeps the namespace.
    private let namespace: SharedDescriptor

    /// Makes the namespace, in which `mount` is attached, and lets `body` attach more beneath its root.
    ///
    /// - Parameter body: runs on a thread that is in the namespace: places must be opened beneath the root that it gets.
    package init(
        _ mount: SharedMount, doing: String, object: String,
        _ body: @escaping @Sendable (SharedDescriptor) throws(StorageError) -> Void
    ) throws(StorageError) {
        let outcome = Mutex<Result<(SharedDescriptor, SharedDescriptor), StorageError>?>(nil)
        let pool = WorkerPool(threads: 1)
        pool.submit {
            let result = Result { () throws(StorageError) in
                let made = try Self.enter(mount, doing, object)
                try body(made.root)
                return made
            }
            outcome.withLock { $0 = result.map { ($0.root, $0.namespace) } }
        }
        pool.finish()
        guard let result = outcome.withLock({ $0 }) else {
            throw StorageError(.interrupted, object: object, "cannot \(doing)")
        }
        (root, namespace) = try result.get()
    }

    private static func enter(
        _ mount: SharedMount, _ doing: String, _ object: String
    ) throws(StorageError) -> (root: SharedDescriptor, namespace: SharedDescriptor) {
        do throws(FileError) {
            try check(changing("unshare(CLONE_NEWNS)") { Int(holdfast_unshare_mounts()) }, "unshare(CLONE_NEWNS)")
            let namespace = SharedDescriptor(try Descriptor.openFile(atHostPath: "/proc/thread-self/ns/mnt"))
            // Any place of the namespace will do: nobody looks there.
            try mount.mount.share().attach(onto: try Descriptor.openPlace(atHostPath: "/"), .private)
            return (SharedDescriptor(try mount.mount.openRoot()), namespace)
        } catch {
            throw StorageError(error, doing: doing, object: object)
        }
    }
}
