internal import Archive
internal import Encryption
internal import FileTree
internal import StorageModel

/// The archive from which the next one of the same source takes its frames.
struct PreviousBackup {
    let archive: PreviousArchive
    let file: ArchiveFile
    /// Its absolute path.
    let path: String

    /// Looks for the newest archive in a folder that fits.
    ///
    /// What does not fit is passed over: damaged, of a newer format, of another source or host, of another encoder or level
    /// (its frames would not be those that this run makes).
    ///
    /// - Parameter keys: what opens encrypted archives; without any, they are not looked at.
    /// - Returns: the archive, `nil` if none fits, and why newer ones were passed over: what is wrong, and what is as it should be.
    static func newest(
        in directory: String, like origin: ArchiveOrigin, _ keys: DecryptionKeys
    ) -> (found: PreviousBackup?, remarks: [String], notices: [String]) {
        var remarks: [String] = []
        var notices: [String] = []
        for name in candidates(in: directory) {
            if name.isEncrypted && keys.isEmpty {
                notices = [
                    "nothing is taken over from encrypted archives without the key that opens them (--identity)"
                ]
                continue
            }
            do throws(StorageError) {
                let path = HostPath.join(HostPath.absolute(directory), name.text)
                return (try PreviousBackup(path, like: origin, keys), remarks, notices)
            } catch {
                remarks.append(error.message)
            }
        }
        return (nil, remarks, notices)
    }

    /// - Throws: if nothing can be taken from that archive.
    init(_ path: String, like origin: ArchiveOrigin, _ keys: DecryptionKeys) throws(StorageError) {
        self.path = HostPath.absolute(path)
        func refused(_ reason: String) -> StorageError {
            StorageError(
                .conflict, object: path, "nothing is taken over from '\(path.printable())': \(reason)",
                hint: "--full makes a backup that needs no other")
        }
        let opened: OpenedArchive
        do throws(StorageError) {
            opened = try OpenedArchive.open(.file(path), keys: keys, checkpoint: Checkpoint())
        } catch {
            throw refused(error.message)
        }
        guard let file = opened.file else { throw refused("it has no table of contents") }
        self.file = file
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

    var isEncrypted: Bool { path.hasSuffix(DestinationLayout.encryptedSuffix) }

    /// The archives of a folder, newest first.
    private static func candidates(in directory: String) -> [ArchiveName] {
        do throws(FileError) {
            return try Descriptor.openDirectory(atHostPath: directory).entries()
                .compactMap { ArchiveName(parsing: String(decoding: $0.name, as: UTF8.self)) }.sorted(by: >)
        } catch {
            return []
        }
    }
}
