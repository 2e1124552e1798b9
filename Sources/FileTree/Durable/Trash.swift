internal import StorageModel

/// `trash/`: where trees go in an instant, to be deleted afterwards by whoever has the time.
package enum Trash {
    /// Moves the entry `name` of `directory` into `trash` and syncs the directory that lost it.
    ///
    /// - Returns: the name that it has there now.
    package static func move(
        _ name: [UInt8], of directory: borrowing Descriptor, to trash: borrowing Descriptor
    ) throws(FileError) -> [UInt8] {
        let newName = RandomName.make()
        try directory.rename(name, to: trash, newName, mode: .noReplace)
        return newName
    }

    /// Deletes everything in `trash`. Two processes may do so at once.
    package static func empty(_ trash: borrowing Descriptor) throws(FileError) {
        try TreeRemoval.removeContent(of: trash)
    }
}

/// Puts a finished tree where others will find it.
package enum Publication {
    /// Renames `name` from `source` to `target`, durably: everything is synced before, both directories after.
    ///
    /// - Parameters:
    ///   - mode: `.noReplace` for something new, `.exchange` to swap with what is there.
    ///   - isDurable: `false` leaves out the syncs; a power cut may then lose what was acknowledged.
    package static func publish(
        _ name: [UInt8], from source: borrowing Descriptor, to target: borrowing Descriptor, as newName: [UInt8],
        mode: RenameMode, isDurable: Bool
    ) throws(FileError) {
        if isDurable { try syncTree(name, in: source) }
        try source.rename(name, to: target, newName, mode: mode)
        if isDurable {
            try target.sync()
            try source.sync()
        }
    }


    /// Brings a tree to disk.
    package static func syncTree(_ name: [UInt8], in parent: borrowing Descriptor) throws(FileError) {
        guard try parent.status(of: name).kind == .directory else {
            try parent.openFile(name, for: .reading).sync()
            return
        }
        let directory = try parent.openDirectory(name)
        let entries = try directory.entries()
        if entries.isEmpty {
            try directory.sync()
        } else {
            try directory.syncFileSystem()
        }
    }
}
