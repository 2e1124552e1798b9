internal import Archive
internal import Encryption
internal import FileTree
internal import StorageModel

/// The archive from which the next one of the same source takes its frames.
struct PreviousBackup {
    let archive: PreviousArchive
    /// Its absolute path.
    let path: String

    /// Looks for the newest archive in a folder that fits.
    ///
    /// What does not fit is passed over: damaged, of a newer format, of another source or host, of another encoder or level
    /// (its frames would not be those that this run makes).
    ///
    /// - Returns: the archive, `nil` if none fits, and why newer ones were passed over.
    static func newest(in directory: String, like origin: ArchiveOrigin) -> (found: PreviousBackup?, remarks: [String])
    {
        var remarks: [String] = []
        for path in candidates(in: directory) {
            do throws(StorageError) {
                return (try PreviousBackup(path, like: origin), remarks)
            } catch {
                remarks.append(error.message)
            }
        }
        return (nil, remarks)
    }

    /// - Throws: if nothing can be taken from that archive.
    init(_ path: String, like origin: ArchiveOrigin) throws(StorageError) {
        self.path = HostPath.absolute(path)
        func refused(_ reason: String) -> StorageError {
            StorageError(
                .conflict, object: path, "nothing is taken over from '\(path.printable())': \(reason)",
                hint: "--full makes a backup that needs no other")
        }
        let opened: OpenedArchive
        do throws(StorageError) {
            opened = try OpenedArchive.open(.file(path), keys: .none, checkpoint: Checkpoint())
        } catch {
            throw refused(error.message)
        }
        guard let file = opened.file else { throw refused("it has no table of contents") }
        let other = file.index.origin
        if other.source != origin.source { throw refused("it is of \(other.source.printable())") }
        if other.host != origin.host { throw refused("it was made on host \(other.host.printable())") }
        if other.encoder != origin.encoder { throw refused("it was made by \(other.encoder.printable())") }
        if other.level != origin.level { throw refused("it was compressed at level \(other.level)") }
        do throws(StorageError) {
            archive = try PreviousArchive(file)
        } catch {
            throw refused(error.message)
        }
    }

    /// The plain archives of a folder, newest first.
    private static func candidates(in directory: String) -> [String] {
        do throws(FileError) {
            return try Descriptor.openDirectory(atHostPath: directory).entries()
                .compactMap { ArchiveName(parsing: String(decoding: $0.name, as: UTF8.self)) }
                .filter { !$0.isEncrypted }.sorted(by: >)
                .map { HostPath.join(HostPath.absolute(directory), $0.text) }
        } catch {
            return []
        }
    }
}
