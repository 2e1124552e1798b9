internal import Glibc
package import StorageModel

/// Gives a whole tree another owner, as `chown -R` does, by descriptor: no link is followed, what is mounted below is left
/// alone, and what has the owner already is not touched, so that its change time stays.
package enum OwnerChange {
    /// Gives `root` and everything beneath it to the user and the group. Set-id bits go with the old owner (chown(2)).
    ///
    /// Memory: the paths of directories that are still to be visited. What vanishes meanwhile is passed over.
    /// - Parameter root: a directory, or any other entry, opened with `O_PATH` or not.
    /// - Throws: at the first entry that cannot be changed; what came before it is changed.
    package static func apply(
        uid: UInt32, gid: UInt32, to root: borrowing Descriptor, interruption: Interruption = Interruption()
    ) throws(FileError) {
        let status = try root.status()
        if status.uid != uid || status.gid != gid { try root.setOwner(uid: uid, gid: gid) }
        guard status.kind == .directory else { return }
        var waiting: [EntryPath] = [.root]
        while let path = waiting.popLast(), !interruption.isRequested {
            let directory: Descriptor
            do throws(FileError) {
                directory = try root.openDirectory(beneath: path)
            } catch  where error.errno == .noEntry && !path.isRoot { continue }
            for entry in try directory.entries() {
                do throws(FileError) {
                    let found = try directory.status(of: entry.name)
                    if found.isMountRoot || found.device != status.device { continue }
                    if found.uid != uid || found.gid != gid {
                        try directory.setOwner(uid: uid, gid: gid, of: entry.name)
                    }
                    if found.kind == .directory { waiting.append(path.appending(entry.name)) }
                } catch  where error.errno == .noEntry {}
            }
        }
    }
}

extension Descriptor {
    /// Sets the owner and the group of the open entry itself, which may be opened with `O_PATH` (fchownat(2),
    /// `AT_EMPTY_PATH`).
    package borrowing func setOwner(uid: UInt32, gid: UInt32) throws(FileError) {
        let emptyPath: CInt = 0x1000
        try check(changing("fchownat") { Int(fchownat(rawValue, "", uid, gid, emptyPath)) }, "fchownat")
    }

    /// Sets the owner and the group of the entry `name`, of a symbolic link itself.
    package borrowing func setOwner(uid: UInt32, gid: UInt32, of name: some Collection<UInt8>) throws(FileError) {
        let result = withName(name) { text in
            changing("fchownat") { Int(fchownat(rawValue, text, uid, gid, AT_SYMLINK_NOFOLLOW)) }
        }
        try check(result, "fchownat", name)
    }
}
