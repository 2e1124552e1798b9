internal import FileTree
internal import StorageModel

/// The layers below one that is being unpacked, which may still be unpacked themselves.
///
/// Most layers never ask for them: they name every directory that they have something in.
package final class LowerLayers: Sendable {
    private enum State: Sendable {
        case pending
        case ready(LayerStack)
        case failed
    }

    private let monitor: Monitor<State>

    /// Layers that are there.
    package init(_ stack: LayerStack) { monitor = Monitor(.ready(stack)) }

    /// Layers that are yet to come: ``provide(_:)`` or ``fail()`` must follow.
    package init() { monitor = Monitor(.pending) }

    package func provide(_ stack: LayerStack) { monitor.update { $0 = .ready(stack) } }

    /// They will not come; whoever waits for them is told.
    package func fail() {
        monitor.update { state in
            if case .pending = state { state = .failed }
        }
    }

    /// Waits until the layers below are whole.
    ///
    /// - Throws: `ECANCELED` if they failed; their own failure is told by whoever unpacks them.
    func stack() throws(FileError) -> LayerStack {
        let stack: LayerStack?? = monitor.wait { state in
            switch state {
            case .pending: nil
            case .ready(let stack): .some(stack)
            case .failed: .some(nil)
            }
        }
        guard case .some(.some(let stack)) = stack else {
            throw FileError("wait for the layer below", errno: .cancelled)
        }
        return stack
    }
}
