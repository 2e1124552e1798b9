internal import Archive
internal import FileTree
internal import StorageModel

/// Where archives lie below a destination: `<engine>/<name>/<UTC time>.tar.zst`, encrypted ones with `.age` behind that.
enum DestinationLayout {
    static let suffix = ".tar.zst"
    static let encryptedSuffix = suffix + ".age"

    static func isArchive(_ name: some BidirectionalCollection<UInt8>) -> Bool {
        [suffix, encryptedSuffix].contains { name.suffix($0.utf8.count).elementsEqual($0.utf8) }
    }

    /// Makes the folder of a source, and the destination itself, where they are missing.
    ///
    /// - Returns: the folder's path.
    static func makeDirectory(for source: SourceReference, below destination: String) throws(StorageError) -> String {
        do throws(FileError) {
            try HostPath.makeDirectories(destination)
            var current = try Descriptor.openDirectory(atHostPath: destination)
            for name in folders(of: source) {
                do throws(FileError) {
                    try current.makeDirectory(Array(name.utf8), mode: 0o700)
                } catch  where error.errno == .exists {}
                current = try current.openDirectory(Array(name.utf8))
            }
            try current.sync()
        } catch {
            throw StorageError(error, doing: "make destination '\(destination.printable())'", object: destination)
        }
        return folders(of: source).reduce(destination) { HostPath.join($0, $1) }
    }

    static func folders(of source: SourceReference) -> [String] { [source.engine, folderName(of: source)] }

    /// The name of a source as one path component; one that would be too long ends in a hash instead.
    private static func folderName(of source: SourceReference) -> String {
        let name = source.folderName
        guard name.utf8.count > VolumeName.limitBytes else { return name }
        return "\(name.prefix(200))~\(String(XXH64.hash(Array(name.utf8)), radix: 16))"
    }

    /// The names for an archive begun at `time`, in the order in which they are tried: two in one second get two names.
    static func names(_ time: Timestamp, isEncrypted: Bool) -> some Sequence<String> {
        let suffix = isEncrypted ? encryptedSuffix : suffix
        return (0..<1000).lazy.map { $0 == 0 ? "\(time.compact)\(suffix)" : "\(time.compact)-\($0)\(suffix)" }
    }
}
