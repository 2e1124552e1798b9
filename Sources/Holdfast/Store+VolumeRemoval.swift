internal import Catalog
internal import Containers
public import StorageModel
internal import Volumes

extension Store {
    /// Removes a volume with its data, at once and for good.
    ///
    /// - Parameter force: removes it although processes have it mounted or open. A protected volume, one that a container's
    ///   record mounts, one that has something mounted inside, and one that a backup or restore is working on are refused
    ///   all the same.
    /// - Throws: ``StorageError/Code/inUse`` naming the holder, ``StorageError/Code/notFound``.
    public func removeVolume(_ name: VolumeName, force: Bool = false) throws(StorageError) {
        do throws(StorageError) {
            try volumes.remove(name, force: force)
        } catch  where error.code == .inUse {
            throw try explain(error, of: name)
        }
    }

    /// Removes the volumes that nothing uses: anonymous ones, and with `all` those with names too.
    ///
    /// Never removed are protected volumes, those that a container mounts (running or not), those whose data a process or a
    /// mount uses in any mount namespace, those that Holdfast works on, and those whose driver options put their data
    /// elsewhere. Others may create, use and prune volumes meanwhile.
    ///
    /// - Parameters:
    ///   - filter: which volumes are meant; the report has no others.
    ///   - isDryRun: says what would go, and changes nothing.
    /// - Returns: each volume with what happened to it and why.
    public func pruneVolumes(
        matching filter: VolumeFilter = .all, all: Bool = false, isDryRun: Bool = false, checkpoint: Checkpoint
    ) throws(StorageError) -> VolumePruneReport {
        try volumes.prune(matching: filter, all: all, isDryRun: isDryRun, checkpoint: checkpoint)
    }

    /// Says of containers that stand in the way what a person needs to know: where they have the volume, and where they are
    /// mounted themselves. Other errors are given back as they are.
    private func explain(_ error: StorageError, of name: VolumeName) throws(StorageError) -> StorageError {
        var phrases: [String] = []
        var first: ContainerName?
        let users = try catalog.read { transaction throws(StorageError) in try transaction.containers(mounting: name) }
        for user in users {
            guard let container = try? containers.container(user.rawValue) else { continue }
            let places = container.mounts.filter { $0.spec.volumeName == name }.map {
                "'\($0.spec.destination.rawValue.printable(limit: 200))'"
            }
            var phrase = "container '\(user)', which has it at \(places.joined(separator: " and "))"
            if let details = try? containers.details(of: container), details.isMounted {
                phrase += " and is mounted at '\(details.mergedPath.printable())'"
            }
            first = first ?? user
            phrases.append(phrase)
        }
        guard let first, let phrase = phrases.first else { return error }
        return StorageError(
            .inUse, object: name.rawValue, "volume '\(name)' is in use by \(phrase)",
            hint: "remove the container first: holdfast container rm \(first)",
            causes: phrases.dropFirst().map { "also by \($0)" })
    }
}
