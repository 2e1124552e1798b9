import Catalog
import FileTree
import StorageModel
import TestSupport
import Testing

/// Goal: the history of scans keeps what it must and no more, for as long as its volume lives. Method: real files, and years of
/// samples made up in code.
@Suite("The history of usage in the catalog") struct UsageHistoryTests {
    private static let now = Timestamp(seconds: 1_772_366_400)
    private static let day: Int64 = 86_400

    private static func sample(_ seconds: Int64, bytes: UInt64 = 4096) -> UsageSample {
        var totals = UsageTotals()
        (totals.allocatedBytes, totals.apparentBytes, totals.files, totals.directories) = (bytes, bytes / 2, 3, 1)
        return UsageSample(
            scannedAt: Timestamp(seconds: seconds, nanoseconds: 7), totals: totals,
            space: FileSystemRoom(totalBytes: 100, usedBytes: 60, availableBytes: 30))
    }

    private func record(
        _ catalog: Catalog, _ source: SourceReference, _ sample: UsageSample, directories: [UInt8]? = nil,
        now: Timestamp = UsageHistoryTests.now
    ) throws -> Bool {
        try catalog.transaction { transaction throws(StorageError) in
            try transaction.record(sample, of: source, directories: directories, now: now)
        }
    }

    private func samples(_ catalog: Catalog, _ source: SourceReference) throws -> [UsageSample] {
        try catalog.read { transaction throws(StorageError) in try transaction.usageSamples(of: source) }
    }

    @Test("a sample comes back as it went in, in the order of recording, with its directories")
    func roundTrip() throws {
        let catalog = try CatalogFixture().open()
        let source = SourceReference.directory("/srv/a b'\n\u{1b}")
        var totals = UsageTotals()
        totals.allocatedBytes = .max
        totals.errors = 4
        let odd = UsageSample(scannedAt: Timestamp(seconds: Self.now.seconds - 9), totals: totals, isPartial: true)
        #expect(try record(catalog, source, Self.sample(Self.now.seconds), directories: [1, 0, 255]))
        #expect(try record(catalog, source, odd))
        let found = try samples(catalog, source)
        #expect(found[0] == Self.sample(Self.now.seconds))
        #expect(found[1].totals.allocatedBytes == UInt64(Int64.max), "beyond what SQLite holds")
        #expect(found[1].isPartial && found[1].space == nil && found[1].totals.errors == 4)
        let kept = try catalog.read { transaction throws(StorageError) in
            try transaction.usageDirectories(of: source, at: Self.now.earlier(by: TimeSpan(seconds: 1000)))
        }
        #expect(kept?.encoded == [1, 0, 255], "the first after the time, as there is none before")
        #expect(try catalog.read { transaction throws(StorageError) in try transaction.usageSources() } == [source])
    }

    @Test("a volume's history follows its name, goes with it, and is not inherited")
    func follows() throws {
        let catalog = try CatalogFixture().open()
        let (one, two) = (try VolumeName("one"), try VolumeName("two"))
        #expect(try !record(catalog, .volume(one), Self.sample(1)), "there is no such volume")
        try catalog.transaction { transaction throws(StorageError) in try transaction.insert(.sample("one")) }
        #expect(try record(catalog, .volume(one), Self.sample(1)))
        try catalog.transaction { transaction throws(StorageError) in _ = try transaction.rename(one, to: two) }
        #expect(try samples(catalog, .volume(one)).isEmpty)
        #expect(try samples(catalog, .volume(two)).count == 1)
        try catalog.transaction { transaction throws(StorageError) in _ = try transaction.remove(two) }
        try catalog.transaction { transaction throws(StorageError) in try transaction.insert(.sample("two")) }
        #expect(try samples(catalog, .volume(two)).isEmpty)
    }

    @Test("five years of hourly scans become a few hundred samples, the newest all there, a day and a week one each")
    func thinning() {
        let hours = Int64(5 * 365 * 24)
        let items = (0..<hours).map { index in
            UsageThinning.Item(id: index, seconds: Self.now.seconds - (hours - 1 - index) * 3600, hasDirectories: true)
        }
        let thinning = UsageThinning(items, now: Self.now)
        let gone = Set(thinning.samples)
        let kept = items.filter { !gone.contains($0.id) }
        #expect(kept.filter { Self.now.seconds - $0.seconds <= 35 * Self.day }.count == 35 * 24 + 1)
        #expect((1300...1450).contains(kept.count), "\(kept.count)")
        let days = kept.filter { (36 * Self.day..<399 * Self.day).contains(Self.now.seconds - $0.seconds) }
        #expect(Set(days.map { $0.seconds / Self.day }).count == days.count, "one for each day")
        #expect(days.allSatisfy { ($0.seconds + 3600) % Self.day == 0 }, "the last of the day")
        let lists = kept.count - thinning.directories.count
        #expect((120...220).contains(lists), "\(lists)")
        #expect(Set(thinning.directories).isDisjoint(with: gone))
    }

