internal import StorageModel

extension TimeSpan {
    /// Parses the length of time that an option was given.
    ///
    /// - Parameters:
    ///   - option: as the user wrote it: `--max-age`.
    ///   - examples: how such a length is written.
    /// - Throws: ``StorageModel/StorageError/Code/invalidInput`` for anything else, and for less than `least` seconds.
    init(_ text: String, of option: String, as examples: String, least: Int64 = 0) throws(StorageError) {
        guard let span = TimeSpan(parsing: text), span.seconds >= least else {
            throw StorageError(
                .invalidInput, object: text, "\(option) '\(text.printable(limit: 40))' is not a length of time",
                hint: "write it as in \(examples)")
        }
        self = span
    }
}
