internal import Archive
internal import Catalog
internal import Containers
internal import FileTree
internal import Images
internal import Layers
public import StorageModel
internal import Volumes

/// Compares what the catalog says with what lies on disk, and on demand every byte of every layer with its digests.
struct StoreCheck: ~Copyable {
    private let store: Store
    private let readsData: Bool
    private let repairs: Bool
    private let checkpoint: Checkpoint
    private var report = CheckReport()

    init(_ store: Store, readsData: Bool, repairs: Bool, checkpoint: Checkpoint) {
        self.store = store
        self.readsData = readsData
        self.repairs = repairs
        self.checkpoint = checkpoint
    }

    consuming func run() throws(StorageError) -> CheckReport {
        for leftover in store.leftovers {
            add(.leftover, leftover.object, [leftover.message], repair: nil)
        }
        try checkVolumes()
        try checkContainers()
        let damagedImages = try checkImages()
        let damagedLayers = try checkLayers()
        try repair(images: damagedImages, layers: damagedLayers)
        try removeUnused()
        return report
    }

    // MARK: Looking

    private mutating func checkVolumes() throws(StorageError) {
        for volume in try store.volumes.list() {
            report.volumes += 1
            if try store.volumes.hasDirectory(volume.name) { continue }
            guard try store.volumes.lacksData(volume) else { continue }
            var reasons = ["its data directory is missing"]
            var repair: String?
            if repairs {
                do throws(StorageError) {
                    try store.volumes.remove(volume.name, force: false)
                    repair = "its record was removed"
                } catch  where error.code == .inUse {
                    reasons.append(error.message)
                }
            }
            add(.volume, volume.name.rawValue, reasons, repair: repair)
        }
    }

    private mutating func checkContainers() throws(StorageError) {
        for container in try store.containers.list() {
            report.containers += 1
            do throws(StorageError) {
                _ = try store.containers.open(container, for: .using)
            } catch  where error.code == .damaged {
                if repairs { try store.containers.remove(container, force: true) }
                add(.container, container.name.rawValue, [error.message], repair: repairs ? "it was removed" : nil)
            } catch  where error.code == .inUse {}
        }
    }

    /// - Returns: the images whose configuration is not what it was.
    private mutating func checkImages() throws(StorageError) -> [Digest: [String]] {
        var damaged: [Digest: [String]] = [:]
        let all = try store.catalog.read { transaction throws(StorageError) in try transaction.images() }
        for image in all {
            report.images += 1
            do throws(StorageError) {
                let configuration = try store.images.configuration(of: image.id)
                if ChainID.chain(configuration.diffIDs).last != image.topLayer {
                    damaged[image.id] = ["the catalog says that it has other layers than its configuration"]
                }
            } catch  where error.code == .damaged || error.code == .truncated || error.code == .limitExceeded {
                damaged[image.id] = [error.message]
            }
        }
        return damaged
    }

    /// - Returns: the layers that are not what was unpacked.
    private mutating func checkLayers() throws(StorageError) -> [Digest: [String]] {
        var damaged: [Digest: [String]] = [:]
        let all = try store.catalog.read { transaction throws(StorageError) in try transaction.layers() }
        let entries = all.reduce(0) { $0 + $1.entries }
        let bytes = all.reduce(0) { $0 + $1.apparentBytes }
        if readsData { checkpoint.progress.begin("checking layers", totalEntries: entries, totalBytes: bytes) }
        for layer in all {
            report.layers += 1
            let reasons = try examine(layer)
            if !reasons.isEmpty { damaged[layer.chainID] = reasons }
        }
        return damaged
    }

    private func examine(_ layer: Layer) throws(StorageError) -> [String] {
        do throws(StorageError) {
            guard readsData else {
                try store.layers.tar(of: layer.chainID, checkpoint: checkpoint).finish()
                return []
            }
            return try LayerVerifier(layer, in: store.layers, checkpoint: checkpoint).run()
        } catch  where error.code == .damaged || error.code == .truncated {
            return [error.message]
        }
    }

    // MARK: Repairing

