internal import StorageModel

extension EntryPath {
    /// The path as JSON has it: `path`, with what is not UTF-8 replaced, and then the bytes in `pathHex` too, in hexadecimal.
    var jsonMembers: [String: JSONValue] {
        var members: [String: JSONValue] = ["path": .string(description)]
        if !isRoot && !description.utf8.elementsEqual(bytes) {
            members["pathHex"] = .string(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
        }
        return members
    }
}
