/// What somebody probably meant who wrote a word that does not exist.
public enum NearestWord {
    /// The word of the list that takes the fewest changes of a letter, if they are few.
    public static func of(_ text: some StringProtocol, in words: [String]) -> String? {
        let wanted = Array(text.lowercased().utf8.prefix(40))
        // One letter of three may be wrong: any more, and every short word is near to every other.
        let limit = max(1, wanted.count / 3)
        let distances = words.map { (word: $0, distance: distance(wanted, Array($0.lowercased().utf8))) }
        guard let best = distances.min(by: { $0.distance < $1.distance }), best.distance <= limit else { return nil }
        return best.word
    }

    /// A hint that proposes the word, if there is one.
    public static func hint(for text: some StringProtocol, in words: [String], otherwise: String) -> String {
        of(text, in: words).map { "did you mean '\($0)'?" } ?? otherwise
    }

    /// How many letters must be put in, taken out, changed or exchanged with their neighbour (Damerau, Levenshtein).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1] + [Int](repeating: 0, count: right.count)
            for column in right.indices {
                let isSame = left[row] == right[column]
                var cost = min(last[column] + (isSame ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current[column + 1] = cost
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
