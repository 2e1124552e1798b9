import Testing

@testable import HoldfastCLI

/// Goal: the progress line tells amount, rate and remaining time, and never wraps. Method: drawn at given times.
@Suite("Progress line") struct ProgressLineTests {
    private static let second: UInt64 = 1_000_000_000

    @Test("half the bytes after two seconds: half the bar, the rate, two seconds left")
    func tellsRateAndRemainder() {
        var line = ProgressLine()
        line.begin("backing up", totalEntries: nil, totalBytes: 400 << 20, now: 0)
        let text = line.drawing(entries: 7, bytes: 200 << 20, now: 2 * Self.second, columns: 200)
        #expect(text.contains("[##########----------]  50%  200MiB/400MiB  100MiB/s  2.0s left  ends "))
        #expect(text.hasPrefix("\r"))
        #expect(text.hasSuffix("\u{1b}[K"))
    }

    @Test("without totals it counts")
    func countsWithoutTotals() {
        var line = ProgressLine()
        line.begin("reading", totalEntries: nil, totalBytes: nil, now: 0)
        #expect(
            line.drawing(entries: 12_345, bytes: 2048, now: Self.second, columns: 80).contains("12,345 entries  2.0KiB")
        )
    }

    @Test("it never wraps", arguments: [20, 40, 80])
    func fits(columns: Int) {
        var line = ProgressLine()
        line.begin("a phase with a long name", totalEntries: 10, totalBytes: 1 << 40, now: 0)
        let text = line.drawing(entries: 3, bytes: 1 << 33, now: Self.second, columns: columns)
        #expect(text.dropFirst().dropLast(3).description.displayWidth < columns)
    }

    @Test("clearing leaves nothing, once")
    func clears() {
        var line = ProgressLine()
        #expect(line.clear().isEmpty)
        line.begin("x", totalEntries: nil, totalBytes: nil, now: 0)
        _ = line.drawing(entries: 0, bytes: 0, now: 1, columns: 80)
        #expect(line.clear() == "\r\u{1b}[K")
        #expect(line.clear().isEmpty)
        line.end()
        #expect(line.drawing(entries: 0, bytes: 0, now: 2, columns: 80).isEmpty)
    }

    @Test("more bytes than expected stay at a full bar")
    func overrun() {
        var line = ProgressLine()
        line.begin("x", totalEntries: nil, totalBytes: 10, now: 0)
        #expect(
            line.drawing(entries: 0, bytes: 99, now: Self.second, columns: 120).contains("[####################]  100%")
        )
    }
}
