internal import FileTree
internal import Glibc
internal import StorageModel
internal import Volumes

/// What one pass over the processes of the machine finds: volumes that are used, and files of the store's file system that
/// have no name any more and take space as long as a process has them open.
struct DiskFreeProcesses {
    private(set) var heldVolumes: Set<String> = []
    /// Each file once, with the first process that has it.
    private(set) var deletedFiles: [DeletedOpenFile] = []
    /// Whether every process could be looked at, which takes root.
    private(set) var seesAll = true

    /// Without `/proc` nothing is known; then nothing counts as used.
    ///
    /// - Parameter devices: the numbers that files of the store's file system have.
    static func survey(of volumes: Volumes, devices: Set<UInt64>) -> DiskFreeProcesses {
        var result = DiskFreeProcesses()
        guard let table = try? ProcessTable() else {
            result.seesAll = false
            return result
        }
        let own = getpid()
        var held = HeldVolumes(of: volumes, in: table)
        held.noteOwnMounts(table.mounts(of: own), namespace: table.mountNamespace(of: own))
        var seen: Set<FileIdentity> = []
        for process in table.identifiers() where process != own {
            held.noteMounts(of: process, in: table)
            let isOpen = table.forEachOpenFile(of: process) { file in
                held.note(file, of: process, in: table)
                guard file.isDeleted, let status = table.status(of: file, ofProcess: process),
                    devices.contains(status.device), status.isUnlinked, status.allocatedBytes > 0,
                    seen.insert(status.identity).inserted
                else { return }
                result.deletedFiles.append(
                    DeletedOpenFile(
                        path: file.formerPath, allocatedBytes: status.allocatedBytes, process: process,
                        command: table.command(of: process)))
            }
            if !isOpen { result.seesAll = false }
        }
        result.heldVolumes = held.names
        return result
    }
}

extension FileStatus {
    /// Whether no name is left. A directory that is removed has no link on some file systems and its own two on others.
    fileprivate var isUnlinked: Bool { linkCount == 0 }
}
