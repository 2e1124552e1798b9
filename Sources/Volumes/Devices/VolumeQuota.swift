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
            try ProjectQuota.limit(staged.data, toBytes: bytes)
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

    /// What a volume with a limit takes, as the file system itself counts it, without looking at a single file; `nil` for one
    /// without a limit, or where the file system keeps no such account.
    package func quotaUsage(of volume: Volume) -> ProjectQuota.Usage? {
        guard let options = try? LocalDriverOptions(volume.options), options.device == nil, options.sizeBytes != nil,
            let data = try? directory.openDirectory(volume.name.bytes).openDirectory(Self.dataName)
        else { return nil }
        return ProjectQuota.usage(of: data)
    }

    /// Lifts the limit that a volume's directory has, before it is deleted. A limit without files is harmless.
    func releaseLimit(_ opened: OpenedVolume) {
        guard (try? LocalDriverOptions(opened.volume.options))?.sizeBytes != nil else { return }
        if let data = try? opened.directory.openDirectory(Self.dataName) { try? ProjectQuota.release(data) }
    }
}
