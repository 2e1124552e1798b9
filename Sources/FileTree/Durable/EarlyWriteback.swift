/// Brings a tree to disk while it is still being written, so that the sync at the end finds little left to do.
///
/// A hint only: what must be durable is synced by whoever publishes it, on a descriptor of its own, and sees every error
/// there. Not a changing call, so it does not pass the fault seam.
package final class EarlyWriteback: Sendable {
    private struct State: Sendable {
        var pendingBytes: UInt64 = 0
        var isFinished = false
    }

    private static let stretchBytes: UInt64 = 96 << 20

    private let monitor = Monitor(State())
    private let pool = WorkerPool(threads: 1)

    /// - Parameter directory: any directory of the file system; opened anew, so that errors stay unread on the original.
    package init(_ directory: borrowing Descriptor) throws(FileError) {
        let own = SharedDescriptor(try directory.reopenDirectory())
        pool.submit { [monitor] in
            while Self.waitForWork(monitor) { own.descriptor.writeOutFileSystem() }
        }
    }

    /// So many more bytes were written.
    package func note(_ bytes: UInt64) { monitor.update { $0.pendingBytes += bytes } }

    /// Ends the thread. Call in every case.
    package func finish() {
        monitor.update { $0.isFinished = true }
        pool.finish()
    }

    private static func waitForWork(_ monitor: Monitor<State>) -> Bool {
        monitor.wait { state in
            if state.isFinished { return false }
            guard state.pendingBytes >= stretchBytes else { return nil }
            state.pendingBytes = 0
            return true
        }
    }
}
