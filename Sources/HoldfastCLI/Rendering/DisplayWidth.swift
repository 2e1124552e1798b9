extension Character {
    /// How many columns a terminal gives the character: 2 for East Asian wide ones and emoji, else 1.
    ///
    /// After Unicode's East Asian Width, coarse to whole blocks. Combining marks are part of their character.
    var displayWidth: Int {
        guard let scalar = unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0..<0x300: return 1
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xa960...0xa97f, 0xac00...0xd7a3, 0xf900...0xfaff,
            0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1faff, 0x20000...0x3fffd:
            return 2
        default: return scalar.properties.generalCategory == .nonspacingMark ? 0 : 1
        }
    }
}

extension String {
    /// How many columns a terminal gives the text.
    var displayWidth: Int {
        // The usual case, without looking at characters.
        if utf8.allSatisfy({ $0 < 0x80 }) { return utf8.count }
        return reduce(0) { $0 + $1.displayWidth }
    }

    /// The text cut to so many columns, the last of them an ellipsis if something is missing.
    func fitted(toColumns limit: Int) -> String {
        guard displayWidth > limit else { return self }
        var result = ""
        var width = 0
        for character in self {
            guard width + character.displayWidth <= limit - 1 else { break }
            width += character.displayWidth
            result.append(character)
        }
        return limit > 0 ? result + "…" : ""
    }
}
