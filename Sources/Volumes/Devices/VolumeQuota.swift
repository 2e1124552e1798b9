package import FileTree
package import StorageModel

extension Volumes {
    /// Limits what a volume under construction may hold, if its options say so. Call before anything is in it.
    ///
    /// - Throws: ``StorageError/Code/invalidInput`` with the reason where the file system has no project quotas.
    func limit(_ staged: StagedVolume, _ volume: Volume) throws(StorageError) {
        let options = try LocalDriverOptions(volume.options, object: volume.name.rawValue)
        guard options.device == nil, let bytes = options.sizeBytes else { return }
        do throws(ProjectQuota.Obstacle) {
            try ProjectQuota.limit(staged.data.descriptor, toBytes: bytes)
        } catch {
            switch error {
            case .failed(let error):
                throw StorageError(
                    error, doing: "limit the size of volume '\(volume.name)'", object: volume.name.rawValue)
            case .unsupported(let error):
                throw StorageError(
                    .invalidInput, object: volume.name.rawValue,
                    "--opt size=\(ByteCount(bytes)): the store's file system has no project quotas that are enforced",
                    errno: error?.errno,
                    hint: "put the store on XFS or ext4 mounted with prjquota (ext4: tune2fs -O project,quota), "
                        + "use --opt type=tmpfs, or leave the size out",
                    causes: error.map { ["\($0.errno) (\($0.errno.name)) of \($0.operation)"] } ?? [])
            }
        }
    }

    /// What the file system itself counts of a volume, without a look at a single file: in the project of one with a limit, or
    /// in the group of a subvolume of btrfs. `nil` where there is no such account, and for data that is elsewhere.
    ///
    /// - Parameter syncs: whether a subvolume's account is to have everything that was written so far. A project's has it anyway.
    package func accountedSize(of volume: Volume, syncs: Bool) -> MeasuredSize? {
        guard let options = try? LocalDriverOptions(volume.options), options.device == nil,
            let data = try? directory.openDirectory(volume.name.bytes).openDirectory(Self.dataName)
        else { return nil }
        var totals = UsageTotals()
        if options.sizeBytes != nil, let usage = ProjectQuota.usage(of: data) {
            totals.allocatedBytes = usage.allocatedBytes
            totals.files = usage.inodes
            return MeasuredSize(totals: totals, method: .quota, measuredAt: .now)
        }
        guard let usage = SubvolumeAccount.usage(of: data, syncs: syncs) else { return nil }
        totals.allocatedBytes = usage.referencedBytes
        var size = MeasuredSize(totals: totals, method: .group, measuredAt: .now)
        size.exclusiveBytes = usage.exclusiveBytes
        return size
    }

    /// Lifts the limit that a volume's directory has, before it is deleted. A limit without files is harmless.
    func releaseLimit(_ opened: OpenedVolume) {
        guard (try? LocalDriverOptions(opened.volume.options))?.sizeBytes != nil else { return }
        if let data = try? opened.directory.openDirectory(Self.dataName) { try? ProjectQuota.release(data) }
    }
}
