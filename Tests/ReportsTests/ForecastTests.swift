import Reports
import StorageModel
import TestSupport
import Testing

/// Goal: growth and forecasts are what the samples say, and nothing is said that they do not. Method: histories made up in code;
/// slopes compared with a program that shares nothing with ours.
@Suite("Forecasts") struct ForecastTests {
    static let day: Int64 = 86_400
    static let now = Timestamp(seconds: 1_772_366_400)

    static func sample(daysAgo: Double, bytes: UInt64, available: UInt64? = 1 << 40, partial: Bool = false)
        -> UsageSample
    {
        var totals = UsageTotals()
        totals.allocatedBytes = bytes
        return UsageSample(
            scannedAt: Timestamp(seconds: now.seconds - Int64(daysAgo * Double(day))), totals: totals,
            isPartial: partial,
            space: available.map { FileSystemRoom(totalBytes: 1 << 41, usedBytes: (1 << 41) - $0, availableBytes: $0) })
    }

    static func series(_ samples: [UsageSample], since: Timestamp? = nil) throws -> UsageSeries {
        UsageSeries(.volume(try VolumeName("pg")), recorded: samples, since: since, now: now)
    }

    /// Medians and Kendall ranks in Python, after Sen (1968) as statistics text books have it.
    private static let oracle = """
        import json, math, statistics, sys
        for line in sys.stdin:
            points = json.loads(line)
            slopes = sorted((b[1] - a[1]) / (b[0] - a[0]) for i, a in enumerate(points) for b in points[i + 1:] if a[0] != b[0])
            n = len(points)
            c = statistics.NormalDist().inv_cdf(0.975) * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
            low = max(0, math.floor((len(slopes) - c) / 2 + 0.5) - 1)
            high = min(len(slopes) - 1, math.floor((len(slopes) + c) / 2 + 0.5))
            print(repr(statistics.median(slopes)), repr(slopes[low]), repr(slopes[high]))
        """

    @Test("slopes and their intervals are those of an independent program")
    func slopes() throws {
        var generator = SeededGenerator(seed: 7)
        var cases: [[(x: Double, y: Double)]] = []
        for count in [2, 3, 4, 5, 8, 17, 60, 150] {
            for noise in [0.0, 1.0, 50.0] {
                cases.append(
                    (0..<count).map { index in
                        let wrong = Int.random(in: 0..<10, using: &generator) == 0 ? 1000.0 : 0
                        return (
                            Double(index) * 1.5,
                            Double(index) * 3 + noise * .random(in: -1...1, using: &generator) + wrong
                        )
                    })
            }
        }
        let input = cases.map { "[" + $0.map { "[\($0.x), \($0.y)]" }.joined(separator: ", ") + "]\n" }.joined()
        let lines = try Tool.run("python3", "-c", Self.oracle, input: .bytes(Array(input.utf8))).check().lines
        try #require(lines.count == cases.count)
        for (points, line) in zip(cases, lines) {
            let expected = line.split(separator: " ").compactMap { Double($0) }
            let ours = try #require(TheilSen(points))
            for (value, wanted) in zip([ours.slope, ours.interval.lowerBound, ours.interval.upperBound], expected) {
                #expect(abs(value - wanted) <= 1e-9 * max(1, abs(wanted)), "\(points.count) points: \(ours) \(line)")
            }
        }
    }

    @Test("many points are thinned evenly and keep their slope")
    func thinning() throws {
        let line = try #require(TheilSen((0..<20_000).map { (Double($0), Double($0) * 2) }))
        #expect(line.slope == 2 && line.interval == 2...2)
    }

