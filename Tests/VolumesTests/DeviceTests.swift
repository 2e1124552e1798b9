import FileTree
import Holdfast
import StorageModel
import TestSupport
import Testing
import Volumes

/// Goal: what driver options name is mounted once, read as the volume's data or not at all, and never deleted.
/// Method: directories of the host, tmpfs and a file system in a file, looked at with `findmnt`.
@Suite("Volumes with a device", .enabled(if: Environment.isRoot, "mounting needs root"))
struct DeviceTests {
    private let fixture: StoreFixture
    private let store: Store
    private let source: String

    init() throws {
        fixture = try StoreFixture()
        store = try fixture.open()
        source = try fixture.directory.makeDirectory("a source")
        try TreeBuilder(source).file("canary", "alive")
    }

    @discardableResult
    private func make(_ name: String, _ type: String, _ device: String, _ more: [String: String] = [:]) throws
        -> VolumeName
    {
        let name = try VolumeName(name)
        let options = ["type": type, "device": device].merging(more) { $1 }
        try store.createVolume(VolumeRequest(name: name, options: options))
        return name
    }

    /// What is mounted at the volume's mountpoint: type and options.
    private func mounted(_ name: VolumeName) throws -> String {
        try Tool.run("findmnt", "-n", "-o", "FSTYPE,OPTIONS", "--mountpoint", store.mountpoint(of: name)).text
    }

    private func names(_ root: borrowing Descriptor) throws -> [String] {
        try root.entries().map { String(decoding: $0.name, as: UTF8.self) }
    }

