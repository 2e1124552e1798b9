/// First in, first out, between threads, never longer than its capacity: a fast producer waits for a slow consumer.
///
/// Any number of threads may push and pop. Order is kept for each producer.
package final class BoundedQueue<Element: Sendable>: Sendable {
    private struct State: Sendable {
        var elements = Queue<Element>()
        var count = 0
        var isClosed = false
    }

    private let monitor = Monitor(State())
    private let capacity: Int

    package init(capacity: Int) {
        precondition(capacity > 0, "a queue needs room for an element")
        self.capacity = capacity
    }

    /// Appends, waiting while the queue is full.
    ///
    /// - Returns: `false` if the queue is closed; the element was not taken.
    @discardableResult
    package func push(_ element: Element) -> Bool {
        monitor.wait { [capacity] state in
            if state.isClosed { return false }
            guard state.count < capacity else { return nil }
            state.elements.push(element)
            state.count += 1
            return true
        }
    }

    /// Takes the oldest element, waiting while there is none.
    ///
    /// - Returns: `nil` once the queue is closed and empty.
    package func pop() -> Element? {
        monitor.wait { state in
            if let element = state.elements.pop() {
                state.count -= 1
                return .some(element)
            }
            return state.isClosed ? .some(nil) : nil
        }
    }

    /// Ends the queue: what is in it can still be taken, nothing more goes in, and nobody waits any longer.
    package func close() { monitor.update { $0.isClosed = true } }
}
