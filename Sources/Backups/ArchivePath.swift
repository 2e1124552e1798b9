internal import Archive
internal import FileTree
internal import StorageModel

/// What the path of an archive below a destination tells of it: all that is known of an encrypted one without a key.
struct ArchivePath {
    let source: SourceReference?
    let createdAt: Timestamp?

    /// - Parameter path: absolute; ends in `<engine>/<name>/<UTC time>….tar.zst.age` if it is of the layout.
    init(_ path: String) {
        let (directory, name) = HostPath.split(path)
        let (above, folder) = HostPath.split(directory)
        source = Self.source(HostPath.split(above).name, folder)
        createdAt = source == nil ? nil : ArchiveName(parsing: name)?.time
    }

    private static func source(_ engine: String, _ folder: String) -> SourceReference? {
        guard let name = engine == "dir" ? folder.percentDecoded : folder else { return nil }
        // Why: a folder that is not of the layout names no source, which is no failure.
        guard let source = try? SourceReference("\(engine):\(name)"), source.engine == engine,
            DestinationLayout.folders(of: source).last == folder
        else { return nil }
        return source
    }
}
