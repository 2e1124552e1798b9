/// A small deterministic random number generator (SplitMix64): the same seed gives the same tree everywhere.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    /// Whether something of the given probability happens.
    package mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

    /// Random bytes of which about half repeat, so that they compress about as real data does.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count + 16)
        while result.count < count {
            let word = next()
            withUnsafeBytes(of: word) { result.append(contentsOf: $0) }
            if word & 1 == 0 { result.append(contentsOf: "holdfast".utf8) }
        }
        result.removeLast(result.count - count)
        return result
    }
}
