package import StorageModel

extension UsageTrend {
    /// The trend of one figure of a history.
    ///
    /// Samples of a clock that was wrong, and those that are only lower bounds, do not count.
    ///
    /// - Parameters:
    ///   - value: the figure, in bytes; `nil` where a sample has none.
    ///   - availableBytes: how much more there may be of it; `nil` if that is not known.
    package init(of samples: [UsageSample], availableBytes: UInt64?, value: (UsageSample) -> UInt64?) {
        let points = samples.filter { !$0.isOutOfOrder && !$0.isLowerBound }.compactMap { sample in
            value(sample).map { (time: sample.scannedAt, bytes: Double($0)) }
        }
        let first = points.first?.time.seconds ?? 0
        let line = TheilSen(
            points.map { point in
                (Double(point.time.seconds - first) / 86_400 + Double(point.time.nanoseconds) / 86_400e9, point.bytes)
            })
        let hasInterval = points.count >= Self.leastSamples
        let doubt = Self.doubt(
            points.count, spanSeconds: (points.last?.time.seconds ?? 0) - first, line, availableBytes)
        let available = Double(availableBytes ?? 0)
        var days: Double?
        var interval: ClosedRange<Double>?
        if let line, doubt == nil {
            days = available / line.slope
            interval = (available / line.interval.upperBound)...(available / line.interval.lowerBound)
        }
        self.init(
            samples: points.count, growthBytesPerDay: line?.slope, growthInterval: hasInterval ? line?.interval : nil,
            daysLeft: days, daysLeftInterval: interval, doubt: doubt)
    }

    private static func doubt(
        _ count: Int, spanSeconds: Int64, _ line: TheilSen?, _ availableBytes: UInt64?
    ) -> Doubt? {
        guard let line, count >= leastSamples else { return .fewSamples }
        if spanSeconds < leastSpanSeconds { return .shortSpan }
        if line.interval.upperBound <= 0 || line.interval == 0...0 { return .notGrowing }
        if line.interval.lowerBound <= 0 || line.slope <= 0 { return .uncertain }
        return availableBytes == nil ? .unknownSpace : nil
    }
}

extension UsageSeries {
    /// - Parameters:
    ///   - recorded: samples in the order in which they were recorded.
    ///   - since: older ones are left out.
    package init(
        _ source: SourceReference, recorded: [UsageSample], since: Timestamp? = nil, now: Timestamp
    ) {
        let ordered = SampleOrder.flagged(recorded, now: now).filter { sample in
            since.map { sample.scannedAt >= $0 } ?? true
        }
        let space = ordered.last { !$0.isOutOfOrder && $0.space != nil }?.space
        self.init(
            source: source, samples: ordered,
            trend: UsageTrend(of: ordered, availableBytes: space?.availableBytes) { $0.totals.allocatedBytes },
            // A file system that was made larger, or another one, would look like growth: only its present size counts.
            fileSystemTrend: UsageTrend(of: ordered, availableBytes: space?.availableBytes) { sample in
                sample.space.flatMap { $0.totalBytes == space?.totalBytes ? $0.usedBytes : nil }
            })
    }
}
