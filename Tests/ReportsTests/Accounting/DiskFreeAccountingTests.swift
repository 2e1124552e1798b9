import FileTree
import Reports
import StorageModel
import TestSupport
import Testing

/// Goal: the sums, the plan and the rest of the file system follow from the facts, whatever those are.
/// Method: facts made in code.
@Suite("The arithmetic of df") struct DiskFreeAccountingTests {
    private static let now = Timestamp(seconds: 1_700_000_000)

    private func facts(used: UInt64 = 1 << 30) -> DiskFreeFacts {
        DiskFreeFacts(
            takenAt: Self.now, rootPath: "/store",
            space: FileSystemRoom(totalBytes: 2 << 30, usedBytes: used, availableBytes: (1 << 30) - used / 2))
    }

    private func size(_ bytes: UInt64, errors: UInt64 = 0) -> MeasuredSize {
        var totals = UsageTotals()
        (totals.allocatedBytes, totals.errors) = (bytes, errors)
        return MeasuredSize(totals: totals, measuredAt: Self.now)
    }

    private func volume(
        _ name: String, _ bytes: UInt64?, users: [String] = [], options: [String: String] = [:],
        isAnonymous: Bool = false, isProtected: Bool = false, isHeld: Bool = false
    ) throws -> DiskFreeFacts.VolumeFact {
        let volume = Volume(
            name: try VolumeName(name), createdAt: Self.now, options: options, isAnonymous: isAnonymous,
            isProtected: isProtected)
        return .init(
            details: VolumeDetails(volume: volume, mountpoint: "/store/volumes/\(name)/_data", references: users),
            isHeld: isHeld, size: bytes.map { size($0) })
    }

    private func container(
        _ number: Int, image: Int, bytes: UInt64, isActive: Bool = false
    ) throws -> DiskFreeFacts.ContainerFact {
        let id = try #require(ContainerID(LayerModel.digest(number).hex))
        let container = Container(
            id: id, name: try ContainerName("c\(number)"), image: LayerModel.digest(image), imageName: "i",
            createdAt: Self.now, settings: ContainerSettings())
        return .init(container: container, isActive: isActive, size: size(bytes), upper: size(bytes / 2))
    }

    private func image(_ id: Int, top: Int?, names: [String] = ["named:1"]) throws -> DiskFreeFacts.ImageFact {
        .init(
            image: Image(
                id: LayerModel.digest(id), topLayer: top.map(LayerModel.digest), loadedAt: Self.now,
                tags: try names.map { try ImageReference($0) }),
            blobBytes: 4096)
    }

    @Test("a volume that three containers use is active once, and its options do not hide it")
    func volumes() throws {
        var facts = facts()
        facts.volumes = [
            try volume("a", 100, users: ["c1", "c2", "c3"]), try volume("b", 10, options: ["size": "1m"]),
            try volume("elsewhere", 1000, options: ["type": "none", "o": "bind", "device": "/srv"]),
            try volume("held", 1, isHeld: true), try volume("protected", 2, isProtected: true),
        ]
        let report = DiskFreeAccounting.report(facts)
        #expect(report.volumes.totalCount == 5)
        #expect(report.volumes.activeCount == 2)
        #expect(report.volumes.sizeBytes == 113, "what is elsewhere takes nothing of the store")
        #expect(report.volumes.reclaimableBytes == 10)
        #expect(report.volumeItems.map(\.reclaimableBytes) == [0, 10, 0, 0, 0])
        #expect(report.plan.map(\.command) == ["holdfast volume prune --all"])
        #expect(!report.isLowerBound)
    }