    /// Removes damaged images, images that need a damaged layer, and the damaged layers.
    ///
    /// An image that a container is made of stays: its damaged layers are taken away, so that bringing the image in once more
    /// puts them back.
    private mutating func repair(
        images damagedImages: [Digest: [String]], layers damagedLayers: [Digest: [String]]
    ) throws(StorageError) {
        let all = try store.catalog.read { transaction throws(StorageError) in try transaction.images() }
        var kept = Set<Digest>()
        for image in all {
            let needed = try chain(of: image).filter { damagedLayers[$0] != nil }
            guard !needed.isEmpty || damagedImages[image.id] != nil else { continue }
            var reasons = damagedImages[image.id] ?? []
            if !needed.isEmpty {
                reasons.append("needs damaged layers: \(needed.map(\.short).joined(separator: ", "))")
            }
            let name = image.tags.first?.description ?? image.id.short
            report.imagesToLoad.append(name)
            let repair = repairs ? try remove(image) : nil
            if repairs && repair == nil {
                kept.formUnion(needed)
                reasons.append("a container is made of it, so it stays; load or pull it again")
            }
            add(.image, name, reasons, repair: repair)
        }
        for (layer, reasons) in damagedLayers.sorted(by: { $0.key.hex < $1.key.hex }) {
            add(.layer, layer.short, reasons, repair: repairs ? try remove(layer, isKept: kept.contains(layer)) : nil)
        }
    }

    private func chain(of image: Image) throws(StorageError) -> [Digest] {
        guard let top = image.topLayer else { return [] }
        return try store.catalog.read { transaction throws(StorageError) in
            try transaction.chain(to: top).map(\.chainID)
        }
    }

    /// - Returns: what was done; `nil` if a container needs the image.
    private func remove(_ image: Image) throws(StorageError) -> String? {
        do throws(StorageError) {
            let removal = try store.catalog.transaction { transaction throws(StorageError) in
                var removal = ImageRemoval()
                try Store.remove(image, in: transaction, into: &removal)
                return removal
            }
            try store.discard(removal)
            return "it was removed"
        } catch  where error.code == .inUse {
            return nil
        }
    }

    private func remove(_ layer: Digest, isKept: Bool) throws(StorageError) -> String? {
        let isGone = try store.catalog.read { transaction throws(StorageError) in try transaction.layer(layer) == nil }
        if isGone { return "it was removed" }
        guard isKept else {
            let removed = try store.catalog.transaction { transaction throws(StorageError) in
                try LayerStore.removeUnused(from: layer, in: transaction)
            }
            try store.layers.discard(removed)
            return removed.contains(layer) ? "it was removed" : nil
        }
        try store.layers.takeAway(layer)
        try forgetPopulations()
        return nil
    }

    /// What was copied out of a damaged layer is kept beside those that lie on it.
    private func forgetPopulations() throws(StorageError) {
        let names = try store.catalog.read { transaction throws(StorageError) in try transaction.layerNames() }
        for layer in names.compactMap({ Digest(hex: $0) }) where try store.layers.isWhole(layer) {
            let home = try store.layers.home(of: layer)
            do throws(FileError) { try KeptPopulation.forget(in: home) } catch {
                throw StorageError(error, doing: "forget the populations of layer \(layer.short)", object: layer.hex)
            }
        }
    }

    /// Layers that no image needs and no layer lies on are leftovers: whoever made them lost them.
    private mutating func removeUnused() throws(StorageError) {
        let unused = try store.catalog.read { transaction throws(StorageError) in try transaction.unusedLayers() }
        for layer in unused {
            if repairs {
                let removed = try store.catalog.transaction { transaction throws(StorageError) in
                    try LayerStore.removeUnused(from: layer, in: transaction)
                }
                try store.layers.discard(removed)
            }
            add(.leftover, "layer \(layer.short)", ["no image needs it"], repair: repairs ? "it was removed" : nil)
        }
    }

    private mutating func add(
        _ kind: CheckReport.Finding.Kind, _ object: String, _ reasons: [String], repair: String?
    ) {
        report.findings.append(.init(kind: kind, object: object, reasons: reasons, repair: repair))
    }
}

extension Store {
    /// Checks that the store is whole: that everything in the catalog is on disk and that configurations of images have their
    /// digests; with `readsData` also that every byte, owner, mode, time and attribute of every layer is as it was unpacked.
    ///
    /// What crashes left behind was swept when the store was opened. With `repairs` what is damaged is removed and the images
    /// that must be loaded again are named; volumes and containers with their data are never touched.
    public func check(
        readsData: Bool, repairs: Bool, checkpoint: Checkpoint
    ) throws(StorageError) -> CheckReport {
        try StoreCheck(self, readsData: readsData, repairs: repairs, checkpoint: checkpoint).run()
    }
}
