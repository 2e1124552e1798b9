internal import StorageModel

/// A line of figures as a word: `▁▂▄▆█`.
enum Sparkline {
    private static let blocks = Array("▁▂▃▄▅▆▇█")
    private static let columns = 16

    /// Each column is the last value in its part of the time; where there is none, the one before goes on. The lowest value is
    /// the lowest block, the highest the highest, unless nothing changes.
    static func text(of points: [(time: Timestamp, value: UInt64)]) -> String {
        guard let first = points.first, let last = points.last else { return "" }
        let span = Double(last.time.seconds - first.time.seconds)
        let width = span > 0 ? min(columns, points.count) : 1
        var values = [UInt64?](repeating: nil, count: width)
        for point in points {
            let part = span > 0 ? Double(point.time.seconds - first.time.seconds) / span : 0
            values[min(width - 1, Int(part * Double(width)))] = point.value
        }
        let low = points.map(\.value).min() ?? 0
        let high = points.map(\.value).max() ?? 0
        var current = first.value
        return String(
            values.map { value in
                current = value ?? current
                guard high > low else { return blocks[0] }
                return blocks[min(7, Int(Double(current - low) / Double(high - low) * 8))]
            })
    }
}
