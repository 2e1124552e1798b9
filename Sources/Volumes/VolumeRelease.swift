package import Catalog
internal import FileTree
package import StorageModel

/// Volumes that go with the last container that has them, under their leases: held from before the transaction that removes
/// the container until ``finish()``.
package final class VolumeRelease {
    /// Those that stay, and why.
    package private(set) var kept: [KeptVolume] = []
    /// Those whose rows were removed.
    package private(set) var removed: [VolumeName] = []

    private let volumes: Volumes
    private var candidates: [OpenedVolume] = []

    /// Takes the leases. What somebody uses stays; what is gone already is no failure.
    package init(of names: [VolumeName], in volumes: Volumes) throws(StorageError) {
        self.volumes = volumes
        for name in names {
            do throws(StorageError) {
                let opened = try volumes.openWithoutData(name, for: .changing)
                try volumes.refuseMountsInside(opened, exceptDevice: try volumes.device(of: opened.volume) != nil)
                try volumes.refuseIfUsed(opened)
                candidates.append(opened)
            } catch  where error.code == .inUse {
                kept.append(KeptVolume(name: name, reason: error.message))
            } catch  where error.code == .notFound || error.code == .damaged {}
        }
    }

    /// Removes the rows of those that no container mounts any more.
    package func remove(in transaction: Transaction) throws(StorageError) {
        for opened in candidates {
            let name = opened.volume.name
            guard let volume = try transaction.volume(named: name) else { continue }
            if volume.isProtected {
                kept.append(KeptVolume(name: name, reason: "it is protected"))
                continue
            }
            if let user = try transaction.containers(mounting: name).first {
                kept.append(KeptVolume(name: name, reason: "container '\(user)' has it too"))
                continue
            }
            if try transaction.remove(name) { removed.append(name) }
        }
    }

    /// Deletes the data of those whose rows were removed, and lets go of the leases.
    package func finish() throws(StorageError) {
        defer { candidates = [] }
        for opened in candidates where removed.contains(opened.volume.name) {
            let name = opened.volume.name
            // Nobody had it when it was looked at, and nobody can get it any more.
            try volumes.attempt("unmount volume '\(name)'", name) { () throws(FileError) in
                _ = try volumes.detach(opened, force: true)
            }
            volumes.releaseLimit(opened)
            try volumes.records.discard(name.bytes)
        }
        removed.sort()
        kept.sort { $0.name < $1.name }
    }
}
