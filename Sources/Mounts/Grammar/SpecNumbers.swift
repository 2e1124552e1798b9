internal import StorageModel

// The numbers that occur in several flags.
extension SpecText {
    /// A size as Docker writes it.
    func size(_ part: Substring, value: String) throws(StorageError) -> UInt64 {
        guard let size = ByteCount(parsing: value) else {
            throw fault(part, "\(part.quoted) is not a size", hint: "write a number and a unit, as in 64m or 1.5g")
        }
        return size.bytes
    }

    /// Permission bits in octal.
    func mode(_ part: Substring, value: String) throws(StorageError) -> UInt16 {
        guard let mode = UInt16(value, radix: 8), mode <= 0o7777, value.utf8.first != UInt8(ascii: "+") else {
            throw fault(
                part, "the mode \(part.quoted) is not an octal number up to 7777", hint: "write it as in 1777 or 0700")
        }
        return mode
    }

    /// The number of a user or a group.
    func identity(_ part: Substring, value: String) throws(StorageError) -> UInt32 {
        guard let number = UInt32(value), number != .max, value.utf8.first != UInt8(ascii: "+") else {
            throw fault(
                part, "\(part.quoted) is not the number of a user or group", hint: "use a number from 0 to 4294967294")
        }
        return number
    }
}
