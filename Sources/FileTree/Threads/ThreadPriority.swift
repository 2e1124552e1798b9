internal import CLinux
internal import Glibc
internal import StorageModel

/// How much the calling thread, and every thread and process that it starts from then on, gets of the machine.
package enum ThreadPriority {
    /// Uses the disk only when nobody else wants it (`ioprio_set(2)`, `IOPRIO_CLASS_IDLE`). Needs no privilege; only some
    /// schedulers of the kernel heed it (bfq does, none and kyber do not).
    package static func setIdleIO() throws(FileError) {
        try check(attempt { Int(holdfast_set_idle_io()) }, "ioprio_set")
    }

    /// Adds to the niceness of the thread (`setpriority(2)`, which on Linux means the thread).
    package static func lower(by niceness: Int) throws(FileError) {
        try check(attempt { Int(holdfast_lower_priority(CInt(niceness))) }, "setpriority")
    }
}

/// Sleeps; shorter if a signal comes.
func rest(microseconds: Int64) { usleep(useconds_t(microseconds)) }
