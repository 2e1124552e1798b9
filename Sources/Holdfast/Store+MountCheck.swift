internal import FileTree
internal import Images
internal import Layers
public import StorageModel

extension Store {
    /// Says whether a container's user could use mounts, before any container exists. Nothing is made or changed.
    ///
    /// A store is opened only if a volume, an image or another container is named, and never made: without one there are no
    /// volumes yet.
    ///
    /// - Parameter path: the store's directory, as for ``open(at:create:sweeps:)``.
    /// - Throws: ``StorageError/Code/invalidInput`` for a policy that is not of the form, and for mounts that exclude each
    ///   other; ``StorageError/Code/notFound`` if the image, a user in it or the policy does not exist. What is wrong with a
    ///   mount is no error but a finding.
    public static func checkMounts(
        _ request: MountCheckRequest, at path: String? = nil
    ) throws(StorageError) -> MountCheckReport {
        if request.needsStore, let store = try openIfThere(path, isNeeded: request.namesImageOrContainer) {
            return try store.checkMounts(request)
        }
        // Who has no home directory has no store, and needs none here.
        let location = try? StoreLocation.resolve(path)
        let root = location.flatMap { HostPath.resolved($0) }
        return try MountCheck(store: nil, storePath: root, request: request).run()
    }

    /// As ``checkMounts(_:at:)``, in this store.
    public func checkMounts(_ request: MountCheckRequest) throws(StorageError) -> MountCheckReport {
        try MountCheck(store: self, storePath: rootPath, request: request).run()
    }

    /// Says whether a user could use the mounts of a container on the image, for whoever is about to make or run it.
    ///
    /// The store's policy counts. Cost: some system calls for each component of each source.
    ///
    /// - Parameters:
    ///   - mounts: as planned; volumes that do not exist are judged as they would be made.
    ///   - subject: in numbers of the container.
    public func checkMounts(
        _ mounts: [MountSpec], for subject: MountSubject, image: Image? = nil
    ) throws(StorageError) -> MountCheckReport {
        try MountCheck(store: self, storePath: rootPath, request: MountCheckRequest(mounts: .none))
            .assess(
                mounts, for: subject,
                image: try image.map { image throws(StorageError) in
                    CheckedImage(name: image.id.description, stack: try layers.stack(to: image.topLayer), user: "")
                })
    }

    private static func openIfThere(_ path: String?, isNeeded: Bool) throws(StorageError) -> Store? {
        do throws(StorageError) {
            return try open(at: path, create: false, sweeps: false)
        } catch  where error.code == .notFound && !isNeeded {
            return nil
        }
    }
}

extension MountCheckRequest {
    /// Whether anything is named that only a store can know.
    fileprivate var needsStore: Bool {
        namesImageOrContainer || mounts.mounts.contains { $0.spec.volumeName != nil }
    }

    fileprivate var namesImageOrContainer: Bool {
        image != nil || !mounts.volumesFrom.isEmpty
            || mounts.mounts.contains { if case .image = $0.spec.content { true } else { false } }
    }
}
