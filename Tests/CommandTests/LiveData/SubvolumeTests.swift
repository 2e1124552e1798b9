import TestSupport
import Testing

/// Goal: a subvolume of btrfs is backed up from a snapshot that shows in the archive and nowhere else. Method: a real btrfs, and
/// runs that are killed.
@Suite("Snapshots of subvolumes", .enabled(if: ReflinkDisk.formats.contains("btrfs"), "btrfs cannot be mounted"))
struct SubvolumeTests {
    private let folder: TemporaryDirectory
    private let disk: ReflinkDisk
    private let holdfast: CommandRunner
    private let data: String

    init() throws {
        folder = try TemporaryDirectory("subvolume")
        disk = try ReflinkDisk("btrfs", in: folder)
        holdfast = CommandRunner(root: folder("store"))
        data = disk.path + "/home/data"
        try Tool.run("mkdir", disk.path + "/home").check()
        try Tool.run("btrfs", "subvolume", "create", data).check()
        try TreeBuilder(data).fill(seed: 31)
        try settle(data)
    }

    private func create(_ options: String...) throws -> JSON {
        let arguments = ["backup", "create", "dir:" + data, "--to", folder("b"), "--json", "--why-changed"]
        return try JSON(parsing: holdfast.run(arguments + options).check().text)[0]
    }

    private func subvolumes() throws -> [String] {
        try Tool.run("btrfs", "subvolume", "list", "-o", disk.path).check().lines
    }

    @Test("it is what a live reading is, nothing unchanged is read, and no snapshot is left")
    func snapshot() throws {
        let live = try create()
        let first = try create("--consistency", "snapshot")
        #expect(first["consistency"] == "snapshot")
        #expect(first["reasons"].elements.isEmpty && first["newFrames"].integer == 0, "\(first)")
        let second = try create("--consistency", "snapshot")
        #expect(second["reasons"].elements.isEmpty && second["newFrames"].integer == 0, "\(second)")
        let bytes = try [live, first, second].map { try ArchiveBytes.dataFrames(of: $0["archive"].text ?? "") }
        #expect(bytes[0] == bytes[1] && bytes[1] == bytes[2])
        #expect(try Tool.run("ls", "-A", disk.path + "/home").check().lines == ["data"])
        #expect(try subvolumes().count == 1)
        try holdfast("backup", "verify", second["archive"].text ?? "").check()
    }

    @Test("the snapshot of a run that was killed goes with the next")
    func killed() throws {
        let log = folder("log")
        let arguments = ["backup", "create", "dir:" + data, "--to", folder("b"), "--consistency", "snapshot"]
        try holdfast.run(arguments, environment: ["HOLDFAST_FAULT_LOG": log]).check()
        let lines = try Tool.run("cat", log).check().lines
        let made = try #require(lines.firstIndex { $0.contains("SNAP_CREATE") }, "\(lines)")
        try holdfast.run(arguments, environment: ["HOLDFAST_FAULT": "\(made + 3):kill"]).check(137)
        #expect(try subvolumes().count == 2)
        _ = try create("--consistency", "snapshot")
        #expect(try subvolumes().count == 1)
        #expect(try Tool.run("ls", "-A", disk.path + "/home").check().lines == ["data"])
    }

    @Test("a subvolume with others in it is cloned file by file, and that is said")
    func nested() throws {
        try Tool.run("btrfs", "subvolume", "create", data + "/inner").check()
        try TreeBuilder(data + "/inner").file("x", "y")
        let report = try create("--consistency", "snapshot")
        #expect(report["notices"].elements.contains { $0.text?.contains("subvolumes") == true }, "\(report)")
        let live = try create()
        #expect(report["entries"].integer == live["entries"].integer)
    }
}
