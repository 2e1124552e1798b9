internal import FileTree
package import StorageModel

/// Turns what was found out about a store into the report of `df`: sums, what each thing really frees, and the plan.
///
/// Pure arithmetic: the same facts give the same report. What counts as unused is what the `prune` commands remove.
package struct DiskFreeAccounting {
    private let facts: DiskFreeFacts
    private let layers: LayerAccounting
    /// The images that a container is made of or mounts.
    private let usedImages: Set<Digest>

    package static func report(_ facts: DiskFreeFacts) -> DiskFreeReport { DiskFreeAccounting(facts).report() }

    private init(_ facts: DiskFreeFacts) {
        self.facts = facts
        layers = LayerAccounting(layers: facts.layers, tops: facts.images.map(\.image.topLayer))
        usedImages = Self.images(of: facts.containers)
    }

    private static func images(of containers: some Sequence<DiskFreeFacts.ContainerFact>) -> Set<Digest> {
        Set(containers.flatMap { [$0.container.image] + $0.container.mounts.compactMap(\.image) })
    }

    private func report() -> DiskFreeReport {
        let (containers, volumes) = (facts.containers.map(item), facts.volumes.map(item))
        let cache = facts.cache + leftoverLayers()
        let (images, cacheSum) = (imageSum(), Self.sum(cache))
        let (containerSum, volumeSum) = (Self.sum(containers), Self.sum(volumes))
        let plan = plan(containers, volumes, cache)
        return DiskFreeReport(
            takenAt: facts.takenAt, rootPath: facts.rootPath, images: images, imageItems: imageItems(),
            layers: layerSum(), layerItems: layerItems(), containers: containerSum, containerItems: containers,
            volumes: volumeSum, volumeItems: volumes, backups: Self.sum(facts.backups), backupItems: facts.backups,
            cache: cacheSum, cacheItems: cache,
            fileSystem: share(known: [images, containerSum, volumeSum, cacheSum].map(\.sizeBytes).clampedSum),
            plan: plan, planBytes: planBytes(cacheSum), failures: facts.failures)
    }

    private func isUsed(_ number: Int) -> Bool { usedImages.contains(facts.images[number].image.id) }
}

// MARK: Images and layers

extension DiskFreeAccounting {
    /// What removing these images together frees: the layers that nothing else needs, and the configurations.
    private func freedBytes(removing images: (Int) -> Bool) -> UInt64 {
        let blobs = facts.images.indices.lazy.filter(images).map { facts.images[$0].blobBytes }.clampedSum
        return layers.sizeBytes(of: layers.freed(removing: images)).clampedSum(blobs)
    }

    private func imageSum() -> SpaceSum {
        var sum = SpaceSum()
        sum.totalCount = facts.images.count
        sum.activeCount = facts.images.indices.count(where: isUsed)
        sum.sizeBytes = layers.sizeBytes(of: layers.needed { _ in true })
            .clampedSum(facts.images.lazy.map(\.blobBytes).clampedSum)
        sum.reclaimableBytes = freedBytes { !isUsed($0) }
        return sum
    }

    private func imageItems() -> [ImageSpace] {
        zip(facts.images, layers.shares()).map { fact, share in
            let users = facts.containers.filter {
                $0.container.image == fact.image.id || $0.container.mounts.contains { $0.image == fact.image.id }
            }
            let unique = share.uniqueBytes.clampedSum(fact.blobBytes)
            return ImageSpace(
                image: fact.image, layers: share.layers, sizeBytes: share.sizeBytes.clampedSum(fact.blobBytes),
                sharedBytes: share.sizeBytes - share.uniqueBytes, uniqueBytes: unique,
                reclaimableBytes: users.isEmpty ? unique : 0, containers: users.map(\.container.name))
        }
    }

    private func layerSum() -> SpaceSum {
        var sum = SpaceSum()
        sum.totalCount = facts.layers.count
        sum.activeCount = layers.needed(by: isUsed).count { $0 }
        sum.sizeBytes = facts.layers.lazy.map(\.sizeBytes).clampedSum
        sum.reclaimableBytes = layers.sizeBytes(of: layers.freed { !isUsed($0) })
        return sum
    }

