internal import CLinux
internal import Glibc

extension Descriptor {
    /// Where the first `sizeBytes` bytes of the file hold data, ascending and apart; the rest are holes and read as zeros.
    ///
    /// One range over everything where the file system cannot tell. Moves the file offset (`lseek(2)`, `SEEK_DATA`,
    /// `SEEK_HOLE`). Costs two calls per range.
    package borrowing func dataExtents(sizeBytes: UInt64) throws(FileError) -> [Range<UInt64>] {
        var result: [Range<UInt64>] = []
        var position: UInt64 = 0
        while position < sizeBytes {
            let data = attempt { Int(lseek(rawValue, off_t(clamping: position), HOLDFAST_SEEK_DATA)) }
            if data == -Int(ENXIO) { break }
            if data == -Int(EINVAL) || data == -Int(EOPNOTSUPP) { return [0..<sizeBytes] }
            let start = UInt64(try check(data, "lseek(SEEK_DATA)"))
            guard start < sizeBytes else { break }
            let hole = attempt { Int(lseek(rawValue, off_t(clamping: start), HOLDFAST_SEEK_HOLE)) }
            // Cut meanwhile: the reader notices.
            if hole == -Int(ENXIO) { break }
            let end = min(UInt64(try check(hole, "lseek(SEEK_HOLE)")), sizeBytes)
            guard end > start else { break }
            result.append(start..<end)
            position = end
        }
        return result
    }
}