    @Test(
        "the plan has each command with its own figure, the largest first, and none that does no more than a gentler one"
    )
    func plan() throws {
        var facts = facts()
        facts.layers = [(0, nil, 100), (1, 0, 10), (2, nil, 7), (3, nil, 50)].map {
            .init(id: LayerModel.digest($0.0), parent: $0.1.map(LayerModel.digest), sizeBytes: $0.2 * 4096)
        }
        facts.images = [
            try image(10, top: 1), try image(11, top: 0, names: []), try image(12, top: 2),
            try image(13, top: nil, names: []),
        ]
        facts.containers = [
            try container(20, image: 10, bytes: 4096), try container(21, image: 12, bytes: 8192, isActive: true),
        ]
        facts.volumes = [
            try volume("anonymous", 4096 * 3, isAnonymous: true), try volume("used", 4096 * 9, users: ["c20"]),
        ]
        facts.cache = [
            .init(kind: .staging, path: "staging/x", allocatedBytes: 4096 * 2, isActive: true, errors: 0),
            .init(kind: .trash, path: "trash/y", allocatedBytes: 4096 * 4, isActive: false, errors: 0),
        ]
        let report = DiskFreeAccounting.report(facts)
        #expect(
            report.plan == [
                PruneStep(command: "holdfast check --repair", count: 2, reclaimableBytes: 4096 * 54),
                PruneStep(command: "holdfast volume prune", count: 1, reclaimableBytes: 4096 * 3),
                PruneStep(command: "holdfast image prune", count: 2, reclaimableBytes: 4096 * 2),
                PruneStep(command: "holdfast container prune", count: 1, reclaimableBytes: 4096),
            ])
        // The container, the images 10, 11 and 13 with the layers 0 and 1, both volumes, and what is left over.
        #expect(report.planBytes == 4096 * (1 + 3 + 110 + 12 + 54))
        #expect(report.images.activeCount == 2)
        #expect(report.images.sizeBytes == 4096 * (117 + 4))
        #expect(report.images.reclaimableBytes == 4096 * 2, "all layers of unused images are needed by used ones")
        #expect(report.layers.sizeBytes == 4096 * 167)
        #expect(report.cache.activeCount == 1)
        #expect(report.imageItems.map(\.reclaimableBytes) == [0, 4096, 0, 4096])
        #expect(report.imageItems.map(\.uniqueBytes) == [4096 * 11, 4096, 4096 * 8, 4096])
    }

    @Test("the rest of the file system is explained, and shared extents never make it negative")
    func unaccounted() throws {
        var facts = facts(used: 1000)
        facts.volumes = [try volume("a", 300)]
        facts.storeBytes = 100
        facts.deletedOpenFiles = [
            .init(path: Array("/a".utf8), allocatedBytes: 50, process: 9, command: "b"),
            .init(path: Array("/b".utf8), allocatedBytes: 200, process: 8, command: "a"),
        ]
        facts.backups = [
            .init(
                destination: "/b", archives: 1, archiveBytes: 40, archiveApparentBytes: 1, otherBytes: 10, errors: 0,
                isOnStoreFileSystem: true),
            .init(
                destination: "/c", archives: 1, archiveBytes: 7, archiveApparentBytes: 1, otherBytes: 0, errors: 0,
                isOnStoreFileSystem: false),
        ]
        let share = DiskFreeAccounting.report(facts).fileSystem
        #expect(share.knownBytes == 450)
        #expect(share.unaccountedBytes == 550)
        #expect(share.deletedOpenBytes == 250)
        #expect(share.otherBytes == 300)
        #expect(share.deletedOpenFiles.map(\.process) == [8, 9])
        #expect(share.usedBytes + share.reservedBytes + share.availableBytes == share.totalBytes)
        facts.volumes = [try volume("a", 5000)]
        let shared = DiskFreeAccounting.report(facts).fileSystem
        #expect(shared.unaccountedBytes == 0)
        #expect(shared.overcountedBytes == 4150)
        #expect(shared.otherBytes == 0)
    }

    @Test("what could not be read makes a lower bound, of the sum that it is in")
    func lowerBound() throws {
        var facts = facts()
        facts.volumes = [try volume("a", nil)]
        #expect(DiskFreeAccounting.report(facts).volumes.isLowerBound)
        #expect(DiskFreeAccounting.report(facts).plan.isEmpty)
        facts.volumes = [try volume("a", nil, options: ["type": "nfs", "device": "nas:/x"])]
        #expect(!DiskFreeAccounting.report(facts).isLowerBound, "it takes nothing of the store")
        let unread = try container(1, image: 1, bytes: 1)
        facts.containers = [
            .init(container: unread.container, isActive: false, size: size(10, errors: 1), upper: nil)
        ]
        let report = DiskFreeAccounting.report(facts)
        #expect(report.containers.isLowerBound && !report.volumes.isLowerBound && report.isLowerBound)
    }

    @Test("the largest numbers that a catalog can hold are summed up without harm")
    func extremes() throws {
        var facts = facts(used: 0)
        facts.layers = (0..<3).map { .init(id: LayerModel.digest($0), parent: nil, sizeBytes: UInt64(Int64.max)) }
        facts.images = try (0..<3).map { try image(10 + $0, top: $0) }
        facts.volumes = [try volume("a", .max), try volume("b", .max)]
        let report = DiskFreeAccounting.report(facts)
        #expect(report.images.sizeBytes == .max && report.volumes.sizeBytes == .max && report.planBytes == .max)
        #expect(report.volumes.reclaimablePercent == 100)
    }

    @Test("a size is fresh for so long, and never if it comes from the future")
    func freshness() {
        let size = size(1)
        let quarter = TimeSpan(seconds: 900)
        #expect(size.isFresh(within: quarter, at: Self.now))
        #expect(size.isFresh(within: quarter, at: Timestamp(seconds: Self.now.seconds + 900)))
        #expect(!size.isFresh(within: quarter, at: Timestamp(seconds: Self.now.seconds + 901)))
        #expect(!size.isFresh(within: quarter, at: Timestamp(seconds: Self.now.seconds - 1)), "the clock went back")
    }
}
