import Catalog
import Holdfast
import StorageModel
import TestSupport
import Testing
import Volumes

/// Goal: a clone has everything that its source has, and a change of labels changes nothing else. Method: fingerprints of
/// random trees; a file that is written meanwhile.
@Suite("Cloning and updating volumes") struct CloneTests {
    private let fixture: StoreFixture
    private let store: Store

    init() throws {
        fixture = try StoreFixture()
        store = try fixture.open()
    }

    private func clone(_ source: String, _ name: String, labels: [String: String] = [:]) throws -> VolumeCloneReport {
        try store.cloneVolume(
            VolumeCloneRequest(source: VolumeName(source), name: VolumeName(name), labels: labels),
            checkpoint: Checkpoint())
    }

    @Test("the tree with its root directory and the labels are the same; protection stays behind")
    func everything() throws {
        try store.createVolume(
            VolumeRequest(
                name: VolumeName("a"), labels: ["app": "shop", "tier": "db"], uid: Environment.isRoot ? 33 : nil,
                mode: 0o2750, isProtected: true))
        try TreeBuilder(fixture.data("a")).fill(seed: 6)
        let report = try clone("a", "b", labels: ["tier": "test"])
        let volume = try store.inspect([VolumeName("b")])[0].volume
        #expect(volume == report.volume)
        #expect(volume.labels == ["app": "shop", "tier": "test"])
        #expect(!volume.isProtected && !volume.isAnonymous)
        let difference = try TreeFingerprint(fixture.data("b")).difference(from: TreeFingerprint(fixture.data("a")))
        #expect(difference.isEmpty, "\(difference.joined(separator: "\n"))")
        let stat = ["stat", "-c", "%u %g %a %y"]
        #expect(try Tool.run(stat + [fixture.data("b")]).text == Tool.run(stat + [fixture.data("a")]).text)
        try fixture.expectOrder()
    }

    @Test("a name that is taken and a source that is missing are refused, and nothing is left")
    func refusals() throws {
        try store.create("a")
        try store.create("b")
        #expect(throws: StorageError.self) { try clone("a", "b") }
        #expect(throws: StorageError.self) { try clone("a", "a") }
        let failure = #expect(throws: StorageError.self) { try clone("c", "d") }
        #expect(failure?.code == .notFound)
        try fixture.expectOrder()
    }

    @Test("a source that somebody reads or has mounted is cloned, one that is being replaced is not")
    func inUse() throws {
        try store.create("a")
        let reader = try StoreProbe.holding(fixture.root, "a", "reading")
        _ = try clone("a", "b")
        reader.send(9)
        _ = try reader.wait()
        let writer = try StoreProbe.holding(fixture.root, "a", "changing")
        let failure = #expect(throws: StorageError.self) { try clone("a", "c") }
        #expect(failure?.code == .inUse)
        writer.send(9)
    }

    @Test("a full disk leaves nothing", .enabled(if: Environment.isRoot))
    func fullDisk() throws {
        let disk = try SmallDisk(at: fixture.directory.makeDirectory("disk"), sizeKiB: 2048)
        let store = try Store.open(at: disk.path + "/store")
        try store.create("a")
        try Tool.run(
            "dd", "if=/dev/urandom", "of=\(disk.path)/store/volumes/a/_data/big", "bs=1k", "count=1100", "status=none"
        ).check()
        let failure = #expect(throws: StorageError.self) {
            try store.cloneVolume(
                VolumeCloneRequest(source: VolumeName("a"), name: VolumeName("b")), checkpoint: Checkpoint())
        }
        #expect(failure?.code == .noSpace, "\(String(describing: failure))")
        #expect(try store.volumes().map(\.name.rawValue) == ["a"])
        #expect(try fixture.names(disk.path + "/store/staging").isEmpty)
    }

    @Test("labels are set and taken away, nothing else changes, and two at once both count")
    func update() throws {
        try store.create("a", labels: ["one": "1", "two": "2"])
        let before = try store.inspect([VolumeName("a")])[0].volume
        try store.updateVolume(VolumeName("a"), setting: ["two": "zwei", "three": ""], removing: ["one", "none"])
        let after = try store.inspect([VolumeName("a")])[0].volume
        #expect(after.labels == ["two": "zwei", "three": ""])
        #expect(after.createdAt == before.createdAt)
        let updates = try (0..<6).map { try StoreProbe.start("label", fixture.root, "a", "key\($0)") }
        for update in updates { try update.wait().check() }
        #expect(try store.inspect([VolumeName("a")])[0].volume.labels.count == 8)
        let failure = #expect(throws: StorageError.self) {
            try store.updateVolume(VolumeName("none"), setting: ["a": "b"])
        }
        #expect(failure?.code == .notFound)
        #expect(throws: StorageError.self) { try store.updateVolume(VolumeName("a"), setting: ["": "b"]) }
    }
}
