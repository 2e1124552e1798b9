internal import FileTree
internal import StorageModel

extension AgeHeader {
    /// Reads a header, and the payload's nonce behind it.
    ///
    /// - Returns: what was read beyond them, too.
    /// - Throws: ``StorageError/Code/damaged`` for what is not of the format, and what the input throws.
    static func read(
        from input: any ByteStream, name: String
    ) throws(StorageError) -> (header: AgeHeader, nonce: [UInt8], rest: [UInt8]) {
        var head: [UInt8] = []
        var isWhole = false
        while true {
            do throws(AgeFault) {
                if let header = try parse(head, isWhole: isWhole) {
                    let end = header.lengthBytes + PayloadCipher.nonceBytes
                    if head.count >= end {
                        return (header, Array(head[header.lengthBytes..<end]), Array(head[end...]))
                    }
                    if isWhole { throw .format("ends behind its age header") }
                }
            } catch {
                throw error.failure(of: name)
            }
            if let part = try input.next() { head += part } else { isWhole = true }
        }
    }
}
