import Catalog
import FileTree
import Holdfast
import StorageModel
import TestSupport
import Testing
import Volumes

/// Goal: a renamed volume has everything that it had, under exactly one of its names, whatever comes in between.
/// Method: real containers' records, processes and mounts; the states that a killed rename leaves, made by hand.
@Suite("Renaming volumes") struct RenameTests {
    private let fixture: StoreFixture
    private let store: Store

    init() throws {
        fixture = try StoreFixture()
        store = try fixture.open()
    }

    private func rename(_ old: String, _ new: String) throws {
        try store.renameVolume(VolumeName(old), to: VolumeName(new))
    }

    private func refusal(_ old: String, _ new: String) -> StorageError? {
        #expect(throws: StorageError.self) { try rename(old, new) }
    }

    @Test("data, labels, protection and the time of creation stay, and containers follow")
    func everythingStays() throws {
        try store.createVolume(VolumeRequest(name: VolumeName("old"), labels: ["a": "b"], isProtected: true))
        try TreeBuilder(fixture.data("old")).fill(seed: 5)
        let before = try TreeFingerprint(fixture.data("old"))
        let row = try store.inspect([VolumeName("old")])[0].volume
        try fixture.makeContainer("web", in: store, mounting: "old")
        try rename("old", "new")
        let details = try store.inspect([VolumeName("new")])[0]
        #expect(details.volume.labels == row.labels)
        #expect(details.volume.createdAt == row.createdAt)
        #expect(details.volume.isProtected)
        #expect(details.references == ["web"])
        #expect(try store.inspectContainer("web").container.mounts[0].spec.volumeName?.rawValue == "new")
        #expect(try TreeFingerprint(fixture.data("new")).difference(from: before).isEmpty)
        #expect(try fixture.names("\(fixture.root)/volumes/new") == [".lease", "_data"])
        try fixture.expectOrder()
    }

    @Test("an anonymous volume has a name from then on: a prune keeps it")
    func anonymous() throws {
        let name = try store.createVolume(VolumeRequest(name: nil)).volume.name
        try store.renameVolume(name, to: VolumeName("kept"))
        #expect(try store.inspect([VolumeName("kept")])[0].volume.isAnonymous == false)
        _ = try store.pruneVolumes(checkpoint: Checkpoint())
        #expect(try store.volumes().map(\.name.rawValue) == ["kept"])
    }

    @Test("a name that is taken, one that is missing, and its own are refused, and nothing changes")
    func refusals() throws {
        try store.create("a")
        try store.create("b")
        #expect(refusal("a", "b")?.code == .conflict)
        #expect(refusal("a", "a")?.code == .conflict)
        #expect(refusal("c", "d")?.code == .notFound)
        #expect(try fixture.names("\(fixture.root)/volumes/a") == [".lease", "_data"])
        try fixture.expectOrder()
    }

    @Test(
        "a volume that a process uses, a mount or another Holdfast process keeps its name",
        .enabled(if: Environment.isRoot))
    func inUse() throws {
        try store.create("a")
        let holder = try ChildProcess(["sleep", "1000"].map { Array($0.utf8) }, workingDirectory: fixture.data("a"))
        let failure = refusal("a", "b")
        #expect(failure?.code == .inUse)
        #expect(failure?.message.contains("process \(holder.identifier)") == true)
        #expect(failure?.hint == "stop it first")
        holder.send(9)
        _ = try holder.wait()
        let mountpoint = try fixture.directory.makeDirectory("mountpoint")
        try Tool.run("mount", "--bind", fixture.data("a"), mountpoint).check()
        let mounted = refusal("a", "b")
        try Tool.run("umount", mountpoint).check()
        #expect(mounted?.message == "volume 'a' is in use by a mount (mounted at \(mountpoint))")
        let reader = try StoreProbe.holding(fixture.root, "a", "reading")
        #expect(refusal("a", "b")?.code == .inUse)
        reader.send(9)
        _ = try reader.wait()
        try rename("a", "b")
        try fixture.expectOrder()
    }

