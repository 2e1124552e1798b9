internal import Catalog
internal import FileTree
internal import StorageModel

/// Undoes renames that ended between the directory and the row: whoever renamed was killed, or its commit failed.
final class InterruptedRename: Sendable {
    /// `volumes/`
    private let directory: SharedDescriptor?

    init(_ directory: borrowing Descriptor) {
        self.directory = if let copy = try? directory.duplicate() { SharedDescriptor(copy) } else { nil }
    }

    /// Gives a directory without a row its old name again, if that is where a row of the catalog expects it.
    ///
    /// Inside a transaction nobody is just renaming: what is half-way was left so.
    ///
    /// - Returns: whether it did. `false` means that the directory is garbage.
    func undo(at name: [UInt8], _ transaction: Transaction) throws(StorageError) -> Bool {
        guard let directory else {
            // Not to be able to look is no reason to throw something away.
            throw StorageError.system("look for interrupted renames", object: "", errno: .tooManyOpenFiles)
        }
        guard let note = try note(at: name, in: directory), note.newName.bytes == name,
            let row = try transaction.volume(named: note.oldName),
            row.createdAt == note.createdAt
        else { return false }
        return try attempt(note) { () throws(FileError) in
            do throws(FileError) {
                try directory.descriptor.rename(name, to: directory.descriptor, note.oldName.bytes, mode: .noReplace)
            } catch  where error.errno == .exists {
                // The volume has its directory; this is another one.
                return false
            }
            try directory.descriptor.sync()
            RenameNote.remove(from: try directory.descriptor.openDirectory(note.oldName.bytes))
            return true
        }
    }

    /// - Returns: `nil` for what is no directory, or has no note.
    private func note(at name: [UInt8], in directory: SharedDescriptor) throws(StorageError) -> RenameNote? {
        do throws(FileError) {
            return try RenameNote.read(in: try directory.descriptor.openDirectory(name))
        } catch  where error.errno == .noEntry || error.errno == .notDirectory {
            return nil
        } catch {
            let shown = String(decoding: name, as: UTF8.self).printable()
            throw StorageError(error, doing: "look into the store's directory 'volumes/\(shown)'", object: shown)
        }
    }

    private func attempt(_ note: RenameNote, _ body: () throws(FileError) -> Bool) throws(StorageError) -> Bool {
        do throws(FileError) {
            return try body()
        } catch {
            throw StorageError(
                error, doing: "undo the interrupted rename of volume '\(note.oldName)'", object: note.oldName.rawValue)
        }
    }
}