    @Test("steady growth ends when the space does, with an interval around it")
    func steady() throws {
        let samples = (0..<20).map { index in
            Self.sample(
                daysAgo: Double(20 - index),
                bytes: (100 << 30) + UInt64(index) * (1 << 30) + UInt64(index % 3) * (64 << 20),
                available: 100 << 30)
        }
        let trend = try Self.series(samples).trend
        #expect(trend.doubt == nil)
        let (days, interval) = (try #require(trend.daysLeft), try #require(trend.daysLeftInterval))
        #expect((95...105).contains(days), "\(trend)")
        #expect(interval.contains(days) && interval.upperBound < 110)
    }

    @Test("a dump that lay there for a day, and a volume that was emptied once, change nothing")
    func outliers() throws {
        var samples = (0..<30).map { Self.sample(daysAgo: Double(30 - $0), bytes: UInt64(50 + $0) << 30) }
        samples[12] = Self.sample(daysAgo: 18, bytes: 900 << 30)
        samples[20] = Self.sample(daysAgo: 10, bytes: 0)
        let trend = try Self.series(samples).trend
        let growth = try #require(trend.growthBytesPerDay)
        #expect(abs(growth / Double(1 << 30) - 1) < 0.01)
        #expect(trend.doubt == nil)
    }

    @Test(
        "no forecast is made where there is none to be made, and why is said",
        arguments: [
            ([(3, 1), (2, 2), (1, 3)], .fewSamples),
            ([], .fewSamples), ([(1.0, 5)], .fewSamples),
            ([(4.0, 5), (3, 5), (2, 5), (1, 5)], .notGrowing),
            ([(5.0, 9), (4, 8), (3, 7), (2, 6), (1, 5)], .notGrowing),
            ([(6.0, 10), (5, 80), (4, 11), (3, 79), (2, 12), (1, 60)], .uncertain),
            ([(0.03, 1), (0.02, 2), (0.01, 3), (0, 4)], .shortSpan),
        ] as [([(Double, UInt64)], UsageTrend.Doubt)])
    func doubts(points: [(Double, UInt64)], expected: UsageTrend.Doubt) throws {
        let trend = try Self.series(points.map { Self.sample(daysAgo: $0.0, bytes: $0.1 << 30) }).trend
        #expect(trend.doubt == expected)
        #expect(trend.daysLeft == nil && trend.daysLeftInterval == nil)
        #expect((trend.growthInterval == nil) == (points.count < 4))
    }

    @Test("without the file system's size there is growth, and no end")
    func unknownSpace() throws {
        let samples = (0..<6).map { Self.sample(daysAgo: Double(6 - $0), bytes: UInt64($0) << 30, available: nil) }
        let trend = try Self.series(samples).trend
        #expect(trend.doubt == .unknownSpace && trend.growthBytesPerDay == Double(1 << 30))
    }

    @Test("partial scans do not count, and older samples than asked for do not either")
    func partial() throws {
        var samples = (0..<10).map { Self.sample(daysAgo: Double(10 - $0), bytes: UInt64(10 + $0) << 30) }
        samples[4] = Self.sample(daysAgo: 6, bytes: 1, partial: true)
        #expect(try Self.series(samples).trend.samples == 9)
        let since = Timestamp(seconds: Self.now.seconds - 3 * Self.day)
        let series = try Self.series(samples, since: since)
        #expect(series.samples.count == 3 && series.trend.doubt == .fewSamples)
    }

    @Test(
        "a clock that was wrong is noticed, and the fewest samples are flagged for it",
        arguments: [
            ([10.0, 9, 8, 50, 49, 7, 6], [3, 4], "set back, and right again"),
            ([10.0, -400, 9, 8], [1], "in the future once"),
            ([10.0, 9, -2, -3], [2, 3], "in the future since"),
            ([10.0, 9, 8, 7], [], "right"), ([5.0, 5, 5, 5], [], "standing still"),
            ([20.0, 19, 18, 3, 17, 16], [3], "ahead once, but not of now"),
        ])
    func wrongClock(daysAgo: [Double], flagged: [Int], name: String) throws {
        let recorded = daysAgo.enumerated().map { Self.sample(daysAgo: $0.element, bytes: UInt64($0.offset + 1) << 20) }
        let series = try Self.series(recorded)
        let expected = Set(flagged.map { recorded[$0].totals.allocatedBytes })
        #expect(Set(series.samples.filter(\.isOutOfOrder).map(\.totals.allocatedBytes)) == expected, "\(name)")
        #expect(series.samples.map(\.scannedAt) == series.samples.map(\.scannedAt).sorted())
        #expect(series.trend.samples == daysAgo.count - flagged.count)
    }

    @Test("the file system's own trend counts everything on it, and forgets its former size")
    func fileSystem() throws {
        let samples = (0..<10).map { index in
            var totals = UsageTotals()
            totals.allocatedBytes = 1 << 30
            let total: UInt64 = index < 3 ? 1 << 40 : 1 << 41
            let used = UInt64(100 + index) << 30
            return UsageSample(
                scannedAt: Timestamp(seconds: Self.now.seconds - Int64(10 - index) * Self.day), totals: totals,
                space: FileSystemRoom(totalBytes: total, usedBytes: used, availableBytes: total - used))
        }
        let series = try Self.series(samples)
        #expect(series.trend.doubt == .notGrowing)
        #expect(series.fileSystemTrend.samples == 7)
        #expect(series.fileSystemTrend.growthBytesPerDay == Double(1 << 30))
        #expect(series.fileSystemTrend.daysLeft != nil)
    }
}
