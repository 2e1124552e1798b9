internal import FileTree
package import StorageModel

/// The directory in which a job keeps what it remembers: `jobs/<name>/` in the store, with the lock and the history.
package struct JobState: Sendable {
    package let job: JobName
    let path: String

    /// - Parameter root: the store's directory. Nothing is made.
    package init(_ job: JobName, in root: String) {
        self.job = job
        path = HostPath.join(HostPath.join(root, "jobs"), job.rawValue)
    }

    /// Opens the directory, and makes it where it is missing. Nobody else is to see what a job found.
    func open() throws(FileError) -> Descriptor {
        try HostPath.makeDirectories(path, isDurable: true)
        let directory = try Descriptor.openDirectory(atHostPath: path)
        if try directory.status().mode != 0o700 { try directory.setMode(0o700) }
        return directory
    }
}

/// What keeps two runs of a job apart: a lock that ends with its process.
package struct JobLock: ~Copyable {
    private let lease: Lease

    private static let name = "lock"

    /// Takes the lock.
    ///
    /// - Parameter waits: whether to wait for another run to end.
    /// - Throws: ``StorageError/Code/inUse`` naming the other run's process.
    package static func take(
        _ state: JobState, waits: Bool, until interruption: Interruption
    ) throws(StorageError) -> JobLock {
        do throws(FileError) {
            let directory = try state.open()
            while true {
                let file = try directory.createFile(Array(name.utf8), exclusive: false)
                if let lease = try Lease.take(file, .exclusive) {
                    try lease.descriptor.truncate(to: 0)
                    try lease.descriptor.writeAll(Array("\(HostProcess.identifier)\n".utf8), at: 0)
                    return JobLock(lease: lease)
                }
                guard waits, Pause.until(.now + .milliseconds(200), interruption) else { break }
            }
            let holder = try directory.openFile(Array(name.utf8), for: .reading).readToEnd(limitBytes: 32)
            if waits { throw FileError("flock", errno: .interrupted) }
            throw FileError("flock", path: String(decoding: holder.prefix { $0 > 0x20 }, as: UTF8.self), errno: .busy)
        } catch {
            if error.operation == "flock" && error.errno == .interrupted { throw .interrupted }
            guard error.operation == "flock", error.errno == .busy else {
                throw StorageError(error, doing: "lock the job '\(state.job)'", object: state.path)
            }
            let holder = error.path.isEmpty ? "" : " by process \(error.path)"
            throw StorageError(
                .inUse, object: state.job.rawValue, "the job '\(state.job)' is being run\(holder)",
                hint: "wait for it with --wait, or end that process")
        }
    }

    /// Gives the lock back now.
    package consuming func release() {}
}
