internal import Archive
internal import FileTree
internal import StorageModel

/// What the threads that unpack the layers of one image tell each other: which are whole, and whether one failed.
final class AssemblyProgress: Sendable {
    private struct State: Sendable {
        var outcomes: [Int: LayerUnpacker.Outcome] = [:]
        var isWhole: [Bool]
        /// So many of the lowest layers are whole.
        var wholeBelow = 0
        var failure: StorageError?
    }

    private let monitor: Monitor<State>
    private let trees: [SharedDescriptor]
    private let below: [SharedDescriptor]
    private let form: OverlayForm
    private let waiting: [LowerLayers]

    /// - Parameters:
    ///   - trees: the roots of all layers' trees, the lowest first; those of missing layers are empty yet.
    ///   - below: the layers that they all lie on, the uppermost first.
    init(trees: [SharedDescriptor], below: [SharedDescriptor], form: OverlayForm) {
        self.below = below
        self.trees = trees
        self.form = form
        waiting = trees.map { _ in LowerLayers() }
        monitor = Monitor(State(isWhole: trees.map { _ in false }))
    }

    /// Tells which layers need not be unpacked. Call before any thread begins.
    func noteWhole(_ indices: [Int]) {
        monitor.update { state in for index in indices { state.isWhole[index] = true } }
        advance()
    }

    func lowers(of index: Int) -> LowerLayers { waiting[index] }

    func finish(_ index: Int, _ outcome: LayerUnpacker.Outcome) {
        monitor.update { state in
            state.outcomes[index] = outcome
            state.isWhole[index] = true
        }
        advance()
    }

    func fail(_ error: StorageError) {
        // Of a layer that gave up because another failed, the other's failure is the one to tell.
        monitor.update { state in
            if state.failure == nil || state.failure?.errno == .cancelled { state.failure = error }
        }
        for layers in waiting { layers.fail() }
    }

    /// - Throws: the failure, once there is one.
    func check() throws(StorageError) {
        if let failure = monitor.update({ $0.failure }) { throw failure }
    }

    func outcomes() throws(StorageError) -> [Int: LayerUnpacker.Outcome] {
        try check()
        return monitor.update { $0.outcomes }
    }

    /// Gives every layer whose lower ones are all whole the stack of them.
    private func advance() {
        let ready = monitor.update { state in
            let start = state.wholeBelow
            while state.wholeBelow < state.isWhole.count && state.isWhole[state.wholeBelow] { state.wholeBelow += 1 }
            return start...state.wholeBelow
        }
        for index in ready where index < waiting.count {
            waiting[index].provide(LayerStack(trees[..<index].reversed() + below, form: form))
        }
    }
}

/// A feed that ends with the failure of another layer's unpacking.
struct StoppableFeed: ByteFeed {
    private var feed: any FinishableFeed
    private let progress: AssemblyProgress

    init(_ feed: any FinishableFeed, _ progress: AssemblyProgress) {
        self.feed = feed
        self.progress = progress
    }

    mutating func nextChunk() throws(StorageError) -> [UInt8]? {
        try progress.check()
        return try feed.nextChunk()
    }
}
