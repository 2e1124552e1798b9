internal import Glibc
internal import StorageModel
internal import Synchronization

/// Draws a progress line on a terminal's standard error: bar, amount, rate, remaining time, time of the end.
///
/// Counting is two atomic additions; the line is drawn at most ten times a second, by whichever thread comes first.
final class TerminalProgress: ProgressSink {
    private let entries = Atomic<UInt64>(0)
    private let bytes = Atomic<UInt64>(0)
    private let nextDrawing = Atomic<UInt64>(0)
    private let line = Mutex(ProgressLine())

    private static let intervalNanoseconds: UInt64 = 100_000_000

    func begin(_ phase: String, totalEntries: UInt64?, totalBytes: UInt64?) {
        entries.store(0, ordering: .relaxed)
        bytes.store(0, ordering: .relaxed)
        let now = Self.nanoseconds()
        line.withLock { $0.begin(phase, totalEntries: totalEntries, totalBytes: totalBytes, now: now) }
        draw(now)
    }

    var wantsTotals: Bool { true }

    func expect(totalEntries: UInt64, totalBytes: UInt64) {
        line.withLock { $0.expect(totalEntries: totalEntries, totalBytes: totalBytes) }
    }

    func advance(entries newEntries: UInt64, bytes newBytes: UInt64) {
        entries.wrappingAdd(newEntries, ordering: .relaxed)
        bytes.wrappingAdd(newBytes, ordering: .relaxed)
        let now = Self.nanoseconds()
        let due = nextDrawing.load(ordering: .relaxed)
        guard now >= due else { return }
        let next = now + Self.intervalNanoseconds
        guard nextDrawing.compareExchange(expected: due, desired: next, ordering: .relaxed).exchanged else { return }
        draw(now)
    }

    func warn(_ message: String) {
        line.withLock { line in
            StandardError.write(line.clear() + "holdfast: warning: \(message.printable())\n")
        }
    }

    /// Clears the line. Call before anything else is printed.
    func finish() {
        line.withLock { line in
            let text = line.clear()
            line.end()
            if !text.isEmpty { StandardError.write(text) }
        }
    }

    private func draw(_ now: UInt64) {
        let entries = entries.load(ordering: .relaxed)
        let bytes = bytes.load(ordering: .relaxed)
        let columns = Terminal.columns(of: 2) ?? 80
        line.withLock { line in
            StandardError.write(line.drawing(entries: entries, bytes: bytes, now: now, columns: columns))
        }
    }

    /// A monotonic clock that is cheap to read (`CLOCK_MONOTONIC_COARSE`, some milliseconds fine).
    private static func nanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// Says nothing but warnings: for everything that is not a terminal.
struct QuietProgress: ProgressSink {
    func begin(_ phase: String, totalEntries: UInt64?, totalBytes: UInt64?) {}
    func advance(entries: UInt64, bytes: UInt64) {}
    func warn(_ message: String) { StandardError.write("holdfast: warning: \(message.printable())\n") }
}
