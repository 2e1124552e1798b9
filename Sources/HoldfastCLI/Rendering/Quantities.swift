internal import StorageModel

extension UInt64 {
    /// With commas between the thousands: `12,345`.
    var grouped: String {
        var result = ""
        let digits = String(self)
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index) % 3 == 0 { result += "," }
            result.append(digit)
        }
        return result
    }

    /// In binary units: `1.5GiB`.
    var asBytes: String { ByteCount(self).description }
}

/// A length of time for people: `0.3s`, `12s`, `3:04`, `1:02:03`.
func durationText(seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "?" }
    if seconds < 10 { return "\((max(0, seconds) * 10).rounded() / 10)s" }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole)s" }
    let twoDigits = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
    if whole < 3600 { return "\(whole / 60):\(twoDigits(whole % 60))" }
    return "\(whole / 3600):\(twoDigits(whole / 60 % 60)):\(twoDigits(whole % 60))"
}
