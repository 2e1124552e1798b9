internal import FileTree
internal import StorageModel

/// One line of `/etc/passwd` (passwd(5)).
struct PasswordEntry: Hashable, Sendable {
    let name: String
    let uid: UInt32
    let gid: UInt32
    let home: String
}

/// One line of `/etc/group` (group(5)).
struct GroupEntry: Hashable, Sendable {
    let name: String
    let gid: UInt32
    let members: [String]
}

/// The two files that say who is who inside a root. Read as text: no library of name services, which would load code
/// that the root chooses, ever sees them.
struct AccountFiles: Sendable {
    let users: [PasswordEntry]
    let groups: [GroupEntry]

    /// The largest file that is read.
    static let sizeLimitBytes = 16 << 20

    /// - Throws: ``StorageError/Code/limitExceeded`` for a larger file. A missing file, and one that is no regular file, is
    ///   empty.
    init(root: borrowing Descriptor, of object: String) throws(StorageError) {
        users = Self.passwords(try Self.read("etc/passwd", root, object))
        groups = Self.groups(try Self.read("etc/group", root, object))
    }

    /// The texts of the two files, however they were found.
    init(passwords: [UInt8], groups: [UInt8]) {
        users = Self.passwords(passwords)
        self.groups = Self.groups(groups)
    }

    /// Lines that are not of the form, comments, and entries with an id that is no number are left out: the number 0 that
    /// others make of it is root.
    static func passwords(_ text: [UInt8]) -> [PasswordEntry] {
        fields(text).compactMap { fields in
            guard fields.count >= 4, let uid = id(fields[2]), let gid = id(fields[3]) else { return nil }
            return PasswordEntry(name: fields[0], uid: uid, gid: gid, home: fields.count > 5 ? fields[5] : "")
        }
    }

    static func groups(_ text: [UInt8]) -> [GroupEntry] {
        fields(text).compactMap { fields in
            guard fields.count >= 3, let gid = id(fields[2]) else { return nil }
            let members = fields.count > 3 ? fields[3].split(separator: ",").map(String.init) : []
            return GroupEntry(name: fields[0], gid: gid, members: members)
        }
    }

    /// Blanks around a line fall away, blanks within it do not, as with Docker.
    private static func fields(_ text: [UInt8]) -> [[String]] {
        text.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = trimmed(String(decoding: line, as: UTF8.self))
                .split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard let name = fields.first, !name.isEmpty, !name.hasPrefix("#") else { return nil }
            return fields
        }
    }

    private static func trimmed(_ line: String) -> Substring {
        var rest = line.drop { $0.isWhitespace }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return rest
    }

    private static func id(_ text: String) -> UInt32? { UInt32(text).flatMap { $0 == .max ? nil : $0 } }

    private static func read(
        _ path: String, _ root: borrowing Descriptor, _ object: String
    ) throws(StorageError) -> [UInt8] {
        let text: [UInt8]
        do throws(FileError) {
            let file = try root.openFile(inRoot: path.utf8, for: .reading)
            guard try file.status().kind == .file else { return [] }
            text = try file.readToEnd(limitBytes: sizeLimitBytes + 1)
        } catch  where error.errno == .noEntry || error.errno == .notDirectory || error.errno == .noDevice {
            return []
        } catch {
            throw StorageError(error, doing: "read '/\(path)' of \(object)", object: object)
        }
        guard text.count <= sizeLimitBytes else {
            throw StorageError(
                .limitExceeded, object: object,
                "'/\(path)' of \(object) is larger than \(ByteCount(UInt64(sizeLimitBytes)))",
                hint: "name the user by number")
        }
        return text
    }
}
