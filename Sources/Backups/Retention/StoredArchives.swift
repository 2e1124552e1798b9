internal import Archive
internal import Encryption
internal import FileTree
internal import StorageModel

/// The archives that lie below a destination where `backup create` puts them: `<engine>/<name>/<UTC time>.tar.zst`, or
/// `….tar.zst.age`. Whatever else lies there is not Holdfast's and does not come up here.
struct StoredArchives {
    /// The archives of one source.
    struct Group {
        /// As users name it.
        let source: String
        /// The folder's absolute path.
        let path: String
        let folder: SharedDescriptor
        /// By name, so that later ones come later.
        var names: [ArchiveName]
    }

    /// An archive that was looked into.
    struct Archive {
        let name: ArchiveName
        let path: String
        let sizeBytes: UInt64
        /// Empty for an encrypted archive, which does not tell.
        let tags: [String]
    }

    let groups: [Group]

    private static let engines = ["dir", "holdfast"] + VolumeEngine.allCases.map(\.rawValue)

    /// Looks for names only; opens no archive.
    ///
    /// - Parameter sources: which ones; empty for all.
    /// - Throws: ``StorageError/Code/notFound`` for a missing destination, and for a named source without a folder.
    init(below destination: String, of sources: [SourceReference]) throws(StorageError) {
        let wanted = sources.map { DestinationLayout.folders(of: $0) }
        var found: [Group] = []
        do throws(FileError) {
            let root = try Descriptor.openDirectory(atHostPath: destination)
            let rootPath = HostPath.absolute(destination)
            for engine in try Self.directories(in: root) where Self.engines.contains(engine) {
                let engineFolder = try root.openDirectory(Array(engine.utf8))
                for name in try Self.directories(in: engineFolder) {
                    guard wanted.isEmpty || wanted.contains([engine, name]) else { continue }
                    let folder = try engineFolder.openDirectory(Array(name.utf8))
                    let names = try Self.archiveNames(in: folder)
                    guard !names.isEmpty else { continue }
                    found.append(
                        Group(
                            source: Self.source(engine, name),
                            path: HostPath.join(HostPath.join(rootPath, engine), name),
                            folder: SharedDescriptor(folder), names: names))
                }
            }
        } catch {
            throw StorageError(
                error, doing: "list destination '\(destination.printable())'", object: destination,
                hint: error.errno == .noEntry ? "nothing was backed up there yet" : nil)
        }
        groups = found.sorted { $0.source < $1.source }
    }

    /// The sources that were asked for and have no archive here.
    func missing(of sources: [SourceReference]) -> [SourceReference] {
        sources.filter { source in
            !groups.contains { $0.path.hasSuffix("/" + DestinationLayout.folders(of: source).joined(separator: "/")) }
        }
    }

    private static func directories(in parent: borrowing Descriptor) throws(FileError) -> [String] {
        var names: [String] = []
        for entry in try parent.entries() {
            guard let name = String(validating: entry.name, as: UTF8.self), !name.hasPrefix(".") else { continue }
            if try isGone({ () throws(FileError) in try parent.status(of: entry.name).kind != .directory }) { continue }
            names.append(name)
        }
        return names.sorted()
    }

    private static func archiveNames(in folder: borrowing Descriptor) throws(FileError) -> [ArchiveName] {
        var names: [ArchiveName] = []
        for entry in try folder.entries() {
            guard let text = String(validating: entry.name, as: UTF8.self), let name = ArchiveName(parsing: text),
                try !isGone({ () throws(FileError) in try folder.status(of: entry.name).kind != .file })
            else { continue }
            names.append(name)
        }
        return names.sorted()
    }

    /// Whether an entry is of another kind, or was removed by somebody just now.
    private static func isGone(_ isOther: () throws(FileError) -> Bool) throws(FileError) -> Bool {
        do throws(FileError) { return try isOther() } catch {
            guard error.errno == .noEntry else { throw error }
            return true
        }
    }

    /// As users name the source of such a folder. A path too long for a name stays as the folder has it.
    private static func source(_ engine: String, _ name: String) -> String {
        "\(engine):\(engine == "dir" ? name.percentDecoded ?? name : name)"
    }
}

extension StoredArchives.Group {
    /// Looks into an archive.
    ///
    /// - Returns: `nil` if it was removed meanwhile.
    /// - Throws: if it is none, or none that is whole.
    func open(_ name: ArchiveName) throws(StorageError) -> StoredArchives.Archive? {
        let path = HostPath.join(self.path, name.text)
        if name.isEncrypted {
            do throws(FileError) {
                let status = try folder.descriptor.status(of: Array(name.text.utf8))
                return StoredArchives.Archive(name: name, path: path, sizeBytes: status.sizeBytes, tags: [])
            } catch {
                if error.errno == .noEntry { return nil }
                throw StorageError(error, doing: "examine archive '\(path.printable())'", object: path)
            }
        }
        let archive: OpenedArchive
        do throws(StorageError) {
            archive = try OpenedArchive.open(.file(path), keys: .none, checkpoint: Checkpoint())
        } catch {
            if error.errno == .noEntry { return nil }
            throw error
        }
        guard let index = archive.file?.index else {
            throw StorageError(.damaged, object: path, "'\(path.printable())' has no table of contents")
        }
        return StoredArchives.Archive(name: name, path: path, sizeBytes: archive.sizeBytes, tags: index.origin.tags)
    }
}
