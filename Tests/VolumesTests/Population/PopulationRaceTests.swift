import Dispatch
import FileTree
import Glibc
import Holdfast
import Images
import Layers
import StorageModel
import Synchronization
import TestSupport
import Testing
import Volumes

/// Goal: whoever else is there, a volume is populated once and completely; what fails leaves it empty. Method: threads with
/// stores of their own, holders of leases and of bind mounts, damaged layers, full disks, interruptions.
@Suite("Population against others", .enabled(if: Environment.isRoot, "mounts and owners need root"))
struct PopulationRaceTests {
    private static let tree: [TarMember] =
        [.directory("a", mode: 0o711).owned(by: 5, 6)]
        + (0..<60).map { .file("a/f\($0)", String(repeating: "\($0) ", count: 700)) }

    private func fixture(
        _ layers: [[TarMember]] = [tree], diskKiB: Int? = nil
    ) throws -> PopulationFixture {
        let fixture = try PopulationFixture(diskKiB: diskKiB)
        try fixture.load(layers)
        try fixture.store.create("v")
        return fixture
    }

    private func expectWhole(_ fixture: PopulationFixture, _ location: SourceLocation = #_sourceLocation) throws {
        #expect(try fixture.files.names(fixture.files.data("v")).count == 60, sourceLocation: location)
        #expect(try fixture.files.read("f59", of: "v").count == 2100, sourceLocation: location)
        #expect(try fixture.root(of: "v") == "711 5:6 1700000000", sourceLocation: location)
        try fixture.files.expectOrder(location)
    }

