internal import Holdfast
internal import StorageModel

/// What `df --json` prints. The keys are a promise to scripts.
struct DiskFreeJSON {
    private let report: DiskFreeReport
    private let showsLayers: Bool

    init(_ report: DiskFreeReport, showsLayers: Bool) {
        self.report = report
        self.showsLayers = showsLayers
    }

    var document: JSONValue {
        var members: [String: JSONValue] = [
            "takenAt": .string(report.takenAt.description), "root": .string(report.rootPath),
            "lowerBound": .boolean(report.isLowerBound),
            "oldestMeasuredAt": .optional(report.oldestRemembered?.description), "fileSystem": fileSystem,
            "unaccountedBytes": .unsigned(report.fileSystem.unaccountedBytes), "unaccounted": unaccounted,
            "planBytes": .unsigned(report.planBytes),
            "failures": .array(report.failures.map { .string($0.message) }),
        ]
        members["images"] = group(report.images, report.imageItems.map { json($0) })
        members["layers"] = group(report.layers, showsLayers ? report.layerItems.map { json($0) } : nil)
        members["containers"] = group(report.containers, report.containerItems.map { json($0) })
        members["volumes"] = group(report.volumes, report.volumeItems.map { json($0) })
        members["backups"] = group(report.backups, report.backupItems.map { json($0) })
        members["cache"] = group(report.cache, report.cacheItems.map { json($0) })
        members["plan"] = .array(report.plan.map { json($0) })
        return .object(members)
    }

    private func group(_ sum: SpaceSum, _ items: [JSONValue]?) -> JSONValue {
        var members: [String: JSONValue] = [
            "totalCount": .unsigned(UInt64(sum.totalCount)), "activeCount": .unsigned(UInt64(sum.activeCount)),
            "sizeBytes": .unsigned(sum.sizeBytes), "reclaimableBytes": .unsigned(sum.reclaimableBytes),
            "lowerBound": .boolean(sum.isLowerBound),
        ]
        if let items { members["items"] = .array(items) }
        return .object(members)
    }

    private func json(_ item: ImageSpace) -> JSONValue {
        [
            "id": .string(item.image.id.description), "names": .array(item.image.tags.map { .string($0.description) }),
            "layers": .unsigned(UInt64(item.layers)), "sizeBytes": .unsigned(item.sizeBytes),
            "sharedBytes": .unsigned(item.sharedBytes), "uniqueBytes": .unsigned(item.uniqueBytes),
            "reclaimableBytes": .unsigned(item.reclaimableBytes),
            "containers": .array(item.containers.map { .string($0.rawValue) }),
        ]
    }

    private func json(_ item: LayerSpace) -> JSONValue {
        [
            "chainId": .string(item.chainID.description), "parent": .optional(item.parent?.description),
            "sizeBytes": .unsigned(item.sizeBytes), "images": .unsigned(UInt64(item.images)),
            "active": .boolean(item.isActive), "reclaimable": .boolean(item.isReclaimable),
        ]
    }

    private func json(_ item: ContainerSpace) -> JSONValue {
        var members = measured(item.size)
        members["id"] = .string(item.container.id.rawValue)
        members["name"] = .string(item.container.name.rawValue)
        members["image"] = .string(item.container.imageName)
        members["active"] = .boolean(item.isActive)
        members["sizeBytes"] = .optional(item.size?.totals.allocatedBytes)
        members["upperBytes"] = .optional(item.upper?.totals.allocatedBytes)
        members["reclaimableBytes"] = .unsigned(item.reclaimableBytes)
        return .object(members)
    }

    private func json(_ item: VolumeSpace) -> JSONValue {
        let volume = item.details.volume
        var members = measured(item.size)
        members["name"] = .string(volume.name.rawValue)
        members["driver"] = .string(volume.driver)
        members["options"] = .strings(LocalDriverOptions.shown(volume.options))
        members["anonymous"] = .boolean(volume.isAnonymous)
        members["protected"] = .boolean(volume.isProtected)
        members["references"] = .array(item.details.references.map { .string($0) })
        members["active"] = .boolean(item.isActive)
        members["inStore"] = .boolean(item.isInStore)
        members["sizeBytes"] = .unsigned(item.storedBytes)
        members["reclaimableBytes"] = .unsigned(item.reclaimableBytes)
        return .object(members)
    }

    /// What a measured size says; `null` for what was not measured.
    private func measured(_ size: MeasuredSize?) -> [String: JSONValue] {
        let isCounted = size?.method == .walk
        return [
            "allocatedBytes": .optional(size?.totals.allocatedBytes),
            "apparentBytes": .optional(isCounted ? size?.totals.apparentBytes : nil),
            "files": .optional(isCounted ? size?.totals.files : nil),
            "directories": .optional(isCounted ? size?.totals.directories : nil),
            "exclusiveBytes": .optional(size?.exclusiveBytes),
            "errors": .optional(size?.totals.errors), "method": .optional(size?.method.rawValue),
            "measuredAt": .optional(size?.measuredAt.description),
            "remembered": size.map { .boolean($0.isRemembered) } ?? .null,
        ]
    }

    private func json(_ item: BackupSpace) -> JSONValue {
        [
            "destination": .string(item.destination), "archives": .unsigned(UInt64(item.archives)),
            "allocatedBytes": .unsigned(item.archiveBytes), "apparentBytes": .unsigned(item.archiveApparentBytes),
            "otherBytes": .unsigned(item.otherBytes), "errors": .unsigned(item.errors),
            "onStoreFileSystem": .boolean(item.isOnStoreFileSystem),
        ]
    }

    private func json(_ item: CacheSpace) -> JSONValue {
        [
            "kind": .string(item.kind.rawValue), "path": .string(item.path),
            "allocatedBytes": .unsigned(item.allocatedBytes), "active": .boolean(item.isActive),
            "errors": .unsigned(item.errors),
        ]
    }

    private var fileSystem: JSONValue {
        let share = report.fileSystem
        return [
            "totalBytes": .unsigned(share.totalBytes), "usedBytes": .unsigned(share.usedBytes),
            "availableBytes": .unsigned(share.availableBytes), "reservedBytes": .unsigned(share.reservedBytes),
            "knownBytes": .unsigned(share.knownBytes), "storeBytes": .unsigned(share.storeBytes),
        ]
    }

    private var unaccounted: JSONValue {
        let share = report.fileSystem
        return [
            "deletedOpenFiles": .array(share.deletedOpenFiles.map { json($0) }),
            "deletedOpenBytes": .unsigned(share.deletedOpenBytes), "reservedBytes": .unsigned(share.reservedBytes),
            "otherBytes": .unsigned(share.otherBytes), "overcountedBytes": .unsigned(share.overcountedBytes),
            "allProcesses": .boolean(share.seesAllProcesses),
        ]
    }

    private func json(_ file: DeletedOpenFile) -> JSONValue {
        [
            "path": .string(String(decoding: file.path, as: UTF8.self)),
            "allocatedBytes": .unsigned(file.allocatedBytes), "pid": .integer(Int64(file.process)),
            "process": .string(file.command),
        ]
    }

    private func json(_ step: PruneStep) -> JSONValue {
        [
            "command": .string(step.command), "count": .unsigned(UInt64(step.count)),
            "reclaimableBytes": .unsigned(step.reclaimableBytes),
        ]
    }
}
