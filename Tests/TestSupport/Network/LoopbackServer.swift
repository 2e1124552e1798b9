internal import Foundation
internal import Glibc
internal import Synchronization

/// Accepts connections on a free port of 127.0.0.1 and serves each on a thread of its own, until the value goes.
final class LoopbackServer: Sendable {
    let port: Int
    private let core: Core

    /// Shared with the threads, which may outlive the server by a moment.
    private final class Core: Sendable {
        struct State {
            var isStopped = false
            var open: Set<CInt> = []
        }

        let listener: CInt
        let state = Mutex(State())
        let accepted = Atomic<Int>(0)

        init(_ listener: CInt) { self.listener = listener }

        deinit { close(listener) }

        func run(_ serve: @escaping @Sendable (CInt, Int) -> Void) {
            while true {
                let socket = accept(listener, nil, nil)
                if socket < 0 && errno == EINTR { continue }
                guard socket >= 0 else { return }
                let isStopped = state.withLock { state in
                    if !state.isStopped { state.open.insert(socket) }
                    return state.isStopped
                }
                guard !isStopped else {
                    close(socket)
                    return
                }
                let ordinal = accepted.add(1, ordering: .relaxed).oldValue
                Thread.detachNewThread { serve(socket, ordinal) }
            }
        }
    }

    /// - Parameter serve: gets the socket and the connection's number, from 0. The socket is closed when it returns.
    init(_ serve: @escaping @Sendable (_ socket: CInt, _ ordinal: Int) -> Void) throws {
        let (listener, port) = try LoopbackSocket.listen()
        self.port = port
        let core = Core(listener)
        self.core = core
        Thread.detachNewThread {
            core.run { socket, ordinal in
                serve(socket, ordinal)
                core.state.withLock { state in
                    state.open.remove(socket)
                    close(socket)
                }
            }
        }
    }

    deinit {
        core.state.withLock { state in
            state.isStopped = true
            for socket in state.open { shutdown(socket, Int32(SHUT_RDWR)) }
        }
        shutdown(core.listener, Int32(SHUT_RDWR))
    }

    var connections: Int { core.accepted.load(ordering: .relaxed) }
}
