package import StorageModel

/// Finds the samples whose times cannot be right.
package enum SampleOrder {
    /// A clock may be so far behind another host's.
    private static let toleranceSeconds: Int64 = 60

    /// The samples by time, those flagged whose times are later than now, and the fewest others that must be wrong for the rest
    /// to be in the order in which they were recorded. O(n log n).
    ///
    /// - Parameter recorded: in the order in which they were recorded.
    package static func flagged(_ recorded: [UsageSample], now: Timestamp) -> [UsageSample] {
        var samples = recorded
        let possible = samples.indices.filter { samples[$0].scannedAt.seconds <= now.seconds + toleranceSeconds }
        let right = Set(longestRun(possible.map { samples[$0].scannedAt }).map { possible[$0] })
        for index in samples.indices { samples[index].isOutOfOrder = !right.contains(index) }
        let order = samples.indices.sorted { (samples[$0].scannedAt, $0) < (samples[$1].scannedAt, $1) }
        return order.map { samples[$0] }
    }

    /// The positions of the longest part of the sequence that never goes back (patience sorting).
    private static func longestRun(_ times: [Timestamp]) -> [Int] {
        var ends: [Int] = []
        var previous = [Int?](repeating: nil, count: times.count)
        for (index, time) in times.enumerated() {
            // The first end that is later than this time: runs of that length get an earlier end.
            var (low, high) = (0, ends.count)
            while low < high {
                let middle = (low + high) / 2
                if times[ends[middle]] <= time { low = middle + 1 } else { high = middle }
            }
            previous[index] = low > 0 ? ends[low - 1] : nil
            if low < ends.count { ends[low] = index } else { ends.append(index) }
        }
        var run: [Int] = []
        var current = ends.last
        while let index = current {
            run.append(index)
            current = previous[index]
        }
        return run.reversed()
    }
}
