package import StorageModel

extension OrderedWalk {
    /// Entries that are handed from one thread to the other at once.
    private static let batchEntries = 512
    /// So many batches lie between the two threads at most.
    private static let batchLimit = 8

    /// What the walking thread found.
    private enum Step: Sendable {
        case entry(WalkedEntry)
        case failure(EntryPath, FileError)
    }

    private struct Stopped: Error {}

    /// As ``forEach(_:onError:)``, with a thread of its own that lists and examines while `body` works.
    ///
    /// An entry was examined up to some 5,000 entries before `body` gets it; what opens it must look at it again. Both closures
    /// are called on the calling thread, in the order of the walk.
    /// - Parameter onError: is told of the root too, if the walk cannot begin.
    package static func forEachAhead<Failure>(
        _ root: SharedDescriptor, options: Options = Options(),
        _ body: (WalkedEntry) throws(Failure) -> Void, onError: (EntryPath, FileError) -> Void
    ) throws(Failure) {
        let queue = BoundedQueue<[Step]>(capacity: batchLimit)
        let pool = WorkerPool(threads: 1)
        pool.submit {
            feed(queue, root, options)
            queue.close()
        }
        defer {
            queue.close()
            pool.finish()
        }
        while let batch = queue.pop() {
            for step in batch {
                switch step {
                case .entry(let entry): try body(entry)
                case .failure(let path, let error): onError(path, error)
                }
            }
        }
    }

    private static func feed(_ queue: BoundedQueue<[Step]>, _ root: SharedDescriptor, _ options: Options) {
        let batch = Batch(queue)
        do throws(FileError) {
            let walk = try OrderedWalk(root: root.descriptor, options: options)
            do throws(Stopped) {
                try walk.forEach { (entry) throws(Stopped) in
                    guard batch.add(.entry(entry)) else { throw Stopped() }
                } onError: { path, error in
                    _ = batch.add(.failure(path, error))
                }
            } catch {
                return
            }
        } catch {
            _ = batch.add(.failure(.root, error))
        }
        batch.flush()
    }

    /// Gathers steps for the queue. Used by the walking thread.
    private final class Batch {
        private let queue: BoundedQueue<[Step]>
        private var steps: [Step] = []

        init(_ queue: BoundedQueue<[Step]>) { self.queue = queue }

        /// - Returns: `false` if nobody takes steps any more.
        func add(_ step: Step) -> Bool {
            steps.append(step)
            return steps.count < batchEntries || flush()
        }

        @discardableResult
        func flush() -> Bool {
            defer { steps = [] }
            return steps.isEmpty || queue.push(steps)
        }
    }
}