    /// What a rename leaves that was killed between directory and row.
    private func interrupt(_ old: String, _ new: String) throws {
        let row = try store.inspect([VolumeName(old)])[0].volume
        try fixture.plant(
            "\(old)\n\(new)\n\(row.createdAt.seconds) \(row.createdAt.nanoseconds)\n", at: "volumes/\(old)/.renaming")
        try Tool.run("mv", "\(fixture.root)/volumes/\(old)", "\(fixture.root)/volumes/\(new)").check()
    }

    enum Next: CaseIterable { case open, use, createOld, createNew, rename, remove, check, container }

    @Test(
        "after a rename that was killed half-way the volume is whole under its old name, whatever comes next",
        arguments: Next.allCases)
    func interrupted(next: Next) throws {
        try store.create("old")
        try fixture.write("precious", to: "file", of: "old")
        try interrupt("old", "new")
        switch next {
        case .open: _ = try fixture.open()
        // The store is open already, so nothing sweeps.
        case .use: _ = try store.volumes.open(VolumeName("old"), for: .reading)
        case .createOld: #expect(try store.create("old").existed)
        case .createNew:
            try store.create("new")
            #expect(try fixture.names(fixture.data("new")).isEmpty)
        case .rename: try rename("old", "third")
        case .remove:
            try store.remove("old")
            return try fixture.expectOrder()
        case .check:
            let report = try store.check(readsData: false, repairs: true, checkpoint: Checkpoint())
            #expect(report.findings.isEmpty)
        case .container: try fixture.makeContainer("web", in: fixture.open(), mounting: "old")
        }
        #expect(try fixture.read("file", of: next == .rename ? "third" : "old") == "precious")
        try fixture.expectOrder()
    }

    @Test(
        "a directory without a row is garbage if its note is of another volume, or of no rename",
        arguments: ["old\nnew\n1 1\n", "old\nother\nTIME\n", "gone\nnew\nTIME\n", "", "old\nnew\nTIME"])
    func misleadingNote(text: String) throws {
        try store.create("old")
        let time = try store.inspect([VolumeName("old")])[0].volume.createdAt
        let note = text.split(separator: "TIME", omittingEmptySubsequences: false)
            .joined(separator: "\(time.seconds) \(time.nanoseconds)")
        try Tool.run("mv", "\(fixture.root)/volumes/old", fixture.directory("aside")).check()
        try fixture.plant(note, at: "volumes/new/.renaming")
        try fixture.plant("stranger", at: "volumes/new/_data/file")
        #expect(try store.volumes.lacksData(store.volumes.volume(named: VolumeName("old"))))
        _ = try fixture.open()
        #expect(!fixture.exists("\(fixture.root)/volumes/new"))
        #expect(!fixture.exists(fixture.data("old")))
    }

    @Test("a note of a finished rename misleads nobody, not even when the old name is given again")
    func staleNote() throws {
        try store.create("old")
        let row = try store.inspect([VolumeName("old")])[0].volume
        try rename("old", "new")
        try fixture.plant(
            "old\nnew\n\(row.createdAt.seconds) \(row.createdAt.nanoseconds)\n", at: "volumes/new/.renaming")
        try store.create("old")
        try fixture.write("other", to: "file", of: "old")
        // As if the removal of `new` had been killed before its directory went.
        try store.catalog.transaction { transaction throws(StorageError) in
            _ = try transaction.remove(VolumeName("new"))
        }
        try fixture.expectOrder()
        #expect(try fixture.read("file", of: "old") == "other")
    }

    @Test("renames against each other, and against readers and creators, leave one whole volume")
    func concurrency() throws {
        try store.create("v0")
        try fixture.write("precious", to: "file", of: "v0")
        let processes = try (0..<4).map { try StoreProbe.start("rename", fixture.root, "40", "\($0)") }
        for process in processes { try process.wait().check() }
        let names = try store.volumes().map(\.name.rawValue)
        #expect(names.count == 1)
        #expect(try fixture.read("file", of: names[0]) == "precious")
        try fixture.expectOrder()
    }
}
