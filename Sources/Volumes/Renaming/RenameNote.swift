internal import FileTree
internal import StorageModel

/// What a volume's directory says of a rename that is under way: `volumes/<name>/.renaming`.
///
/// The directory is renamed before the catalog's transaction commits. Whoever finds a directory without a row, and this in it,
/// knows that it is not garbage. A note that was left behind after the rename misleads nobody: it names the volume by its
/// old name and the time at which it was made, and there is no such row any more.
struct RenameNote: Equatable {
    let oldName: VolumeName
    let newName: VolumeName
    let createdAt: Timestamp

    private static let fileName = Array(".renaming".utf8)
    private static let limitBytes = 4096

    /// Writes the note into the volume's directory; on disk when this returns.
    func write(in directory: borrowing Descriptor) throws(FileError) {
        Self.remove(from: directory)
        let file = try directory.createFile(Self.fileName, mode: 0o600)
        try file.writeAll(Array(text.utf8), at: nil)
        try file.sync()
        try directory.sync()
    }

    /// A note that stays is harmless.
    static func remove(from directory: borrowing Descriptor) { try? directory.remove(fileName) }

    /// - Returns: `nil` if there is none, or not a whole one: then the rename had not begun.
    static func read(in directory: borrowing Descriptor) throws(FileError) -> RenameNote? {
        do throws(FileError) {
            let file = try directory.openFile(fileName, for: .reading)
            return RenameNote(parsing: try file.readToEnd(limitBytes: limitBytes))
        } catch  where error.errno == .noEntry || error.errno == .fileTooLarge {
            return nil
        }
    }

    private var text: String { "\(oldName)\n\(newName)\n\(createdAt.seconds) \(createdAt.nanoseconds)\n" }

    private init?(parsing bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 4, lines[3].isEmpty, let old = try? VolumeName(String(lines[0])),
            let new = try? VolumeName(String(lines[1]))
        else { return nil }
        let numbers = lines[2].split(separator: " ")
        guard numbers.count == 2, let seconds = Int64(numbers[0]), let nanoseconds = UInt32(numbers[1]) else {
            return nil
        }
        self.init(
            oldName: old, newName: new, createdAt: Timestamp(seconds: seconds, nanoseconds: nanoseconds))
    }

    init(oldName: VolumeName, newName: VolumeName, createdAt: Timestamp) {
        self.oldName = oldName
        self.newName = newName
        self.createdAt = createdAt
    }
}
