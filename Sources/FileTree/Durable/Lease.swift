internal import Glibc
internal import StorageModel

/// A lock on a file or directory by `flock(2)`: held as long as the value lives, gone with the process however that ends.
///
/// The lock belongs to the open file: a descriptor that was duplicated from this one shares it, one that was opened anew
/// competes with it, in the same process too.
package struct Lease: ~Copyable, Sendable {
    package enum Kind: Sendable {
        /// Any number of holders, but no exclusive one.
        case shared
        case exclusive
    }

    /// The locked file; its content belongs to the holder.
    package let descriptor: Descriptor

    /// Locks an open file.
    ///
    /// - Parameter waits: whether to wait for other holders; the wait goes on after signals.
    /// - Returns: `nil` if somebody else holds it and `waits` is false.
    package static func take(
        _ descriptor: consuming Descriptor, _ kind: Kind, waits: Bool = false
    ) throws(FileError) -> Lease? {
        let number = descriptor.rawValue
        let operation = (kind == .shared ? LOCK_SH : LOCK_EX) | (waits ? 0 : LOCK_NB)
        let result = changing("flock") { Int(flock(number, operation)) }
        if result == -Int(EWOULDBLOCK) { return nil }
        try check(result, "flock")
        return Lease(descriptor: descriptor)
    }

    /// Gives the lock back now, at a place that can be seen in the code.
    package consuming func release() {}
}
