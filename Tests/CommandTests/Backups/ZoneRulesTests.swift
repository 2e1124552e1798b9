import Foundation
import StorageModel
import TestSupport
import Testing

/// Goal: clocks are read as in the place. Method: files of the time zone database against date(1), over two centuries.
@Suite("Time zones", .enabled(if: FileManager.default.fileExists(atPath: "/usr/share/zoneinfo/UTC"), "no tzdata"))
struct ZoneRulesTests {
    private static let zones = [
        "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca",
        "America/Santiago", "Europe/Dublin", "Pacific/Apia", "Etc/GMT+5",
    ]

    private static func rules(_ zone: String) throws -> ZoneRules {
        let file = try Data(contentsOf: URL(fileURLWithPath: "/usr/share/zoneinfo/\(zone)"))
        return try #require(ZoneRules(parsing: Array(file)))
    }

    @Test("offsets are those of date(1)", arguments: zones)
    func offsets(_ zone: String) throws {
        let rules = try Self.rules(zone)
        // Every 19 hours and some from 1950 to 2100 would be many: a prime step meets all seasons and times of day.
        let times = stride(from: Int64(-631_152_000), to: 4_102_444_800, by: 1_299_709).map { $0 }
        let lines = times.map { "@\($0)\n" }.joined()
        let printed = try Tool.run(
            "date", "-f", "-", "+%::z", environment: ["TZ": zone], input: .bytes(Array(lines.utf8))
        ).check().lines
        #expect(printed.count == times.count)
        for (time, text) in zip(times, printed) {
            let parts = text.dropFirst().split(separator: ":").compactMap { Int64($0) }
            let offset = (parts[0] * 3600 + parts[1] * 60 + parts[2]) * (text.hasPrefix("-") ? -1 : 1)
            guard rules.offsetSeconds(at: time) != offset else { continue }
            Issue.record("\(zone) at \(time): \(rules.offsetSeconds(at: time)), date says \(text)")
            return
        }
    }

    @Test("clock times lead back to the time, in gaps to a later one", arguments: zones)
    func clocks(_ zone: String) throws {
        let rules = try Self.rules(zone)
        for time in stride(from: Int64(0), to: 4_102_444_800, by: 1_299_709) {
            let clock = time + rules.offsetSeconds(at: time)
            let found = rules.seconds(atClock: clock)
            #expect(found + rules.offsetSeconds(at: found) == clock && found <= time)
        }
        let berlin = try Self.rules("Europe/Berlin")
        // 2026-03-29 02:30 does not exist; 2026-10-25 02:30 is there twice.
        #expect(berlin.seconds(atClock: 1_774_751_400) == 1_774_747_800)
        #expect(berlin.seconds(atClock: 1_792_895_400) == 1_792_888_200)
    }

    @Test(
        "what is no zone file is refused",
        arguments: [[], Array("TZif2".utf8), Array(repeating: UInt8(0x54), count: 200)])
    func garbage(_ bytes: [UInt8]) {
        #expect(ZoneRules(parsing: bytes) == nil)
    }

    @Test("every prefix of a zone file is refused or read, never more")
    func prefixes() throws {
        let file = Array(try Data(contentsOf: URL(fileURLWithPath: "/usr/share/zoneinfo/Europe/Berlin")))
        for count in stride(from: 0, to: file.count - 60, by: 7) {
            #expect(ZoneRules(parsing: Array(file.prefix(count))) == nil)
        }
    }
}
