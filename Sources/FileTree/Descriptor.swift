internal import Glibc
internal import StorageModel

/// Owns one open file descriptor and closes it exactly once.
///
/// Every descriptor that this room opens has `O_CLOEXEC`. Operations take names of one component, as bytes, relative to
/// a directory descriptor, and never follow a symbolic link in them; what is named from outside by several components
/// goes through ``openDirectory(beneath:resolution:)``. Threads may use one descriptor at the same time as far as the
/// kernel's file offset is not involved.
package struct Descriptor: ~Copyable, Sendable {
    /// The number, valid as long as this value lives: for the length of one call.
    package let rawValue: CInt

    /// Takes over an open descriptor; nobody else closes it.
    package init(adopting rawValue: CInt) { self.rawValue = rawValue }

    init(_ result: Int) { rawValue = CInt(result) }

    deinit { _ = Glibc.close(rawValue) }

    /// Closes now, so that an error of a delayed write is seen (`close(2)`). The descriptor is gone in any case.
    package consuming func close() throws(FileError) {
        let number = rawValue
        discard self
        guard Glibc.close(number) != 0 else { return }
        let error = errno
        // Linux has closed it although the call was interrupted.
        if error != EINTR { throw failure(-Int(error), "close", "") }
    }

    /// Gives the descriptor up without closing it: whoever takes the number closes it.
    consuming func release() -> CInt {
        let number = rawValue
        discard self
        return number
    }

    /// A second descriptor of the same open file: they share the file offset and `flock` locks.
    package borrowing func duplicate() throws(FileError) -> Descriptor {
        Descriptor(try check(attempt { Int(fcntl(rawValue, F_DUPFD_CLOEXEC, 0)) }, "fcntl(F_DUPFD_CLOEXEC)"))
    }
}

/// A descriptor that several owners share; closed when the last of them is gone.
package final class SharedDescriptor: Sendable {
    package let descriptor: Descriptor

    package init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}
