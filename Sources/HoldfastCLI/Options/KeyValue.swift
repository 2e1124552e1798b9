internal import StorageModel

/// Parses repeated `K=V` options; a bare `K` has the empty value, the last of two equal keys counts, as Docker has it.
func keyValues(_ texts: [String], option: String) throws(StorageError) -> [String: String] {
    var result: [String: String] = [:]
    for text in texts {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let key = parts.first, !key.isEmpty else {
            throw StorageError(
                .invalidInput, object: text, "\(option) '\(text.printable(limit: 200))' has no key",
                hint: "write \(option) KEY=VALUE")
        }
        result[String(key)] = parts.count > 1 ? String(parts[1]) : ""
    }
    return result
}

/// Parses permission bits in octal: `0750`, `2775`.
func permissionBits(_ text: String) throws(StorageError) -> UInt16 {
    guard let bits = UInt16(text, radix: 8), bits <= 0o7777, text.utf8.allSatisfy({ $0 >= 0x30 }) else {
        throw StorageError(
            .invalidInput, object: text, "mode '\(text.printable(limit: 40))' is not an octal number up to 7777",
            hint: "write it as in --mode 0750")
    }
    return bits
}
