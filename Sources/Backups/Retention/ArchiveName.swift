internal import StorageModel

/// The name that `backup create` gives a file: `20260301T120000Z.tar.zst`, `20260301T120000Z-1.tar.zst`, `….tar.zst.age`.
struct ArchiveName: Hashable, Comparable {
    let text: String
    /// When the backup began, to the second.
    let time: Timestamp
    /// Which one of those of the same second.
    let number: Int
    let isEncrypted: Bool

    private static let encryptedSuffix = ".age"

    /// - Returns: `nil` for any other name.
    init?(parsing text: String) {
        isEncrypted = text.hasSuffix(Self.encryptedSuffix)
        let plain = isEncrypted ? text.dropLast(Self.encryptedSuffix.count) : text[...]
        guard plain.hasSuffix(DestinationLayout.suffix) else { return nil }
        let parts = plain.dropLast(DestinationLayout.suffix.count).split(
            separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let stem = parts.first else { return nil }
        let digits = Array(stem)
        guard digits.count == 16, digits[8] == "T", digits[15] == "Z" else { return nil }
        let date = "\(String(digits[0..<4]))-\(String(digits[4..<6]))-\(String(digits[6..<8]))"
        let clock = "\(String(digits[9..<11])):\(String(digits[11..<13])):\(String(digits[13..<15]))"
        guard let time = Timestamp(parsing: "\(date)T\(clock)Z"), time.compact == stem else { return nil }
        if parts.count == 2 {
            guard let number = Int(parts[1]), (1..<1000).contains(number), String(number) == parts[1] else {
                return nil
            }
            self.number = number
        } else {
            number = 0
        }
        self.text = text
        self.time = time
    }

    static func < (left: ArchiveName, right: ArchiveName) -> Bool {
        (left.time, left.number, left.text) < (right.time, right.number, right.text)
    }
}
