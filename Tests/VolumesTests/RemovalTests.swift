import FileTree
import Holdfast
import StorageModel
import TestSupport
import Testing
import Volumes

/// Goal: what is in use is not removed by mistake, what is removed is gone, and nothing else is touched.
/// Method: real processes, mounts and mount namespaces.
@Suite("Removing volumes") struct RemovalTests {
    private func refusal(_ store: Store, _ name: String, force: Bool = false) -> StorageError? {
        let failure = #expect(throws: StorageError.self) { try store.remove(name, force: force) }
        return failure
    }

    @Test("a removed volume is gone, and links in it led nowhere")
    func removal() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try store.create("pg")
        let outside = try fixture.directory.makeDirectory("outside")
        try TreeBuilder(outside).file("canary", "alive")
        try TreeBuilder(fixture.data("pg")).fill(seed: 3)
        try TreeBuilder(fixture.data("pg")).symbolicLink("link", to: outside)
        try store.remove("pg")
        #expect(try store.volumes().isEmpty)
        #expect(try fixture.names(outside) == ["canary"])
        try fixture.expectOrder()
        let failure = refusal(store, "pg")
        #expect(failure?.code == .notFound)
        #expect(failure?.object == "pg")
    }

    @Test("a protected volume is refused, with force too, until it is unprotected")
    func protection() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try store.createVolume(VolumeRequest(name: VolumeName("pg"), isProtected: true))
        for force in [false, true] {
            let failure = refusal(store, "pg", force: force)
            #expect(failure?.code == .inUse)
            #expect(failure?.hint?.contains("holdfast volume unprotect pg") == true)
        }
        try store.setProtection(of: VolumeName("pg"), to: false)
        #expect(try store.inspect([VolumeName("pg")]).first?.volume.isProtected == false)
        try store.setProtection(of: VolumeName("pg"), to: true)
        #expect(refusal(store, "pg")?.code == .inUse)
        try store.setProtection(of: VolumeName("pg"), to: false)
        try store.remove("pg")
        let failure = #expect(throws: StorageError.self) { try store.setProtection(of: VolumeName("pg"), to: true) }
        #expect(failure?.code == .notFound)
    }

    @Test("a process with an open file is named; force removes all the same")
    func openFile() throws {
        let fixture = try StoreFixture("a store with spaces")
        let store = try fixture.open()
        try store.create("pg")
        try TreeBuilder(fixture.data("pg")).file("log", "text")
        let holder = try ChildProcess(
            ["sleep", "1000"].map { Array($0.utf8) }, input: .file("\(fixture.data("pg"))/log"))
        defer { holder.send(9) }
        let failure = refusal(store, "pg")
        #expect(failure?.code == .inUse)
        #expect(failure?.message == "volume 'pg' is in use by process \(holder.identifier) (sleep, has 'log' open)")
        #expect(failure?.hint == "stop it first, or use --force")
        #expect(try fixture.read("log", of: "pg") == "text")
        try store.remove("pg", force: true)
        try fixture.expectOrder()
    }

    @Test("a process whose working directory it is, is named")
    func workingDirectory() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try store.create("pg")
        let holder = try ChildProcess(["sleep", "1000"].map { Array($0.utf8) }, workingDirectory: fixture.data("pg"))
        let failure = refusal(store, "pg")
        #expect(
            failure?.message.contains("process \(holder.identifier) (sleep, has its working directory there)") == true)
        holder.send(9)
        _ = try holder.wait()
        try store.remove("pg")
    }

    @Test("a volume with a name that begins with another's is not taken for it")
    func similarNames() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        for name in ["pg", "pg2"] { try store.create(name) }
        let holder = try ChildProcess(["sleep", "1000"].map { Array($0.utf8) }, workingDirectory: fixture.data("pg2"))
        defer { holder.send(9) }
        try store.remove("pg")
        #expect(refusal(store, "pg2")?.code == .inUse)
    }

    @Test(
        "a bind mount in another mount namespace is found, of the volume or of a part of it",
        .enabled(if: Environment.isRoot), arguments: ["", "/sub dir"])
    func mountElsewhere(part: String) throws {
        let fixture = try StoreFixture("a store with spaces")
        let store = try fixture.open()
        try store.create("pg")
        try TreeBuilder(fixture.data("pg")).directory("sub dir")
        let mountpoint = try fixture.directory.makeDirectory("mount point")
        let holder = try ChildProcess(
            [
                "unshare", "--mount", "--propagation", "private", "sh", "-c",
                "mount --bind \"$1\" \"$2\" && echo mounted && exec sleep 1000", "sh", fixture.data("pg") + part,
                mountpoint,
            ].map { Array($0.utf8) })
        defer { holder.send(9) }
        while holder.textSoFar.isEmpty { try Tool.run("sleep", "0.01").check() }
        let failure = refusal(store, "pg")
        #expect(failure?.code == .inUse)
        #expect(failure?.message.contains("process \(holder.identifier)") == true, "\(String(describing: failure))")
        #expect(failure?.message.contains("mounted at \(mountpoint)") == true, "\(String(describing: failure))")
        try store.remove("pg", force: true)
        try fixture.expectOrder()
    }

    @Test("a bind mount in the same mount namespace is found", .enabled(if: Environment.isRoot))
    func mountHere() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try store.create("pg")
        let mountpoint = try fixture.directory.makeDirectory("mountpoint")
        try Tool.run("mount", "--bind", fixture.data("pg"), mountpoint).check()
        let failure = refusal(store, "pg")
        try Tool.run("umount", mountpoint).check()
        #expect(failure?.message == "volume 'pg' is in use by a mount (mounted at \(mountpoint))")
        try store.remove("pg")
    }

    @Test(
        "something mounted inside the volume is never deleted, not with force either", .enabled(if: Environment.isRoot))
    func mountInside() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try store.create("pg")
        let inside = "\(fixture.data("pg"))/inside"
        try TreeBuilder(fixture.data("pg")).directory("inside")
        let disk = try SmallDisk(at: inside, sizeKiB: 64)
        try TreeBuilder(inside).file("canary", "alive")
        for force in [false, true] {
            let failure = refusal(store, "pg", force: force)
            #expect(failure?.code == .inUse)
            #expect(failure?.message.contains("mounted inside volume 'pg'") == true)
        }
        #expect(try fixture.names(disk.path) == ["canary"])
        #expect(try store.volumes().count == 1)
    }

    @Test("a volume that another Holdfast process reads is refused, with force too, until that process ends")
    func lease() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try store.create("pg")
        let holder = try StoreProbe.holding(fixture.root, "pg", "reading")
        for force in [false, true] {
            let failure = refusal(store, "pg", force: force)
            #expect(failure?.code == .inUse)
            #expect(failure?.message.contains("process \(holder.identifier) (StoreProbe") == true)
        }
        // Others may read meanwhile.
        #expect(try store.volumes.open(VolumeName("pg"), for: .reading).isEmpty())
        holder.send(9)
        _ = try holder.wait()
        try store.remove("pg")
        try fixture.expectOrder()
    }

    @Test("a volume that another process changes cannot be read meanwhile")
    func exclusiveLease() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try store.create("pg")
        let holder = try StoreProbe.holding(fixture.root, "pg", "changing")
        let failure = #expect(throws: StorageError.self) { try store.volumes.open(VolumeName("pg"), for: .reading) }
        #expect(failure?.code == .inUse)
        holder.send(9)
        _ = try holder.wait()
        #expect(try store.volumes.open(VolumeName("pg"), for: .reading).volume.name.rawValue == "pg")
    }
}
