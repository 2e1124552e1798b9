/// The names of a directory's subdirectories that are to be scanned, as long as any of them, or what is below, is.
///
/// One record after the other: the entry's index in the tree, or its ordinal in the directory, in four bytes; the name; NUL.
final class Subdirectories: Sendable {
    /// The directory itself: whose subdirectory it is and where its record there begins; none for the root.
    let place: (parent: Subdirectories, offset: Int)?
    let records: [UInt8]

    init(of place: (parent: Subdirectories, offset: Int)?, _ records: [UInt8]) {
        self.place = place
        self.records = records
    }

    static let indexBytes = 4

    /// The name of the record at `offset`, without its NUL.
    func name(at offset: Int) -> ArraySlice<UInt8> {
        let start = offset + Self.indexBytes
        return records[start..<(records[start...].firstIndex(of: 0) ?? records.endIndex)]
    }

    /// The index of the record at `offset`.
    func index(at offset: Int) -> Int {
        Int(records.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) })
    }

    /// The components of the path of the record at `offset`, from the root.
    func path(at offset: Int) -> [ArraySlice<UInt8>] {
        var components = [name(at: offset)]
        var place = self.place
        while let (parent, offset) = place {
            components.append(parent.name(at: offset))
            place = parent.place
        }
        return components.reversed()
    }
}

/// Work that one thread has, or gives to another.
enum UsageWork: Sendable {
    case root
    /// Subdirectories to scan: records from `next` to `end`. Their parent is open, unless too many others are.
    case subdirectories(Subdirectories, parent: SharedDescriptor?, next: Int, end: Int)
    /// Some names of a large directory, as the kernel listed them.
    case names([UInt8], directory: SharedDescriptor, place: (parent: Subdirectories, offset: Int)?)

    /// Takes the half with the later records off; `nil` if there is only one record.
    mutating func split() -> UsageWork? {
        guard case .subdirectories(let list, let parent, let next, let end) = self else { return nil }
        let cut = list.recordStart(notBefore: next + (end - next) / 2, from: next, end: end)
        guard cut < end, cut > next else { return nil }
        self = .subdirectories(list, parent: parent, next: next, end: cut)
        return .subdirectories(list, parent: parent, next: cut, end: end)
    }
}

extension Subdirectories {
    /// Where the record behind the one at `offset` begins.
    func next(after offset: Int) -> Int {
        let start = offset + Self.indexBytes
        return (records[start...].firstIndex(of: 0) ?? records.endIndex - 1) + 1
    }

    /// Where the first record at or behind `position` begins, by stepping from one at `from`.
    fileprivate func recordStart(notBefore position: Int, from: Int, end: Int) -> Int {
        var offset = from
        while offset < position && offset < end { offset = next(after: offset) }
        return offset
    }
}