    private func layerItems() -> [LayerSpace] {
        let (active, freed) = (layers.needed(by: isUsed), layers.freed { !isUsed($0) })
        return facts.layers.enumerated().map { number, layer in
            LayerSpace(
                chainID: layer.id, parent: layer.parent, sizeBytes: layer.sizeBytes,
                images: layers.imageCounts[number], isActive: active[number], isReclaimable: freed[number])
        }
    }

    private func leftoverLayers() -> [CacheSpace] {
        zip(facts.layers, layers.leftovers()).filter { $1 }.map { layer, _ in
            CacheSpace(
                kind: .layer, path: "layers/\(layer.id.hex)", allocatedBytes: layer.sizeBytes, isActive: false,
                errors: 0)
        }
    }
}

// MARK: Containers, volumes, and the rest

extension DiskFreeAccounting {
    private func item(_ fact: DiskFreeFacts.ContainerFact) -> ContainerSpace {
        ContainerSpace(
            container: fact.container, isActive: fact.isActive, size: fact.size, upper: fact.upper,
            reclaimableBytes: fact.isActive ? 0 : fact.size?.totals.allocatedBytes ?? 0)
    }

    private func item(_ fact: DiskFreeFacts.VolumeFact) -> VolumeSpace {
        VolumeSpace(
            details: fact.details, isInStore: fact.isInStore,
            isActive: fact.isHeld || !fact.details.references.isEmpty, size: fact.size,
            reclaimableBytes: fact.isFree ? fact.size?.freedBytes ?? 0 : 0)
    }

    private static func isPrunable(_ volume: Volume) -> Bool { !volume.isProtected }

    private static func sum(_ items: [ContainerSpace]) -> SpaceSum {
        var sum = SpaceSum()
        sum.totalCount = items.count
        sum.activeCount = items.count(where: \.isActive)
        sum.sizeBytes = items.lazy.map { $0.size?.totals.allocatedBytes ?? 0 }.clampedSum
        sum.reclaimableBytes = items.lazy.map(\.reclaimableBytes).clampedSum
        sum.isLowerBound = items.contains { $0.size?.isLowerBound ?? true }
        return sum
    }

    private static func sum(_ items: [VolumeSpace]) -> SpaceSum {
        var sum = SpaceSum()
        sum.totalCount = items.count
        sum.activeCount = items.count(where: \.isActive)
        sum.sizeBytes = items.lazy.map(\.storedBytes).clampedSum
        sum.reclaimableBytes = items.lazy.map(\.reclaimableBytes).clampedSum
        sum.isLowerBound = items.contains { $0.size?.isLowerBound ?? $0.isInStore }
        return sum
    }

    private static func sum(_ items: [BackupSpace]) -> SpaceSum {
        var sum = SpaceSum()
        sum.totalCount = items.reduce(0) { $0 + $1.archives }
        sum.activeCount = sum.totalCount
        sum.sizeBytes = items.lazy.map { $0.archiveBytes.clampedSum($0.otherBytes) }.clampedSum
        sum.isLowerBound = items.contains { $0.errors > 0 }
        return sum
    }

    private static func sum(_ items: [CacheSpace]) -> SpaceSum {
        var sum = SpaceSum()
        sum.totalCount = items.count
        sum.activeCount = items.count(where: \.isActive)
        sum.sizeBytes = items.lazy.map(\.allocatedBytes).clampedSum
        sum.reclaimableBytes = items.lazy.filter { !$0.isActive }.map(\.allocatedBytes).clampedSum
        sum.isLowerBound = items.contains { $0.errors > 0 }
        return sum
    }

