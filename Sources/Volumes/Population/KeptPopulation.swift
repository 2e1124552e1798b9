package import FileTree
internal import StorageModel

/// What a volume was populated with, kept for the next one: on btrfs as a subvolume, of which that volume's data is a snapshot,
/// made in an instant whatever its size.
///
/// `populations/<name>/` in the directory of the image's uppermost layer has `tree`, all that the volume got, and
/// `report.json`, what there is to tell of it. It is made in the staging area of the population that it is a snapshot of and
/// renamed into place, never changes, and goes with the layer. Blocks are shared with the layer, but every entry takes its room
/// in the file system's tree: some hundred bytes, and its content if that is so small. Nothing depends on it: what cannot be kept
/// or taken is copied.
package struct KeptPopulation: Sendable {
    private let source: TreeSource
    private let layer: SharedDescriptor
    private let layers: SharedDescriptor
    private let name: [UInt8]

    private static let directoryName = Array("populations".utf8)
    private static let treeName = Array("tree".utf8)
    private static let reportName = Array("report.json".utf8)
    private static let reportLimitBytes = 4096

    /// From so many entries on a population is kept: for fewer, a commit of the file system costs more than copying them.
    private static let entriesLeast = 1000

    /// - Parameters:
    ///   - source: what is copied where no snapshot is kept.
    ///   - layer: the directory of the layer that the source is seen from, and `layers` that of all.
    ///   - name: of the directory, which no other place in the image has.
    package init(of source: TreeSource, in layer: SharedDescriptor, of layers: SharedDescriptor, name: String) {
        self.source = source
        self.layer = layer
        self.layers = layers
        self.name = Array(name.utf8)
    }

    /// Forgets what is kept beside a layer: what it was copied from may have been damaged.
    package static func forget(in layer: SharedDescriptor) throws(FileError) {
        try TreeRemoval.remove(directoryName, in: layer.descriptor)
    }

    /// Makes the data of a volume under construction a snapshot.
    ///
    /// - Returns: `nil` if none is kept: then the volume's data is as empty as it was.
    func place(in staged: StagedVolume) -> TreeCopy.Report? {
        guard canKeep else { return nil }
        do throws(FileError) {
            let home = try layer.descriptor.openDirectory(Self.directoryName)
            let kept = try home.openDirectory(name)
            let tree = try kept.openDirectory(Self.treeName)
            guard let report = try Self.readReport(in: kept), try Subvolume.isUntouched(tree) else {
                // Nobody's any more: a store that was copied file by file has a directory there.
                try TreeRemoval.remove(name, in: home)
                return nil
            }
            try staged.replaceData { directory, name throws(FileError) in
                try Subvolume.snapshot(tree, name, in: directory, isWritable: true)
                // Who removes it entry by entry makes it writable first.
                guard try Subvolume.isUntouched(tree) else { throw FileError("ioctl", errno: .stale) }
            }
            return report
        } catch {
            return nil
        }
    }

    /// Makes the empty data of a volume under construction a subvolume, if it is to be kept.
    ///
    /// - Returns: a lock that only one population of the store has, to be held until it is kept: two at once could give two files
    ///   one inode number and one time of change, by which backups know a file again. `nil` if it is not to be kept.
    func prepare(_ staged: StagedVolume) -> Lease? {
        guard canKeep else { return nil }
        do throws(FileError) {
            guard try source.holds(atLeast: Self.entriesLeast),
                let lease = try Lease.take(try layers.descriptor.reopenDirectory(), .exclusive)
            else { return nil }
            let mode = try staged.data.descriptor.status().mode
            try staged.replaceData { directory, name throws(FileError) in
                try Subvolume.make(name, in: directory, mode: mode)
            }
            return lease
        } catch {
            return nil
        }
    }

    /// Keeps a snapshot of the subvolume that was just populated.
    func keep(_ staged: StagedVolume, _ report: TreeCopy.Report) {
        // The volume has its data in any case. What was made so far goes with the staging area.
        do throws(FileError) {
            try staged.area.directory.makeDirectory(Self.directoryName, mode: 0o700)
            let kept = try staged.area.directory.openDirectory(Self.directoryName)
            try Subvolume.snapshot(staged.data.descriptor, Self.treeName, in: kept)
            try Self.write(report, in: kept)
            let home = try openHome()
            try staged.area.directory.rename(Self.directoryName, to: home, name, mode: .noReplace)
            try home.sync()
        } catch {}
    }

    private var canKeep: Bool { PopulationContent.isPrivileged && Subvolume.isWelcome(in: layer.descriptor) }

    private func openHome() throws(FileError) -> Descriptor {
        do throws(FileError) {
            try layer.descriptor.makeDirectory(Self.directoryName, mode: 0o700)
            try layer.descriptor.sync()
        } catch  where error.errno == .exists {}
        return try layer.descriptor.openDirectory(Self.directoryName)
    }

    // MARK: The report

    private static func write(_ report: TreeCopy.Report, in directory: borrowing Descriptor) throws(FileError) {
        let json: JSONValue = [
            "entries": .unsigned(report.entries), "reflinkedFiles": .unsigned(report.reflinkedFiles),
        ]
        let file = try directory.createFile(reportName, mode: 0o600)
        try file.writeAll(Array(json.compactText.utf8), at: 0)
        try file.sync()
        try directory.sync()
    }

    private static func readReport(in directory: borrowing Descriptor) throws(FileError) -> TreeCopy.Report? {
        let text = try directory.openFile(reportName, for: .reading).readToEnd(limitBytes: reportLimitBytes)
        do throws(StorageError) {
            let json = try JSONValue(parsing: text, of: "a kept population")
            guard let entries = json["entries"]?.count, let files = json["reflinkedFiles"]?.count else { return nil }
            var report = TreeCopy.Report()
            report.entries = entries
            report.reflinkedFiles = files
            return report
        } catch {
            return nil
        }
    }
}
