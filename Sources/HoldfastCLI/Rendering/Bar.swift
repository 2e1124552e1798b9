/// A horizontal bar of eighths of a character.
enum Bar {
    private static let eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]

    /// - Parameter fraction: how much of `columns` is filled; less than nothing and more than everything are cut.
    static func text(_ fraction: Double, columns: Int) -> String {
        guard fraction.isFinite else { return "" }
        let units = Int((min(1, max(0, fraction)) * Double(columns * 8)).rounded())
        return String(repeating: "█", count: units / 8) + eighths[units % 8]
    }
}
