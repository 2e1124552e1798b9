internal import Glibc
internal import StorageModel

/// The text of a progress line: no input or output of its own, times are given.
struct ProgressLine {
    private var phase = ""
    private var totalEntries: UInt64?
    private var totalBytes: UInt64?
    private var startedAt: UInt64 = 0
    private var lastAt: UInt64 = 0
    private var lastBytes: UInt64 = 0
    private var bytesPerSecond = 0.0
    private var isDrawn = false
    private var isActive = false

    /// How much there is to do, found out after the beginning.
    mutating func expect(totalEntries: UInt64, totalBytes: UInt64) {
        self.totalEntries = totalEntries
        self.totalBytes = totalBytes
    }

    mutating func begin(_ phase: String, totalEntries: UInt64?, totalBytes: UInt64?, now: UInt64) {
        self = ProgressLine()
        self.phase = phase
        self.totalEntries = totalEntries
        self.totalBytes = totalBytes
        startedAt = now
        lastAt = now
        isActive = true
    }

    mutating func end() { isActive = false }

    /// What removes the line from the terminal; empty if none is there.
    mutating func clear() -> String {
        defer { isDrawn = false }
        return isDrawn ? "\r\u{1b}[K" : ""
    }

    /// What draws the line over the last one.
    mutating func drawing(entries: UInt64, bytes: UInt64, now: UInt64, columns: Int) -> String {
        guard isActive else { return "" }
        measureRate(bytes, now)
        isDrawn = true
        return "\r" + text(entries: entries, bytes: bytes, now: now).fitted(toColumns: max(10, columns - 1))
            + "\u{1b}[K"
    }

    /// Smooths the rate over about five seconds, so that the remaining time does not jump.
    private mutating func measureRate(_ bytes: UInt64, _ now: UInt64) {
        let elapsed = Double(now &- lastAt) / 1e9
        guard elapsed > 0.05, now > lastAt, bytes >= lastBytes else { return }
        let current = Double(bytes - lastBytes) / elapsed
        let age = Double(now - startedAt) / 1e9
        let weight = min(1, elapsed / min(5, age))
        bytesPerSecond += (current - bytesPerSecond) * weight
        lastAt = now
        lastBytes = bytes
    }

    private func text(entries: UInt64, bytes: UInt64, now: UInt64) -> String {
        var parts = [phase.printable(limit: 40)]
        if let totalBytes, totalBytes > 0 {
            let fraction = min(1, Double(bytes) / Double(totalBytes))
            parts += [Self.bar(fraction), "\(Int(fraction * 100))%", "\(bytes.asBytes)/\(totalBytes.asBytes)"]
        } else if let totalEntries, totalEntries > 0 {
            let fraction = min(1, Double(entries) / Double(totalEntries))
            parts += [Self.bar(fraction), "\(entries.grouped)/\(totalEntries.grouped)"]
        } else {
            parts += ["\(entries.grouped) entries", bytes.asBytes]
        }
        parts.append("\(UInt64(max(0, bytesPerSecond)).asBytes)/s")
        if let totalBytes, totalBytes > bytes, bytesPerSecond >= 1 {
            let remaining = Double(totalBytes - bytes) / bytesPerSecond
            parts += ["\(durationText(seconds: remaining.rounded())) left", "ends \(Self.clockTime(in: remaining))"]
        }
        return parts.joined(separator: "  ")
    }

    private static func bar(_ fraction: Double) -> String {
        let width = 20
        let full = Int(fraction * Double(width))
        return "[" + String(repeating: "#", count: full) + String(repeating: "-", count: width - full) + "]"
    }

    /// The local time of day so many seconds from now.
    private static func clockTime(in seconds: Double) -> String {
        guard seconds < 1e8 else { return "?" }
        var moment = time(nil) + Int(seconds)
        var local = tm()
        localtime_r(&moment, &local)
        let twoDigits = { (number: CInt) in number < 10 ? "0\(number)" : "\(number)" }
        return "\(twoDigits(local.tm_hour)):\(twoDigits(local.tm_min)):\(twoDigits(local.tm_sec))"
    }
}
