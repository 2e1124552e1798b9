/// What an encrypted file looks like from outside.
package enum AgeFile {
    /// Binary, or as text between two lines.
    package enum Form: Sendable {
        case binary
        case armored

        /// Tells the form from the file's first bytes; `nil` if it is not an age file.
        package static func detect(_ head: [UInt8]) -> Form? {
            if head.starts(with: versionPrefix) { return .binary }
            let text = head.drop { Armor.isBlank($0) }
            return text.starts(with: Armor.begin) ? .armored : nil
        }

        /// Every version's first line begins like this, so that a newer one is told as such.
        private static let versionPrefix = Array("age-encryption.org/".utf8)
    }

    /// How many of a file's first bytes tell its form.
    package static let headBytes = 128
}
