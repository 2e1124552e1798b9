internal import Glibc

extension Descriptor {
    /// A descriptor of the process's standard input; closing it leaves the standard input itself open.
    package static func standardInput() throws(FileError) -> Descriptor {
        Descriptor(try check(attempt { Int(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)) }, "fcntl(F_DUPFD_CLOEXEC)"))
    }

    /// A descriptor of the process's standard output; closing it leaves the standard output itself open.
    package static func standardOutput() throws(FileError) -> Descriptor {
        Descriptor(try check(attempt { Int(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)) }, "fcntl(F_DUPFD_CLOEXEC)"))
    }

    /// A descriptor of an open file that somebody else owns and closes.
    package static func duplicating(_ number: CInt) throws(FileError) -> Descriptor {
        Descriptor(try check(attempt { Int(fcntl(number, F_DUPFD_CLOEXEC, 0)) }, "fcntl(F_DUPFD_CLOEXEC)"))
    }
}
