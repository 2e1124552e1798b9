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
        try holdfast.run(arguments, environment: ["HOLDFAST_FAULT": "\(made + 2):kill"]).check(137)
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

    // MARK: Without root

    private static let user = ["setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups"]

    /// The binary as a command of a user who is not root, with a store of his own at `own`.
    private func run(_ own: String, _ words: [String], _ environment: [String: String] = [:]) throws -> ProcessResult {
        let binary = folder("holdfast")
        try Tool.script(
            "chmod 755 \"$1\"; test -e \"$2\" || cp \"$3\" \"$2\"", folder.path, binary, CommandRunner.binary
        ).check()
        return try Tool.run(
            Self.user + [binary] + words,
            environment: ["HOLDFAST_ROOT": own + "/store"].merging(environment) { $1 })
    }

    @Test(
        "a user who is not root gets snapshots of his own data, and none is left, whether he may remove subvolumes or not",
        arguments: [false, true])
    func unprivileged(mayRemove: Bool) throws {
        if mayRemove { try Tool.run("mount", "-o", "remount,user_subvol_rm_allowed", disk.path).check() }
        let own = disk.path + "/own"
        try Tool.script("chmod 755 \"$2\"; mkdir \"$1\"; chown 1000:1000 \"$1\"", own, folder.path).check()
        let script = """
            cd "$1"; btrfs subvolume create data; mkdir plain b store data/closed data/empty
            for n in 1 2 3; do seq $((n * 10000)) > data/f$n; done; cp data/f* plain; echo x > data/closed/f; chmod 500 data/closed
            """
        try Tool.run(Self.user + ["bash", "-euc", script, "script", own]).check()
        func snapshot(_ name: String) throws -> [String] {
            ["backup", "create", "dir:\(own)/\(name)", "--to", own + "/b", "--consistency", "snapshot", "--json"]
        }
        func expectNothingLeft(_ what: String) throws {
            #expect(try subvolumes().count == 2, "\(what)")
            #expect(try Tool.run("ls", "-A", own).check().lines == ["b", "data", "plain", "store"], "\(what)")
        }
        for name in ["data", "plain", "data"] {
            let report = try JSON(parsing: run(own, snapshot(name)).check().text)[0]
            #expect(report["consistency"] == "snapshot" && report["notices"].elements.isEmpty, "\(report)")
            let archive = try #require(report["archive"].text)
            try Tool.script("zstd -dqc \"$1\" | tar -d -C \"$2\" -f -", archive, "\(own)/\(name)").check()
            try expectNothingLeft(name)
        }
        let log = own + "/store/log"
        try run(own, snapshot("data"), ["HOLDFAST_FAULT_LOG": log]).check()
        let lines = try Tool.run("cat", log).check().lines
        let made = try #require(lines.firstIndex { $0.contains("SNAP_CREATE") }, "\(lines)")
        try run(own, snapshot("data"), ["HOLDFAST_FAULT": "\(made + 2):kill"]).check(137)
        #expect(try subvolumes().count == 3)
        try run(own, snapshot("data")).check()
        try expectNothingLeft("killed")
    }

    @Test("data of somebody else: why no snapshot can be made is said, and nothing is left")
    func notAllowed() throws {
        let own = disk.path + "/own"
        try Tool.script("mkdir \"$1\"; chown 1000:1000 \"$1\"; chmod 755 \"$2\"", own, data).check()
        let words = ["backup", "create", "dir:" + data, "--to", own + "/b", "--consistency", "snapshot"]
        let closed = try run(own, words).check(1)
        #expect(closed.errorText.contains("the directory above cannot be written"), "\(closed)")
        #expect(closed.errorText.contains("--consistency freeze"), "\(closed)")
        try Tool.run("chown", "1000:1000", disk.path + "/home").check()
        let refused = try run(own, words).check(1)
        #expect(refused.errorText.hasPrefix("holdfast: no clone of dir:\(data) can be made: "), "\(refused)")
        #expect(try Tool.run("ls", "-A", disk.path + "/home").check().lines == ["data"])
        #expect(try subvolumes().count == 1 && Tool.run("find", own, "-name", "*.tar.zst").output.isEmpty)
    }
}