    @Test(
        "a directory of the host is mounted at first use, with its options, once; a removal leaves it alone",
        arguments: [(["o": "bind,ro,nosuid"], "none"), ([:], "bind")])
    func bind(more: [String: String], type: String) throws {
        let name = try make("b", type, source, more)
        #expect(try mounted(name).isEmpty)
        for _ in 0..<2 {
            let opened = try store.volumes.open(name, for: .reading)
            #expect(try names(store.volumes.attachDevice(of: opened)) == ["canary"])
        }
        let lines = try mounted(name).split(separator: "\n")
        #expect(lines.count == 1)
        if !more.isEmpty { #expect(lines[0].contains("ro,nosuid"), "\(lines)") }
        try store.removeVolume(name)
        #expect(try fixture.names(source) == ["canary"])
        try fixture.expectOrder()
    }

    @Test("a tmpfs has its size; data lives as long as it is mounted")
    func memory() throws {
        let name = try make("t", "tmpfs", "tmpfs", ["size": "1m", "o": "mode=0750,uid=33"])
        for reading in 0..<2 {
            let failure = #expect(throws: StorageError.self) { try store.usage(of: name) }
            #expect(failure?.code == .conflict, "\(reading)")
        }
        var opened: OpenedVolume? = try store.volumes.open(name, for: .reading)
        if let opened { _ = try store.volumes.attachDevice(of: opened) }
        opened = nil
        #expect(try mounted(name).contains("size=1024k"))
        #expect(try Tool.run("stat", "-c", "%a %u", store.mountpoint(of: name)).text == "750 33\n")
        try TreeBuilder(store.mountpoint(of: name)).file("file", "text")
        #expect(try store.usage(of: name).files == 1)
        let failure = #expect(throws: StorageError.self) { try store.renameVolume(name, to: VolumeName("u")) }
        #expect(failure?.code == .inUse)
        #expect(try store.volumes.detachDeviceIfUnused(name))
        #expect(try !store.volumes.detachDeviceIfUnused(name))
        #expect(try mounted(name).isEmpty)
    }

    @Test("a file system on a block device is mounted by its type", .enabled(if: Tool.exists("mkfs.ext4")))
    func blockDevice() throws {
        let image = fixture.directory("disk")
        try Tool.script("truncate -s 8M \"$1\"; mkfs.ext4 -q -F \"$1\"", image).check()
        let loop = try Tool.run("losetup", "--find", "--show", image).check().lines[0]
        defer { _ = try? Tool.run("losetup", "--detach", loop) }
        let name = try make("d", "ext4", loop, ["o": "noatime"])
        #expect(try store.usage(of: name).directories == 2)
        #expect(try mounted(name).isEmpty, "a look leaves nothing mounted")
        let opened = try store.volumes.open(name, for: .reading)
        _ = try store.volumes.attachDevice(of: opened)
        #expect(try mounted(name).hasPrefix("ext4"))
        #expect(try mounted(name).contains("noatime"))
        #expect(try store.volumes.detachDeviceIfUnused(name))
    }

    @Test(
        "what cannot be mounted is one clear error without a password, and nothing is mounted",
        arguments: [
            ("none", "/nowhere/at/all", "bind", "ENOENT"), ("none", "FILE", "bind", "ENOTDIR"),
            ("nosuchfs", "x", "ro", "ENODEV"), ("ext4", "/dev/null", "ro", "ENOTBLK"),
            ("cifs", "//u:hush@127.0.0.1/x", "username=u%hush,password=hush", ""),
            ("nfs", "no.such.host.invalid:/x", "addr=no.such.host.invalid", "cannot be found"),
            ("tmpfs", "tmpfs", "size=nonsense", "EINVAL"),
        ])
    func failures(type: String, device: String, options: String, expected: String) throws {
        let name = try make("f", type, device == "FILE" ? source + "/canary" : device, ["o": options])
        let opened = try store.volumes.open(name, for: .reading)
        let failure = #expect(throws: StorageError.self) { _ = try store.volumes.attachDevice(of: opened) }
        #expect(failure?.message.contains(expected) == true, "\(String(describing: failure))")
        #expect(failure?.message.hasPrefix("cannot mount volume 'f'") == true)
        #expect(failure?.hint != nil)
        #expect(!String(describing: failure).contains("hush"))
        #expect(try mounted(name).isEmpty)
        try fixture.expectOrder()
    }

    @Test("a volume whose device is busy is not removed, and its users keep it")
    func busy() throws {
        let name = try make("b", "none", source, ["o": "bind"])
        var opened: OpenedVolume? = try store.volumes.open(name, for: .reading)
        if let opened { _ = try store.volumes.attachDevice(of: opened) }
        opened = nil
        let holder = try ChildProcess(
            ["sleep", "1000"].map { Array($0.utf8) }, input: .file(store.mountpoint(of: name) + "/canary"))
        #expect(try !store.volumes.detachDeviceIfUnused(name))
        let failure = #expect(throws: StorageError.self) { try store.removeVolume(name) }
        #expect(failure?.code == .inUse)
        #expect(failure?.message.contains("process \(holder.identifier)") == true, "\(String(describing: failure))")
        holder.send(9)
        _ = try holder.wait()
        try store.renameVolume(name, to: VolumeName("c"))
        #expect(try fixture.names(fixture.data("c")).isEmpty, "the device is unmounted")
        #expect(try store.usage(of: VolumeName("c")).files == 1)
        try store.remove("c")
        #expect(try fixture.names(source) == ["canary"])
    }

    @Test("several processes mount and unmount at once, and each finds the data")
    func concurrency() throws {
        let name = try make("b", "none", source, ["o": "bind"])
        let processes = try (0..<4).map { _ in try StoreProbe.start("attach", fixture.root, "b", "40") }
        for process in processes { try process.wait().check() }
        #expect(try mounted(name).split(separator: "\n").count < 2)
        _ = try store.volumes.detachDeviceIfUnused(name)
        #expect(try mounted(name).isEmpty)
    }

    @Test("a clone of a volume with a device has its data in the store, and says so")
    func clone() throws {
        let name = try make("b", "none", source, ["o": "bind"])
        let report = try store.cloneVolume(
            VolumeCloneRequest(source: name, name: VolumeName("c")), checkpoint: Checkpoint())
        #expect(report.volume.options.isEmpty && report.skipped.count == 1)
        #expect(try fixture.read("canary", of: "c") == "alive")
        #expect(try mounted(name).isEmpty)
    }

    @Test("a prune keeps it, and says where its data is")
    func prune() throws {
        try make("b", "none", source, ["o": "bind"])
        let report = try store.pruneVolumes(all: true, checkpoint: Checkpoint())
        #expect(report.entries.map(\.outcome) == [.kept])
        #expect(report.entries[0].reason.contains("its data is elsewhere"))
        #expect(report.entries[0].allocatedBytes == nil)
    }

    @Test("a size is refused with the reason where the file system has no project quotas")
    func quota() throws {
        let failure = #expect(throws: StorageError.self) {
            try store.createVolume(VolumeRequest(name: VolumeName("q"), options: ["size": "10m"]))
        }
        guard let failure else { return }
        #expect(failure.code == .invalidInput)
        #expect(failure.message.contains("project quotas"))
        try fixture.expectOrder()
    }
}
