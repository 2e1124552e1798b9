package import StorageModel

/// A system call that failed: which one, on what, and why.
///
/// The path is what the call was given, relative to a directory descriptor; the layer above knows the object's name and
/// turns this into a ``StorageModel/StorageError`` exactly once.
package struct FileError: Error, Sendable, CustomStringConvertible {
    /// The call's name, such as `openat2`.
    package let operation: String
    /// Safe to print; empty if the call took a descriptor only.
    package let path: String
    package let errno: Errno

    /// - Parameter path: safe to print.
    package init(operation: String, path: String, errno: Errno) {
        self.init(operation, path: path, errno: errno)
    }

    package init(_ operation: String, path: String = "", errno: Errno) {
        self.operation = operation
        self.path = path
        self.errno = errno
    }

    /// What was called on what: `openat2 'a/b'`.
    package var call: String { path.isEmpty ? operation : "\(operation) '\(path)'" }

    package var description: String { "\(call): \(errno) (\(errno.name))" }
}

extension StorageError {
    /// The failure of `doing` ("create volume 'pg'") to `object`, with the failed call as its cause.
    package init(_ error: FileError, doing: String, object: String, hint: String? = nil) {
        let plain = StorageError.system(doing, object: object, errno: error.errno, hint: hint)
        self.init(
            plain.code, object: object, plain.message, errno: error.errno, hint: plain.hint, causes: [error.call])
    }
}
