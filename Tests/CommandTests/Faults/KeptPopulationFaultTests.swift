import TestSupport
import Testing

/// Goal: whatever call fails or kills the process while a population is kept as a snapshot, or is made of one, the volume is
/// whole or not there, and no subvolume is left that nobody knows. Method: every changing call, with every fault, on a real btrfs.
@Suite(
    "Faults with kept populations",
    .enabled(
        if: FaultSweep.isPossible && ReflinkDisk.formats.contains("btrfs") && Tool.exists("btrfs"),
        "the binary has no fault seam, or btrfs cannot be mounted"))
struct KeptPopulationFaultTests {
    private let template: TemporaryDirectory
    private let place: TemporaryDirectory
    private let disk: ReflinkDisk
    private let wanted: TreeFingerprint

    init() throws {
        template = try TemporaryDirectory("template")
        place = try TemporaryDirectory("kept-faults")
        disk = try ReflinkDisk("btrfs", in: place)
        let holdfast = CommandRunner(root: template("store"))
        // Names make a directory large, files would make its copies slow.
        let names: [TarMember] = (0..<1000).map { .hardLink("d/name\($0)", to: "d/a") }
        let image = try ImageFixture(
            [
                [.directory("d", mode: 0o750).owned(by: 5, 6), .file("d/a", "1"), .file("d/b", "2", mode: 0o4711)]
                    + names
            ],
            names: ["app:1"])
        try ImageLayout.docker25.write([image], to: template("image.tar"))
        try holdfast("image", "load", "-i", template("image.tar")).check()
        try Tool.run("rm", template("image.tar")).check()
        try holdfast("volume", "seed", "model", "--image", "app:1", "--path", "/d").check()
        wanted = try TreeFingerprint(template("store/volumes/model/_data"))
        try holdfast("volume", "rm", "model").check()
        try holdfast("volume", "create", "empty").check()
    }

    /// Subvolumes of the store that are neither a volume's data nor kept for the next.
    private static func unknownSubvolumes(_ run: FaultSweep.Run) throws -> [String] {
        // The list is of the whole disk, on which two runs work at a time.
        let store = (run.folder.split(separator: "/").last.map(String.init) ?? run.folder) + "/store/"
        let names = try run.names()
        return try Tool.run("btrfs", "subvolume", "list", run.folder).check().lines.filter { line in
            guard line.contains(store) else { return false }
            return !names.contains { line.hasSuffix("/volumes/\($0)/_data") }
                && !(line.contains("/layers/") && line.contains("/populations/") && line.hasSuffix("/tree"))
        }
    }

    private func sweep(_ volume: String, isKept: Bool, limit: Int) throws {
        var sweep = FaultSweep(
            template: template, arguments: ["volume", "seed", volume, "--image", "app:1", "--path", "/d"])
        sweep.place = disk.path
        sweep.faults = ["EIO", "kill"]
        if isKept {
            sweep.prepare = { folder in
                try CommandRunner(root: folder + "/store")(
                    "volume", "seed", "first", "--image", "app:1", "--path", "/d"
                ).check()
            }
        }
        let wanted = wanted
        try sweep.run(.calls, limit: limit) { run in
            try run.checkStoreIsClean()
            let data = "\(run.folder)/store/volumes/\(volume)/_data"
            let names = try run.names()
            let isMade = try names.contains(volume) && !Tool.run("ls", "-A", data).check().lines.isEmpty
            try require(isMade || run.result.status != 0, "an acknowledged population is lost", run)
            if isMade { try run.requireSameTree(data, wanted, "not what the image has") }
            let origin =
                names.contains(volume)
                ? try JSON(parsing: run.holdfast("volume", "inspect", volume).check().text)[0]["populatedFrom"].text
                : nil
            try require(origin == (isMade ? "app:1" : nil), "the record is wrong", run)
            try run.holdfast("volume", "seed", "later", "--image", "app:1", "--path", "/d").check()
            try run.requireSameTree("\(run.folder)/store/volumes/later/_data", wanted, "the next volume is not whole")
            try require(
                try Self.unknownSubvolumes(run) == [], "a subvolume is left: \(try Self.unknownSubvolumes(run))", run)
        }
    }

    @Test("the first population, which is kept")
    func first() throws { try sweep("new", isKept: false, limit: 44) }

    @Test("the second, which is made of it and takes the place of an empty volume's data")
    func second() throws { try sweep("empty", isKept: true, limit: 44) }
}
