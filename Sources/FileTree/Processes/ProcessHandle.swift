internal import CLinux
internal import Glibc
internal import StorageModel

/// One process, by descriptor: a number that is given to another process later does not lead to that one (`pidfd_open(2)`,
/// Linux 5.3).
package struct ProcessHandle: ~Copyable {
    private let descriptor: Descriptor

    private init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

    /// - Parameter startTicks: as ``ProcessStatus/startTicks``.
    /// - Throws: `ESRCH` if that process is gone.
    package static func open(_ process: Int32, startTicks: UInt64) throws(FileError) -> ProcessHandle {
        let opened = Descriptor(try check(attempt { Int(holdfast_pidfd_open(process)) }, "pidfd_open"))
        // Looked at after it was opened: from here on the number cannot have become another's unnoticed.
        let status = try ProcessTable().status(of: process)
        guard let status, status.startTicks == startTicks, !status.hasEnded else {
            throw FileError("pidfd_open", errno: Errno(rawValue: ESRCH))
        }
        return ProcessHandle(opened)
    }

    /// `SIGSTOP`, which no process can refuse. The process may run on for an instant.
    package borrowing func stop() throws(FileError) { try send(SIGSTOP) }

    /// `SIGCONT`.
    package borrowing func resume() throws(FileError) { try send(SIGCONT) }

    private borrowing func send(_ signal: CInt) throws(FileError) {
        let number = descriptor.rawValue
        try check(attempt { Int(holdfast_pidfd_send_signal(number, signal)) }, "pidfd_send_signal")
    }
}
