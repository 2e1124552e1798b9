internal import FileTree
internal import StorageModel

/// A text file with keys, one on a line; empty lines and those that begin with `#` do not count.
///
/// Messages name the file and the line, never what is on it.
struct KeyFile {
    private let path: String
    /// "identity", "recipients" or "passphrase".
    private let role: String
    private let bytes: [UInt8]

    private static let limitBytes = 1 << 20

    init(_ path: String, role: String) throws(StorageError) {
        self.path = path
        self.role = role
        do throws(FileError) {
            bytes = try Descriptor.openFile(atHostPath: path).readToEnd(limitBytes: Self.limitBytes + 1)
        } catch {
            throw StorageError(
                error, doing: "read \(role) file '\(path.printable())'", object: path,
                hint: error.errno == .noEntry ? "check the path" : nil)
        }
        guard bytes.count <= Self.limitBytes else {
            throw StorageError(
                .limitExceeded, object: path,
                "\(role) file '\(path.printable())' is larger than \(ByteCount(UInt64(Self.limitBytes)))",
                hint: "it does not seem to be a file with keys")
        }
    }

    /// The keys in the file, at least one.
    func keys<Key>(_ parse: (String) throws(KeyFault) -> Key) throws(StorageError) -> [Key] {
        if AgeFile.Form.detect(bytes) != nil {
            throw StorageError(
                .invalidInput, object: path, "\(role) file '\(path.printable())' is itself encrypted",
                hint: "decrypt it with age -d first, and name the result")
        }
        var keys: [Key] = []
        for (index, line) in lines.enumerated() where !line.isEmpty && line.first != UInt8(ascii: "#") {
            do throws(KeyFault) {
                keys.append(try parse(String(decoding: line, as: UTF8.self)))
            } catch {
                throw StorageError(
                    .invalidInput, object: path,
                    "line \(index + 1) of \(role) file '\(path.printable())' \(error.reason)", hint: error.hint)
            }
        }
        guard !keys.isEmpty else { throw empty("holds no key") }
        return keys
    }

    /// The first line.
    func passphrase() throws(StorageError) -> Passphrase {
        guard let line = lines.first, !line.isEmpty else { throw empty("has no passphrase on its first line") }
        return Passphrase(Array(line))
    }

    private var lines: [ArraySlice<UInt8>] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        }
    }

    private func empty(_ what: String) -> StorageError {
        StorageError(.invalidInput, object: path, "\(role) file '\(path.printable())' \(what)")
    }
}
