internal import Glibc

/// The names of one directory in byte order, in one block of memory: 12 bytes and its length for each name.
struct SortedNames {
    private struct Span {
        let start: UInt32
        let count: UInt16
    }

    private var bytes: [UInt8] = []
    private var spans: [Span] = []

    /// Lists `directory`.
    init(of directory: borrowing Descriptor) throws(FileError) {
        var (bytes, spans): ([UInt8], [Span]) = ([], [])
        try directory.forEachRawEntry { entry in
            let name = entry.nameBytes
            spans.append(Span(start: UInt32(truncatingIfNeeded: bytes.count), count: UInt16(name.count)))
            bytes.append(contentsOf: name)
        }
        bytes.withUnsafeBytes { all in
            guard let start = all.baseAddress else { return }
            spans.sort { left, right in
                let common = Int(min(left.count, right.count))
                let order = memcmp(start + Int(left.start), start + Int(right.start), common)
                return order == 0 ? left.count < right.count : order < 0
            }
        }
        (self.bytes, self.spans) = (bytes, spans)
    }

    /// No names.
    init() {}

    var count: Int { spans.count }

    subscript(index: Int) -> ArraySlice<UInt8> {
        let start = Int(spans[index].start)
        return bytes[start..<(start + Int(spans[index].count))]
    }
}
