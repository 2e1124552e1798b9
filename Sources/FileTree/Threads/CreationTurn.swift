internal import CLinux

/// Lets one thread after the other make the entries of a tree, where several at once are slower.
///
/// ext4 need not read a block of its inode table from disk as long as all other inodes of the block are free. Threads that
/// make entries at once get neighbouring inodes, each sees the other's bit, and both wait for the disk (`fs/ext4/inode.c`,
/// `__ext4_get_inode_loc`). Writing the entries' data is not part of a turn.
package final class CreationTurn: Sendable {
    private let turn: Monitor<Void>?

    /// - Parameter directory: any directory of the file system on which the tree is.
    package init(_ directory: borrowing Descriptor) {
        turn = holdfast_is_ext4(directory.rawValue) == 1 ? Monitor(()) : nil
    }

    /// Runs `body`, which makes one entry, when no other thread does.
    package func take<Result: ~Copyable>(_ body: () throws(FileError) -> Result) throws(FileError) -> Result {
        guard let turn else { return try body() }
        let result: Swift.Result<Result, FileError> = turn.update { _ in
            do throws(FileError) { return .success(try body()) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
