internal import Encryption
internal import FileTree
internal import Glibc
internal import Jobs
public import StorageModel

/// The job files of this host.
public enum JobFiles {
    /// What names another directory than the default.
    public static let variable = "HOLDFAST_JOBS"
    private static let defaultDirectory = "/etc/holdfast/jobs.d"
    private static let limitBytes = 1 << 20
    private static let endings = [".yaml", ".yml"]

    /// Where jobs are looked for that are named without a file.
    public static var directory: String {
        guard let value = getenv(variable) else { return defaultDirectory }
        let path = String(cString: value)
        return path.isEmpty ? defaultDirectory : path
    }

    /// The files of the directory that end in `.yaml` or `.yml`, by name; none if there is no such directory.
    public static func list() throws(StorageError) -> [String] {
        let directory = directory
        do throws(FileError) {
            return try Descriptor.openDirectory(atHostPath: directory).entries()
                .map { String(decoding: $0.name, as: UTF8.self) }
                .filter { name in !name.hasPrefix(".") && endings.contains { name.hasSuffix($0) } }
                .sorted().map { HostPath.join(directory, $0) }
        } catch {
            if error.errno == .noEntry { return [] }
            throw StorageError(error, doing: "list the job files in '\(directory.printable())'", object: directory)
        }
    }

    /// Where the jobs of this host keep their archives, each place once. Files with mistakes say nothing.
    public static func destinations() throws(StorageError) -> [String] {
        var result: [String] = []
        for file in try list() {
            for destination in try read(file).jobs.flatMap(\.destinations) where !result.contains(destination.path) {
                result.append(destination.path)
            }
        }
        return result
    }

    /// Reads a job file. Mistakes in it are in the result, not thrown. Runs `systemd-analyze`, where that is installed, to look
    /// at calendar events.
    ///
    /// - Throws: ``StorageError/Code/notFound`` for a missing file.
    public static func read(_ path: String) throws(StorageError) -> JobFileContent {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try Descriptor.openFile(atHostPath: path).readToEnd(limitBytes: limitBytes + 1)
        } catch {
            throw StorageError(error, doing: "read the job file '\(path.printable())'", object: path)
        }
        guard bytes.count <= limitBytes else {
            throw StorageError(
                .limitExceeded, object: path,
                "'\(path.printable())' is larger than \(ByteCount(UInt64(limitBytes))), which no job file is")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let fault = JobFileFault(file: path, line: 1, column: 1, reason: "the file is not UTF-8; text is expected")
            return JobFileContent(file: path, jobs: [], faults: [fault])
        }
        let surroundings = JobSurroundings(
            checkZone: { (name) throws(StorageError) in _ = try TimeZones.named(name) },
            checkCalendar: { (event) throws(StorageError) in _ = try CalendarEvents.next(event) },
            checkRecipients: { (keys) throws(StorageError) in
                _ = try EncryptionKeys(EncryptionRequest(recipients: keys))
            })
        return JobReader.read(text, file: path, surroundings)
    }
}
