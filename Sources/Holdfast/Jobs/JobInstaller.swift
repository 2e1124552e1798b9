internal import FileTree
internal import Jobs
public import StorageModel

/// Lets the system start jobs by itself: by a timer of systemd, or by cron.
public struct JobInstaller: Sendable {
    public enum Manner: Sendable { case systemd, cron }

    /// A file that is written or removed.
    public struct File: Hashable, Sendable {
        /// Absolute, or below the directory that was named.
        public let path: String
        public let text: String
    }

    private let manner: Manner
    private let directory: String
    private let isDefaultDirectory: Bool

    private static let readableMode: UInt16 = 0o644
    private static let sizeLimitBytes = 1 << 20
    private static let controlLimitMilliseconds: Int64 = 60_000

    /// - Parameter directory: where the files are put; `nil` for `/etc/systemd/system` or `/etc/cron.d`.
    public init(_ manner: Manner, directory: String? = nil) {
        self.manner = manner
        isDefaultDirectory = directory == nil
        self.directory = directory ?? (manner == .systemd ? "/etc/systemd/system" : "/etc/cron.d")
    }

    /// The files for a job.
    ///
    /// - Parameters:
    ///   - file: the job file's path.
    ///   - root: the store's directory; `nil` for the default.
    /// - Throws: ``StorageError/Code/invalidInput`` for a job that cannot be started so.
    public func files(for job: Job, in file: String, root: String? = nil) throws(StorageError) -> [File] {
        guard let program = HostPath.resolved("/proc/self/exe"), let path = HostPath.resolved(file) else {
            throw StorageError(
                .notFound, object: file, "the path of this program or of '\(file.printable())' cannot be found out")
        }
        let installation = JobInstallation(
            job: job, program: program, file: path, root: try StoreLocation.resolve(root))
        return try installation.files(manner == .systemd ? .systemd : .cron).map {
            File(path: HostPath.join(directory, $0.name), text: $0.text)
        }
    }

    /// Writes the files, each in one step and on disk when this returns, and lets systemd know, if it runs and reads the
    /// directory.
    ///
    /// - Returns: what is left to be done by hand, in words; `nil` for nothing.
    /// - Throws: ``StorageError/Code/conflict`` for a file of that name which is not this job's; nothing is written then.
    public func install(_ files: [File], of job: JobName) throws(StorageError) -> String? {
        for file in files { try requireOwn(file.path, job) }
        for file in files { try write(file) }
        guard manner == .systemd else { return nil }
        let timer = "holdfast-job-\(job).timer"
        guard reachesSystemd else {
            return "let systemd know: systemctl daemon-reload && systemctl enable --now \(timer)"
        }
        try control(["daemon-reload"])
        try control(["enable", "--now", timer])
        return nil
    }

    /// Removes the files of a job, and no others.
    ///
    /// - Returns: the paths of those that were there.
    public func uninstall(_ job: JobName) throws(StorageError) -> [String] {
        let names = JobInstallation.names(of: job, manner == .systemd ? .systemd : .cron)
        let paths = names.map { HostPath.join(directory, $0) }.filter { HostPath.resolved($0) != nil }
        for path in paths { try requireOwn(path, job) }
        guard !paths.isEmpty else { return [] }
        if manner == .systemd, reachesSystemd { try control(["disable", "--now", "holdfast-job-\(job).timer"]) }
        do throws(FileError) {
            let folder = try Descriptor.openDirectory(atHostPath: directory)
            for path in paths {
                do throws(FileError) { try folder.remove(Array(HostPath.split(path).name.utf8)) } catch
                    where error.errno == .noEntry
                {}
            }
            try folder.sync()
        } catch {
            throw StorageError(error, doing: "remove the files of the job '\(job)'", object: directory)
        }
        if manner == .systemd, reachesSystemd { try control(["daemon-reload"]) }
        return paths
    }

    /// Whether systemd runs on this host and looks into the directory.
    private var reachesSystemd: Bool { isDefaultDirectory && HostPath.resolved("/run/systemd/system") != nil }

    private func write(_ file: File) throws(StorageError) {
        let (folder, name) = HostPath.split(file.path)
        do throws(FileError) {
            try FilePublication.replace(name, inDirectory: folder, with: file.text, mode: Self.readableMode)
        } catch {
            throw StorageError(
                error, doing: "write '\(file.path.printable())'", object: file.path,
                hint: error.errno == .noEntry ? "is that what this host uses? choose --cron, or --directory" : nil)
        }
    }

    /// - Throws: if there is a file that does not begin as those of this job do.
    private func requireOwn(_ path: String, _ job: JobName) throws(StorageError) {
        let (folder, name) = HostPath.split(path)
        let text: [UInt8]
        do throws(FileError) {
            text = try Descriptor.openDirectory(atHostPath: folder).openFile(Array(name.utf8), for: .reading)
                .readToEnd(limitBytes: Self.sizeLimitBytes)
        } catch {
            if error.errno == .noEntry { return }
            throw StorageError(error, doing: "look at '\(path.printable())'", object: path)
        }
        guard text.starts(with: Array(JobInstallation.mark(of: job).utf8)) else {
            throw StorageError(
                .conflict, object: path, "'\(path.printable())' is there and is not a file of the job '\(job)'",
                hint: "move it away, or give the job another name")
        }
    }

    private func control(_ arguments: [String]) throws(StorageError) {
        let words = "systemctl \(arguments.joined(separator: " "))"
        do throws(FileError) {
            let result = try ProgramRun("systemctl", arguments).run(
                outputLimitBytes: 64 << 10, limitMilliseconds: Self.controlLimitMilliseconds, until: Interruption())
            guard case .ended(0, _, _) = result else { throw FileError("systemctl", errno: .inputOutput) }
        } catch {
            throw StorageError(.system, object: words, "'\(words)' failed", hint: "run it by hand to see why")
        }
    }
}
