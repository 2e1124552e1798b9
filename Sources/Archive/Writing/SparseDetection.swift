internal import FileTree

/// Where the data of an open file lies; `nil` if it has no holes worth a map.
func sparseMap(of descriptor: borrowing Descriptor, _ status: FileStatus) throws(FileError) -> SparseMap? {
    guard status.allocatedBytes < status.sizeBytes else { return nil }
    let extents = try descriptor.dataExtents(sizeBytes: status.sizeBytes)
    if extents.count == 1 && extents[0] == 0..<status.sizeBytes { return nil }
    return SparseMap(extents: joined(extents))
}

/// At most this many extents of a file are told apart; the smallest holes of a file with more are stored as zeros.
private let sparseExtentLimit = 1 << 16

private func joined(_ extents: [Range<UInt64>]) -> [Range<UInt64>] {
    guard extents.count > sparseExtentLimit else { return extents }
    let gaps = zip(extents, extents.dropFirst()).map { $1.lowerBound - $0.upperBound }.sorted(by: >)
    let smallestKept = gaps[sparseExtentLimit - 2]
    var result: [Range<UInt64>] = []
    for extent in extents {
        if let last = result.last, extent.lowerBound - last.upperBound <= smallestKept {
            result[result.count - 1] = last.lowerBound..<extent.upperBound
        } else {
            result.append(extent)
        }
    }
    return result
}
