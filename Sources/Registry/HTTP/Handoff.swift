internal import FileTree

/// Hands values from one side to the other, in order, where one side is an ordinary thread and the other a task.
///
/// Bounded: whoever gives waits while ``capacity`` values lie there. A thread waits by blocking, a task by suspending, so that
/// no thread of Swift's concurrency is ever held. One giver and one taker.
final class Handoff<Element: Sendable>: Sendable {
    private struct State: Sendable {
        var elements = Queue<Element>()
        var count = 0
        var isClosed = false
        /// The task that waits for a value, or for room.
        var waitingTask: CheckedContinuation<Void, Never>?
    }

    private let monitor = Monitor(State())
    private let capacity: Int

    init(capacity: Int = 4) { self.capacity = capacity }

    /// Gives from a thread.
    ///
    /// - Returns: `false` if nobody takes any more.
    func push(_ element: Element) -> Bool {
        let (isTaken, waiting) = monitor.wait { [capacity] state -> (Bool, CheckedContinuation<Void, Never>?)? in
            if state.isClosed { return (false, nil) }
            guard state.count < capacity else { return nil }
            state.elements.push(element)
            state.count += 1
            return (true, Self.takeWaiting(&state))
        }
        waiting?.resume()
        return isTaken
    }

    /// Takes from a thread; `nil` when the giver has ended.
    func pop() -> Element? {
        let (element, waiting) = monitor.wait { state -> (Element?, CheckedContinuation<Void, Never>?)? in
            if let element = state.elements.pop() {
                state.count -= 1
                return (element, Self.takeWaiting(&state))
            }
            return state.isClosed ? (nil, nil) : nil
        }
        waiting?.resume()
        return element
    }

    /// Gives from a task.
    ///
    /// - Returns: `false` if nobody takes any more.
    func pushFromTask(_ element: Element) async -> Bool {
        while true {
            let isTaken: Bool? = monitor.update { [capacity] state in
                if state.isClosed { return false }
                guard state.count < capacity else { return nil }
                state.elements.push(element)
                state.count += 1
                return true
            }
            if let isTaken { return isTaken }
            await suspend { [capacity] state in !state.isClosed && state.count >= capacity }
        }
    }

    /// Takes from a task; `nil` when the giver has ended.
    func popFromTask() async -> Element? {
        while true {
            let found: Element?? = monitor.update { state in
                if let element = state.elements.pop() {
                    state.count -= 1
                    return .some(element)
                }
                return state.isClosed ? .some(nil) : nil
            }
            if let found { return found }
            await suspend { state in !state.isClosed && state.count == 0 }
        }
    }

    /// No more comes; what lies there can still be taken. Wakes both sides.
    func close() {
        monitor.update { state in
            state.isClosed = true
            return Self.takeWaiting(&state)
        }?.resume()
    }

    /// Nobody takes any more: what lies there is dropped. Wakes both sides.
    func abandon() {
        monitor.update { state in
            state.isClosed = true
            state.elements = Queue()
            state.count = 0
            return Self.takeWaiting(&state)
        }?.resume()
    }

    private func suspend(while mustWait: @Sendable (State) -> Bool) async {
        await withCheckedContinuation { continuation in
            let goesOn: Bool = monitor.update { state in
                guard mustWait(state) else { return true }
                state.waitingTask = continuation
                return false
            }
            if goesOn { continuation.resume() }
        }
    }

    private static func takeWaiting(_ state: inout State) -> CheckedContinuation<Void, Never>? {
        defer { state.waitingTask = nil }
        return state.waitingTask
    }
}
