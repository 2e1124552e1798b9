internal import FileTree
internal import StorageModel

/// Files that are read as a whole: configurations.
enum SmallFile {
    /// - Returns: `nil` if there is no such file.
    static func read(_ path: String, limitBytes: UInt64) throws(StorageError) -> [UInt8]? {
        do throws(FileError) {
            let file = try Descriptor.openFile(atHostPath: path)
            let size = try file.status().sizeBytes
            guard size <= limitBytes else {
                throw FileError(operation: "read", path: path.printable(), errno: .fileTooLarge)
            }
            var bytes = [UInt8](repeating: 0, count: Int(size))
            let count = try bytes.withUnsafeMutableBufferPointer { (room) throws(FileError) in
                try file.read(into: UnsafeMutableRawBufferPointer(room), at: 0)
            }
            return Array(bytes.prefix(count))
        } catch  where error.errno == .noEntry || error.errno == .notDirectory {
            return nil
        } catch {
            throw StorageError(error, doing: "read '\(path.printable())'", object: path)
        }
    }
}
