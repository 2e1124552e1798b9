extension Descriptor {
    /// Whether two files of the same size hold the same bytes.
    package borrowing func hasSameContent(as other: borrowing Descriptor) throws(FileError) -> Bool {
        let buffers = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 << 18, alignment: 4096)
        defer { buffers.deallocate() }
        let left = UnsafeMutableRawBufferPointer(rebasing: buffers[..<(1 << 18)])
        let right = UnsafeMutableRawBufferPointer(rebasing: buffers[(1 << 18)...])
        var position: UInt64 = 0
        while true {
            let count = try read(into: left, at: position)
            guard try other.read(into: right, at: position) == count else { return false }
            if count == 0 { return true }
            guard left[..<count].elementsEqual(right[..<count]) else { return false }
            position += UInt64(count)
        }
    }
}
