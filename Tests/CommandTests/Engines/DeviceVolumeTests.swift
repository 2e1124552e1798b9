import TestSupport
import Testing

/// Goal: a volume whose options mount something on it yields that something's data or an error, never an empty archive.
/// Method: every kind of device that a real Docker engine takes, with and without a container that uses it.
@Suite(
    "Docker's volumes on devices", .enabled(if: DockerEngine.isPossible, "needs dockerd and root"), .dockerEngine)
struct DeviceVolumeTests {
    private let engine: EngineFixture

    init() throws { engine = try EngineFixture() }

    private func options(_ type: String, _ device: String, _ o: String) -> [String] {
        ["--opt", "type=\(type)", "--opt", "device=\(device)"] + (o.isEmpty ? [] : ["--opt", "o=\(o)"])
    }

    private func create(_ name: String, _ options: [String]) throws {
        try engine.docker.run(["volume", "create"] + options + [name]).check()
    }

    @Test("a bound directory is what is backed up, measured and adopted")
    func boundDirectory() throws {
        let directory = try engine.store.directory.makeDirectory("bound")
        try TreeBuilder(directory).fill(seed: 31, RandomTreeOptions(entries: 50))
        try create("bound", options("none", directory, "bind"))
        let archive = try engine.backUp("docker:bound")
        try engine.holdfast("backup", "restore", archive, "--to", "dir:" + engine.store("out")).check()
        try expectSameTree(engine.store("out"), directory)
        let adopted = try engine.holdfast("volume", "import", "--from", "docker:bound").check(3)
        #expect(adopted.errorText.contains("type, device, o"), "\(adopted)")
        try expectSameTree(engine.store.mountpoint("bound"), directory)
        #expect(try engine.store.inspect("bound")["options"].keys.isEmpty)
        // What is restored has the data itself and does not point to the directory, which may be another's on that host.
        try engine.holdfast("backup", "restore", archive, "--to", "docker:unbound").check(3)
        #expect(try engine.inspect("unbound")["Options"].isNull)
        try expectSameTree(engine.mountpoint("unbound"), directory)
        try engine.holdfast("backup", "restore", archive, "--to", "unbound").check(3)
        try expectSameTree(engine.store.mountpoint("unbound"), directory)
        let refused = try engine.holdfast("backup", "restore", archive, "--to", "docker:bound", "--replace").check(5)
        #expect(refused.errorText.contains("dir:" + directory))
    }

    @Test("a directory that is missing is an error, and no archive")
    func missingDirectory() throws {
        try create("missing", options("none", engine.store("nothing"), "bind"))
        let result = try engine.holdfast("backup", "create", "docker:missing", "--to", engine.store("b")).check(1)
        #expect(result.errorText.contains(engine.store("nothing")), "\(result)")
        #expect(try Tool.run("test", "-e", engine.store("b")).status == 1)
    }

    @Test("a tmpfs has data while a container uses it, and none otherwise")
    func temporaryFileSystem() throws {
        try engine.prepareImage()
        try create("temp", options("tmpfs", "tmpfs", "size=1m"))
        let idle = try engine.holdfast("backup", "create", "docker:temp", "--to", engine.store("t")).check(1)
        #expect(idle.errorText.contains("is a tmpfs that is not mounted"), "\(idle)")
        _ = try engine.start(with: "temp", named: "holder") { try engine.docker.run($0) }
        defer { _ = try? engine.docker("rm", "--force", "holder") }
        try engine.docker("exec", "holder", "/bin/busybox", "touch", "/data/there").check()
        let archive = try engine.backUp("docker:temp")
        let contents = try JSON(parsing: engine.holdfast("backup", "contents", archive, "--json").check().text)
        #expect(contents.elements.map { $0["path"].text } == [".", "there"])
    }

    @Test("a block device is mounted for the backup alone", .enabled(if: Tool.exists("mkfs.ext4"), "needs mkfs.ext4"))
    func blockDevice() throws {
        let content = try engine.store.directory.makeDirectory("content")
        try TreeBuilder(content).file("on-disk", "on disk")
        let image = engine.store("disk")
        try Tool.script("truncate -s 8M \"$1\"; mkfs.ext4 -q -d \"$2\" \"$1\"", image, content).check()
        let loop = try Tool.run("losetup", "--find", "--show", image).check().lines[0]
        defer { _ = try? Tool.run("losetup", "--detach", loop) }
        try create("disk", options("ext4", loop, "noatime,errors=continue"))
        let archive = try engine.backUp("docker:disk")
        let contents = try engine.holdfast("backup", "contents", archive).check()
        #expect(contents.text.contains("on-disk"), "\(contents)")
        #expect(try !Tool.run("cat", "/proc/mounts").check().text.contains(loop))
        try Tool.run("losetup", "--detach", loop).check()
        try Tool.run("dd", "if=/dev/zero", "of=" + image, "bs=1M", "count=1", "conv=notrunc").check()
        let emptied = try Tool.run("losetup", "--find", "--show", image).check().lines[0]
        defer { _ = try? Tool.run("losetup", "--detach", emptied) }
        try create("no-disk", options("ext4", emptied, ""))
        let result = try engine.holdfast("backup", "create", "docker:no-disk", "--to", engine.store("n")).check(1)
        #expect(result.errorText.contains("mount the device of 'docker:no-disk'"), "\(result)")
    }
}
