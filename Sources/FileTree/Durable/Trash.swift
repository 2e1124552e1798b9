internal import StorageModel

/// `trash/`: where trees go in an instant, to be deleted afterwards by whoever has the time.
package enum Trash {
    /// Moves the entry `name` of `directory` into `trash`, which must lie on the same file system, under a random name.
    ///
    /// - Parameter isDurable: whether to return only when the removal would survive a power cut.
    /// - Returns: the name that it has there now.
    @discardableResult
    package static func move(
        _ name: some Collection<UInt8>, of directory: borrowing Descriptor, to trash: borrowing Descriptor,
        isDurable: Bool = true
    ) throws(FileError) -> [UInt8] {
        let newName = RandomName.make()
        try directory.rename(name, to: trash, newName, mode: .noReplace)
        if isDurable {
            try trash.sync()
            try directory.sync()
        }
        return newName
    }

    /// Deletes everything in `trash`, as much as can be. Two processes may do so at once.
    ///
    /// - Throws: the first failure, at the end.
    package static func empty(_ trash: borrowing Descriptor) throws(FileError) {
        try TreeRemoval.removeContent(of: trash)
    }
}