    @Test("thinning as time goes by leaves about what thinning at once leaves, and never the newest out")
    func gradual() {
        var items: [UsageThinning.Item] = []
        var id: Int64 = 0
        for quarter in 0..<Int64(500 * 4) {
            id += 1
            let time = Self.now.seconds + quarter * 6 * 3600
            items.append(UsageThinning.Item(id: id, seconds: time))
            let gone = Set(UsageThinning(items, now: Timestamp(seconds: time)).samples)
            if !gone.isEmpty { items.removeAll { gone.contains($0.id) } }
            if items.last?.id != id { Issue.record("the newest went") }
        }
        let expected: ClosedRange<Int> = 513...530
        #expect(expected.contains(items.count), "all of 35 days, each day of a year, the weeks before: \(items.count)")
    }

    @Test("scans every minute are kept for their bound, then for each hour")
    func dense() {
        let minutes = Int64(40 * 24 * 60)
        let items = (0..<minutes).map { UsageThinning.Item(id: $0, seconds: Self.now.seconds - (minutes - $0) * 60) }
        let kept = items.count - UsageThinning(items, now: Self.now).samples.count
        #expect(kept < UsageThinning.fullLimit)
    }

    @Test("one scan with a wrong clock costs detail, never the history")
    func wrongClock() {
        let items = (0..<1000).map { UsageThinning.Item(id: $0, seconds: Self.now.seconds - $0 * Self.day) }
        let future = Timestamp(seconds: Self.now.seconds + 40_000 * Self.day)
        let kept = items.count - UsageThinning(items, now: future).samples.count
        #expect((140...146).contains(kept), "a week each: \(kept)")
        _ = UsageThinning(
            [UsageThinning.Item(id: 1, seconds: .min), UsageThinning.Item(id: 2, seconds: .max)], now: Self.now)
    }

    @Test("what is forgotten is gone from the file's rows, directories too")
    func forgotten() throws {
        let catalog = try CatalogFixture().open()
        let source = SourceReference.directory("/srv")
        let start = Self.now.seconds - 60 * Self.day
        for hour in 0..<6 { _ = try record(catalog, source, Self.sample(start + Int64(hour) * 60), directories: [9]) }
        let found = try samples(catalog, source)
        #expect(found.map(\.scannedAt.seconds) == [start + 300])
    }

    @Test("sources outside of the store are bounded in number; volumes are not among them")
    func bounded() throws {
        let catalog = try CatalogFixture().open()
        try catalog.transaction { transaction throws(StorageError) in
            try transaction.insert(.sample("kept"))
            try transaction.record(Self.sample(1), of: .volume(VolumeName("kept")), directories: nil)
            for number in 0..<(Transaction.limitForeignSources + 5) {
                try transaction.record(Self.sample(1), of: .directory("/srv/\(number)"), directories: nil)
            }
        }
        let sources = try catalog.read { transaction throws(StorageError) in try transaction.usageSources() }
        #expect(sources.count == Transaction.limitForeignSources + 1)
        #expect(!sources.contains(.directory("/srv/4")) && sources.contains(.directory("/srv/5")))
        #expect(sources.contains(.volume(try VolumeName("kept"))))
    }

    @Test("a store of the version before gets its tables by opening it")
    func migration() throws {
        let fixture = try CatalogFixture()
        let catalog = try fixture.open()
        try catalog.transaction { transaction throws(StorageError) in try transaction.insert(.sample("kept")) }
        try catalog.close()
        try Tool.run(
            "sqlite3", fixture.file,
            """
            DROP TRIGGER usage_follows_name; DROP TRIGGER usage_goes_with_volume; DROP TABLE usage_directories;
            DROP TABLE usage_samples; DROP TABLE usage_sources;
            DELETE FROM grdb_migrations WHERE identifier = 'usage history'; PRAGMA user_version = 4;
            """
        ).check()
        let migrated = try fixture.open()
        #expect(try migrated.volumes().map(\.name.rawValue) == ["kept"])
        #expect(try record(migrated, .volume(try VolumeName("kept")), Self.sample(1)))
        let golden = try CatalogFixture().open().schemaDump()
        #expect(try migrated.schemaDump() == golden)
    }
}
