import FileTree
import Testing

/// Goal: nothing lost, nothing twice, nobody waits for ever. Method: more elements and threads than room.
@Suite("Threads") struct ThreadTests {
    @Test("A bounded queue hands every element to one consumer, in order for one producer")
    func passesElements() {
        let queue = BoundedQueue<Int>(capacity: 3)
        let sums = Monitor((sum: 0, count: 0, isOrdered: true))
        let consumers = WorkerPool(threads: 2)
        for _ in 0..<2 {
            consumers.submit {
                var last = -1
                while let element = queue.pop() {
                    let isOrdered = element > last
                    last = element
                    sums.update { state in
                        state.sum += element
                        state.count += 1
                        state.isOrdered = state.isOrdered && isOrdered
                    }
                }
            }
        }
        for element in 0..<10_000 { #expect(queue.push(element)) }
        queue.close()
        consumers.finish()
        let result = sums.update { $0 }
        #expect(result.sum == 49_995_000 && result.count == 10_000 && result.isOrdered)
        #expect(!queue.push(1))
        #expect(queue.pop() == nil)
    }

    @Test("A pool runs every job before it finishes, and can be finished twice")
    func runsJobs() {
        let count = Monitor(0)
        let pool = WorkerPool(threads: 4)
        for _ in 0..<1000 { pool.submit { count.update { $0 += 1 } } }
        pool.finish()
        pool.finish()
        #expect(count.update { $0 } == 1000)
    }
}