    @Test("of eight at once exactly one seeds, and all find it done")
    func eight() throws {
        for _ in 0..<4 {
            let fixture = try fixture()
            let seeds = Mutex(0)
            DispatchQueue.concurrentPerform(iterations: 8) { _ in
                do {
                    let store = try fixture.files.open()
                    let image = try store.images.image("app:1")
                    let path = try ContainerPath("/a")
                    let directory = try #require(
                        try store.layers.stack(to: image.topLayer).directory(path, inImage: "app:1"))
                    let content = PopulationContent(
                        source: directory.source, metadata: directory.status.metadata,
                        attributes: directory.attributes, image: "app:1", imageID: image.id, path: path)
                    let outcome = try store.volumes.populate(
                        try VolumeName("v"), from: content, options: PopulationOptions(), checkpoint: Checkpoint())
                    if case .populated = outcome { seeds.withLock { $0 += 1 } }
                    #expect(try fixture.files.names(fixture.files.data("v")).count == 60)
                } catch {
                    Issue.record("\(error)")
                }
            }
            #expect(seeds.withLock { $0 } == 1)
            try expectWhole(fixture)
        }
    }

    @Test("who comes while the lease is held waits, and can be interrupted")
    func waits() throws {
        let fixture = try fixture()
        let holder = try StoreProbe.holding(fixture.files.root, "v", "changing")
        let interruption = Interruption()
        let interrupter = DispatchQueue(label: "interrupter")
        interrupter.asyncAfter(deadline: .now() + .milliseconds(300)) { interruption.request() }
        do {
            try fixture.populate("v", at: "/a", checkpoint: Checkpoint(interruption: interruption))
            Issue.record("it did not wait")
        } catch let error as StorageError {
            #expect(error.code == .interrupted)
        }
        interrupter.asyncAfter(deadline: .now() + .milliseconds(300)) { holder.send(SIGKILL) }
        try fixture.populate("v", at: "/a")
        try expectWhole(fixture)
        _ = try holder.wait()
    }

    @Test("a volume that is not empty is neither waited for nor looked at in /proc")
    func quick() throws {
        let fixture = try fixture()
        try fixture.files.write("own", to: "own", of: "v")
        let holder = try StoreProbe.holding(fixture.files.root, "v", "changing")
        let clock = ContinuousClock()
        let time = try clock.measure { try fixture.populate("v", at: "/a") }
        #expect(time < .milliseconds(80), "\(time)")
        #expect(try fixture.listing("v") == "own=own")
        holder.send(SIGKILL)
        _ = try holder.wait()
    }

    @Test("a volume that is mounted somewhere is populated where it is: the mount sees it")
    func mounted() throws {
        let fixture = try fixture()
        let elsewhere = try fixture.files.directory.makeDirectory("elsewhere")
        try Tool.run("mount", "--bind", fixture.files.data("v"), elsewhere).check()
        defer { _ = try? Tool.run("umount", elsewhere) }
        let inode = try Tool.run("stat", "-c", "%i", fixture.files.data("v")).check().text
        try fixture.populate("v", at: "/a")
        try expectWhole(fixture)
        #expect(try Tool.run("stat", "-c", "%i", fixture.files.data("v")).check().text == inode)
        #expect(try fixture.files.names(elsewhere) == fixture.files.names(fixture.files.data("v")))
        #expect(try fixture.population(of: "v")?.path.rawValue == "/a")
    }

    @Test("a volume whose data is a file system of its own, with a lost+found, is populated there")
    func ownFileSystem() throws {
        let fixture = try fixture([
            [.directory("a"), .file("a/x", "1"), .directory("a/lost+found"), .file("a/lost+found/y", "2")]
        ])
        let disk = try SmallDisk(at: fixture.files.data("v"), sizeKiB: 4096)
        try Tool.run("mkdir", fixture.files.data("v") + "/lost+found").check()
        try fixture.populate("v", at: "/a")
        #expect(try fixture.listing("v") == "lost+found lost+found/y=2 x=1")
        #expect(try fixture.root(of: "v") == "755 0:0 1700000000")
        #expect(try fixture.population(of: "v") != nil)
        withExtendedLifetime(disk) {}
    }

    @Test("in place: a default list of the volume's root is not passed on to what is copied")
    func defaultList() throws {
        let fixture = try fixture()
        let elsewhere = try fixture.files.directory.makeDirectory("elsewhere")
        try Tool.run("setfacl", "-d", "-m", "u:77:rwx", fixture.files.data("v")).check()
        try Tool.run("mount", "--bind", fixture.files.data("v"), elsewhere).check()
        defer { _ = try? Tool.run("umount", elsewhere) }
        try fixture.populate("v", at: "/a")
        #expect(try Tool.run("getfacl", "-n", elsewhere + "/f1").check().text.contains("user:77") == false)
    }

    enum Trouble: CaseIterable, Sendable {
        /// A file of the layer cannot be read: a file of sysfs that says so is mounted over it.
        case unreadable
        case interruption
        case fullDisk
    }

    @Test(
        "what fails half-way leaves an empty volume and gives its space back", arguments: Trouble.allCases,
        [false, true])
    func fails(_ trouble: Trouble, inPlace: Bool) throws {
        let fixture = try fixture(diskKiB: 8192)
        let data = fixture.files.data("v")
        let mounts = Mounts()
        var expected = StorageError.Code.interrupted
        var checkpoint = Checkpoint()
        if inPlace { try mounts.bind(data, on: try fixture.files.directory.makeDirectory("elsewhere")) }
        switch trouble {
        case .unreadable:
            expected = .damaged
            let file = try Tool.script("echo \"$1\"/layers/*/diff/a/f30", fixture.files.root).check().lines[0]
            try mounts.bind("/sys/class/net/lo/speed", on: file)
        case .interruption: checkpoint = InterruptingProgress().checkpoint
        case .fullDisk:
            expected = .noSpace
            if inPlace {
                try Tool.run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", data).check()
                mounts.add(data)
            } else {
                try fixture.fillDisk(leavingKiB: 160)
            }
        }
        do {
            try fixture.populate("v", at: "/a", checkpoint: checkpoint)
            Issue.record("it was populated")
        } catch let error as StorageError {
            #expect(error.code == expected, "\(error)")
            #expect(error.code == .interrupted || error.message.contains("'v'"), "\(error)")
        }
        #expect(try fixture.files.names(data).isEmpty)
        #expect(try fixture.files.names(fixture.files.root + "/staging").isEmpty)
        #expect(try fixture.population(of: "v") == nil)
        mounts.unmount()
        fixture.emptyDisk()
        try fixture.populate("v", at: "/a")
        try expectWhole(fixture)
    }
}

/// Mounts of one test.
final class Mounts {
    private var points: [String] = []

    func bind(_ source: String, on point: String) throws {
        try Tool.run("mount", "--bind", source, point).check()
        add(point)
    }

    func add(_ point: String) { points.append(point) }

    func unmount() {
        for point in points.reversed() { _ = try? Tool.run("umount", "--lazy", point) }
        points = []
    }

    deinit { unmount() }
}