    /// - Parameter known: what the store's images, containers, volumes and work in progress take.
    private func share(known: UInt64) -> FileSystemShare {
        let backups = facts.backups.lazy.filter(\.isOnStoreFileSystem).map {
            $0.archiveBytes.clampedSum($0.otherBytes)
        }.clampedSum
        let known = known.clampedSum(facts.storeBytes).clampedSum(backups)
        let used = facts.space.usedBytes
        return FileSystemShare(
            totalBytes: facts.space.totalBytes, usedBytes: used, availableBytes: facts.space.availableBytes,
            reservedBytes: facts.space.reservedBytes, storeBytes: facts.storeBytes, knownBytes: known,
            unaccountedBytes: used - min(known, used), overcountedBytes: known - min(known, used),
            deletedOpenFiles: facts.deletedOpenFiles.sorted(by: Self.isBefore),
            seesAllProcesses: facts.seesAllProcesses)
    }

    private static func isBefore(_ left: DeletedOpenFile, _ right: DeletedOpenFile) -> Bool {
        if left.allocatedBytes != right.allocatedBytes { return left.allocatedBytes > right.allocatedBytes }
        if left.process != right.process { return left.process < right.process }
        return left.path.lexicographicallyPrecedes(right.path)
    }
}

// MARK: The plan

extension DiskFreeAccounting {
    /// Each step by itself, as it would be done now; a step that a gentler one does as well is left out.
    private func plan(
        _ containers: [ContainerSpace], _ volumes: [VolumeSpace], _ cache: [CacheSpace]
    ) -> [PruneStep] {
        let isUnnamed = { (number: Int) -> Bool in facts.images[number].image.tags.isEmpty && !isUsed(number) }
        let isUnused = { (number: Int) -> Bool in !isUsed(number) }
        let free = volumes.filter { isFree($0) }
        let anonymous = free.filter(\.details.volume.isAnonymous)
        let idle = containers.filter { !$0.isActive && $0.size != nil }
        let numbers = facts.images.indices
        var steps = gentler(
            ("image prune", numbers.count(where: isUnnamed), freedBytes(removing: isUnnamed)),
            ("image prune --all", numbers.count(where: isUnused), freedBytes(removing: isUnused)))
        steps += gentler(
            ("volume prune", anonymous.count, anonymous.lazy.map(\.reclaimableBytes).clampedSum),
            ("volume prune --all", free.count, free.lazy.map(\.reclaimableBytes).clampedSum))
        steps.append(("container prune", idle.count, idle.lazy.map(\.reclaimableBytes).clampedSum))
        steps.append(repair(cache))
        return steps.filter { $0.1 > 0 }.map {
            PruneStep(command: "holdfast \($0.0)", count: $0.1, reclaimableBytes: $0.2)
        }.sorted { ($1.reclaimableBytes, $0.command) < ($0.reclaimableBytes, $1.command) }
    }

    private typealias Step = (String, Int, UInt64)

    private func gentler(_ step: Step, _ all: Step) -> [Step] { all.1 > step.1 ? [step, all] : [step] }

    private func repair(_ cache: [CacheSpace]) -> Step {
        let left = cache.filter { !$0.isActive }
        return ("check --repair", left.count, left.lazy.map(\.allocatedBytes).clampedSum)
    }

    private func isFree(_ volume: VolumeSpace) -> Bool {
        Self.isPrunable(volume.details.volume) && volume.isInStore && !volume.isActive && volume.size != nil
    }

    /// All idle containers go, then the images and the volumes that nothing is left to need, then what crashes left.
    private func planBytes(_ cache: SpaceSum) -> UInt64 {
        let (kept, idle) = (facts.containers.filter(\.isActive), facts.containers.filter { !$0.isActive })
        let keptImages = Self.images(of: kept)
        let images = freedBytes { !keptImages.contains(facts.images[$0].image.id) }
        let keptNames = Set(kept.map(\.container.name.rawValue))
        let volumes = facts.volumes.lazy.filter { fact in
            Self.isPrunable(fact.details.volume) && fact.isInStore && !fact.isHeld
                && !fact.details.references.contains(where: keptNames.contains)
        }
        return [
            idle.lazy.map { $0.size?.totals.allocatedBytes ?? 0 }.clampedSum, images,
            volumes.map { $0.size?.freedBytes ?? 0 }.clampedSum, cache.reclaimableBytes,
        ].clampedSum
    }
}
