package import StorageModel

/// A source's history as a line, drawn without scripts.
package enum HistoryChart {
    private static let (width, height) = (560.0, 190.0)
    private static let plot = PictureRect(x: 8, y: 12, width: 478, height: 146)
    /// A page does not need more points than a screen has columns.
    private static let limitPoints = 400

    /// - Returns: an empty text for fewer than two samples.
    package static func render(_ series: UsageSeries) -> String {
        let samples = thinned(series.samples.filter { !$0.isOutOfOrder })
        guard let first = samples.first, let last = samples.last, first.scannedAt < last.scannedAt else { return "" }
        let values = samples.map { Double($0.totals.allocatedBytes) }
        let scale = Scale(
            from: first.scannedAt, to: last.scannedAt, low: values.min() ?? 0, high: values.max() ?? 0, plot: plot)
        let points = zip(samples, values).map { (scale.x($0.scannedAt), scale.y($1)) }
        let line = points.map { "\($0.0.short),\($0.1.short)" }.joined(separator: " ")
        let floor = (plot.y + plot.height).short
        let area = "\(points[0].0.short),\(floor) \(line) \(points[points.count - 1].0.short),\(floor)"
        let name = MarkupText.escaped(MarkupText.name(series.source.description.utf8))
        return """
            <svg class="chart" viewBox="0 0 \(Int(width)) \(Int(height))" role="img" aria-label="\(name): \
            \(ByteCount(first.totals.allocatedBytes)) on \(day(first)), \(ByteCount(last.totals.allocatedBytes)) on \(day(last))">
            \(grid(scale))<polygon class="area" points="\(area)"/><polyline class="line" points="\(line)"/>
            \(dots(samples, points))<text x="\(plot.x.short)" y="178">\(day(first))</text>\
            <text x="\((plot.x + plot.width).short)" y="178" text-anchor="end">\(day(last))</text>
            </svg>
            """
    }

    private static func day(_ sample: UsageSample) -> String { String(sample.scannedAt.description.prefix(10)) }

    private static func thinned(_ samples: [UsageSample]) -> [UsageSample] {
        guard samples.count > limitPoints else { return samples }
        return (0..<limitPoints).map { samples[$0 * (samples.count - 1) / (limitPoints - 1)] }
    }

    private static func grid(_ scale: Scale) -> String {
        scale.ticks.map { value in
            let y = scale.y(value)
            return
                "<line class=\"grid\" x1=\"\(plot.x.short)\" y1=\"\(y.short)\" x2=\"\((plot.x + plot.width).short)\" "
                + "y2=\"\(y.short)\"/><text x=\"\((plot.x + plot.width + 8).short)\" y=\"\((y + 4).short)\">"
                + "\(ByteCount(UInt64(max(0, value))))</text>\n"
        }.joined()
    }

    /// Dots with tooltips where they do not run into each other.
    private static func dots(_ samples: [UsageSample], _ points: [(Double, Double)]) -> String {
        let isDense = samples.count > 80
        return zip(samples, points).map { sample, point in
            "<circle class=\"\(sample.isLowerBound ? "dot bound" : "dot")\" cx=\"\(point.0.short)\" "
                + "cy=\"\(point.1.short)\" r=\"\(isDense ? "1.5" : "3")\"><title>\(sample.scannedAt): "
                + "\(sample.isLowerBound ? "≥ " : "")\(ByteCount(sample.totals.allocatedBytes)), "
                + "\(sample.totals.files) files</title></circle>"
        }.joined() + "\n"
    }

    /// Where times and sizes are.
    private struct Scale {
        private let start: Double
        private let seconds: Double
        private let low: Double
        private let high: Double
        private let plot: PictureRect

        init(from: Timestamp, to: Timestamp, low: Double, high: Double, plot: PictureRect) {
            start = Double(from.seconds)
            seconds = max(1, Double(to.seconds) - Double(from.seconds))
            // A history that hardly changes must not look like a mountain: at least a fiftieth of the size is shown.
            let spread = max(high - low, high / 50, 4096)
            self.low = max(0, low - spread * 0.15)
            self.high = high + spread * 0.1
            self.plot = plot
        }

        func x(_ time: Timestamp) -> Double {
            plot.x + (Double(time.seconds) - start) / seconds * plot.width
        }

        func y(_ value: Double) -> Double { plot.y + (high - value) / (high - low) * plot.height }

        /// Round numbers in binary units: 1, 2 or 5 of them, or ten times that.
        var ticks: [Double] {
            let rough = (high - low) / 4
            var unit = 1.0
            while unit * 1024 <= rough { unit *= 1024 }
            let steps: [Double] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1024]
            let step = (steps.first { $0 * unit >= rough } ?? 1024) * unit
            var values: [Double] = []
            var value = (low / step).rounded(.up) * step
            while value <= high, values.count < 8 {
                values.append(value)
                value += step
            }
            return values
        }
    }

    /// A line as small as a word, for tables.
    package static func spark(_ series: UsageSeries) -> String {
        let samples = thinned(series.samples.filter { !$0.isOutOfOrder })
        guard let first = samples.first, let last = samples.last, first.scannedAt < last.scannedAt else { return "" }
        let values = samples.map { Double($0.totals.allocatedBytes) }
        let scale = Scale(
            from: first.scannedAt, to: last.scannedAt, low: values.min() ?? 0, high: values.max() ?? 0,
            plot: PictureRect(x: 1, y: 2, width: 98, height: 20))
        let line = zip(samples, values).map { "\(scale.x($0.scannedAt).short),\(scale.y($1).short)" }
        return "<svg class=\"spark\" viewBox=\"0 0 100 24\" aria-hidden=\"true\"><polyline class=\"line\" points=\""
            + line.joined(separator: " ") + "\"/></svg>"
    }
}
