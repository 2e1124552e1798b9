/// A line through points that a few wrong ones do not bend: the median of the slopes between all pairs of points (Theil 1950,
/// Sen 1968), with the distribution-free interval of Sen.
///
/// A third of the points may be anything without changing the slope much: a dump that lay there for a day, a volume that was
/// emptied once. The interval comes from the variance of Kendall's S; it supposes that the points err independently of each
/// other.
package struct TheilSen: Hashable, Sendable {
    package let slope: Double
    /// The slopes between which the true one lies with 95 %.
    package let interval: ClosedRange<Double>

    /// With more points, as many evenly spread ones are taken: the cost grows with the square.
    package static let limitPoints = 600

    /// The 97.5 % quantile of the normal distribution.
    private static let quantile = 1.959963984540054

    /// - Returns: `nil` without two points of different `x`.
    package init?(_ points: [(x: Double, y: Double)]) {
        let points = Self.thinned(points)
        var slopes: [Double] = []
        slopes.reserveCapacity(points.count * (points.count - 1) / 2)
        for (index, left) in points.enumerated() {
            for right in points[(index + 1)...] where left.x != right.x {
                slopes.append((right.y - left.y) / (right.x - left.x))
            }
        }
        guard !slopes.isEmpty else { return nil }
        slopes.sort()
        let middle = slopes.count / 2
        slope = slopes.count % 2 == 1 ? slopes[middle] : (slopes[middle - 1] + slopes[middle]) / 2
        let count = Double(points.count)
        let spread = Self.quantile * (count * (count - 1) * (2 * count + 5) / 18).squareRoot()
        let lower = ((Double(slopes.count) - spread) / 2).rounded() - 1
        let upper = ((Double(slopes.count) + spread) / 2).rounded()
        interval = slopes[Int(max(0, lower))]...slopes[Int(min(Double(slopes.count - 1), upper))]
    }

    private static func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        guard points.count > limitPoints else { return points }
        // The first and the last are always among them.
        return (0..<limitPoints).map { points[$0 * (points.count - 1) / (limitPoints - 1)] }
    }
}
