/// When a job runs, as crontab(5) writes it: minute, hour, day of the month, month, day of the week.
public struct CronExpression: Hashable, Sendable, CustomStringConvertible {
    /// One of the five fields: the numbers that it means, and whether it begins with `*`.
    struct Field: Hashable, Sendable {
        var values: Set<Int>
        var isStar: Bool
        let range: ClosedRange<Int>

        var isEverything: Bool { range.allSatisfy(values.contains) }
        var sorted: [Int] { values.sorted() }
    }

    public let text: String
    let minutes, hours, days, months: Field
    /// 0 for Sunday to 6.
    let weekdays: Field

    private static let shorthands = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]
    private static let monthNames = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]
    private static let weekdayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    /// Whether a text is meant to be such an expression: five fields, or a word with `@`.
    public static func isMeant(by text: String) -> Bool {
        text.hasPrefix("@") || text.split(whereSeparator: \.isWhitespace).count == 5
    }

    /// - Throws: ``StorageError/Code/invalidInput`` saying which field is wrong, and for a day that never comes.
    public init(parsing text: String) throws(StorageError) {
        if text.hasPrefix("@"), Self.shorthands[text.lowercased()] == nil {
            let words = Self.shorthands.keys.sorted()
            throw Self.fault(
                text, "'\(text.printable(limit: 40))' is not one of \(words.joined(separator: ", "))",
                hint: NearestWord.hint(for: text, in: words, otherwise: "a schedule is not tied to a boot"))
        }
        let parts = (Self.shorthands[text.lowercased()] ?? text).split(whereSeparator: \.isWhitespace)
        guard parts.count == 5 else {
            throw Self.fault(
                text, "a cron expression has 5 fields, not \(parts.count)",
                hint: "minute, hour, day of the month, month, day of the week, as in 30 3 * * *")
        }
        self.text = parts.joined(separator: " ")
        minutes = try Self.field(parts[0], "minute", 0...59)
        hours = try Self.field(parts[1], "hour", 0...23)
        days = try Self.field(parts[2], "day of the month", 1...31)
        months = try Self.field(parts[3], "month", 1...12, Self.monthNames, firstName: 1)
        var weekdays = try Self.field(parts[4], "day of the week", 0...7, Self.weekdayNames, firstName: 0)
        if weekdays.values.remove(7) != nil { weekdays.values.insert(0) }
        self.weekdays = Field(values: weekdays.values, isStar: weekdays.isStar, range: 0...6)
        let longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        if needsBoth, !months.values.contains(where: { month in days.values.contains { $0 <= longest[month - 1] } }) {
            throw Self.fault(text, "the day of the month '\(parts[2])' never comes in the month '\(parts[3])'")
        }
    }

    public var description: String { text }

    /// Whether a day must fit both of its fields: cron(8) takes one that fits either only if neither field begins with `*`.
    var needsBoth: Bool { days.isStar || weekdays.isStar }

    // MARK: Fields

    private static func field(
        _ text: Substring, _ name: String, _ range: ClosedRange<Int>, _ names: [String] = [], firstName: Int = 0
    ) throws(StorageError) -> Field {
        var values: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            let bounds = try Self.bounds(pieces[0], in: text, name, range, names, firstName)
            var step = 1
            if pieces.count == 2 {
                guard let number = Self.number(pieces[1]), (1...range.upperBound).contains(number),
                    bounds.count > 1 || pieces[0] == "*"
                else {
                    throw fault(
                        String(text),
                        "the \(name) '\(String(text).printable(limit: 60))' has a step that makes no sense",
                        hint: "a step stands behind * or a range, as in */15 or 8-18/2")
                }
                step = number
            }
            values.formUnion(stride(from: bounds.lowerBound, through: bounds.upperBound, by: step))
        }
        return Field(values: values, isStar: text.hasPrefix("*"), range: range)
    }

    private static func bounds(
        _ text: Substring, in field: Substring, _ name: String, _ range: ClosedRange<Int>, _ names: [String],
        _ firstName: Int
    ) throws(StorageError) -> ClosedRange<Int> {
        if text == "*" { return name == "day of the week" ? 0...6 : range }
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { end in
            names.firstIndex(of: end.lowercased()).map { $0 + firstName } ?? number(end)
        }
        guard let first = ends.first ?? nil, let last = ends.last ?? nil, range.contains(first), range.contains(last),
            first <= last
        else {
            let words = names.isEmpty ? "" : " or \(names.first ?? "") to \(names.last ?? "")"
            throw fault(
                String(field), "the \(name) '\(String(field).printable(limit: 60))' is not right",
                hint:
                    "write \(range.lowerBound) to \(range.upperBound)\(words), ranges from low to high, lists with commas, or *"
            )
        }
        return first...last
    }

    private static func number(_ text: Substring) -> Int? {
        guard (1...2).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }

    private static func fault(_ text: String, _ message: String, hint: String? = nil) -> StorageError {
        StorageError(.invalidInput, object: text, message, hint: hint)
    }
}
