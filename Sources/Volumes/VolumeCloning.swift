internal import Catalog
internal import FileTree
internal import Glibc
package import StorageModel

extension Volumes {
    /// Makes a volume with the data that another one has now.
    ///
    /// Copied under a shared lease into staging, brought to disk, published by one transaction. Labels come with it, a limit of
    /// its size too; protection does not. What the source has on a device becomes data in the store.
    package func clone(
        _ request: VolumeCloneRequest, checkpoint: Checkpoint
    ) throws(StorageError) -> VolumeCloneReport {
        let name = request.name
        if try catalog.volume(named: name) != nil { throw Self.isTaken(name) }
        let source = try open(request.source, for: .reading)
        let volume = try describe(request, source.volume)
        let staged = try attempt("clone volume '\(request.source)'", name) { () throws(FileError) in
            try refuseFullDisk()
            return try StagedVolume.make(in: staging)
        }
        // An area that cannot be removed is swept by the next open.
        defer { try? staged.discard() }
        try limit(staged, volume)
        checkpoint.progress.begin("cloning \(request.source)", totalEntries: nil, totalBytes: nil)
        let copied = try withData(of: source) { data throws(StorageError) in
            try TreeCopy.copy(
                data.descriptor, to: staged.data.descriptor, ownership: geteuid() == 0, checkpoint: checkpoint)
        }
        try checkpoint.interruption.check()
        guard try publish(staged, as: volume, isDurable: request.isDurable) == nil else { throw Self.isTaken(name) }
        withExtendedLifetime(source) {}
        return VolumeCloneReport(
            volume: volume, entries: copied.entries, copiedBytes: copied.copiedBytes,
            reflinkedFiles: copied.reflinkedFiles, changed: copied.changed,
            skipped: copied.skipped + Self.notices(of: source.volume))
    }

    private func describe(_ request: VolumeCloneRequest, _ source: Volume) throws(StorageError) -> Volume {
        guard request.labels.keys.allSatisfy({ !$0.isEmpty }) else {
            throw StorageError(
                .invalidInput, object: request.name.rawValue, "a label has an empty key",
                hint: "write --label KEY=VALUE")
        }
        let hasDevice = try device(of: source) != nil
        return Volume(
            name: request.name, driver: source.driver, createdAt: .now,
            labels: source.labels.merging(request.labels) { $1 }, options: hasDevice ? [:] : source.options,
            population: source.population)
    }

    private static func notices(of source: Volume) -> [EntryNotice] {
        guard source.options["device"] != nil else { return [] }
        return [
            EntryNotice(
                path: .root,
                reason:
                    "the driver options of volume '\(source.name)' do not apply to the clone, whose data is in the store"
            )
        ]
    }
}
