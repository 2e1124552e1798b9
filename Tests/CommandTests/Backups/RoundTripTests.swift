import TestSupport
import Testing

/// Goal: what was backed up comes back entry for entry, by Holdfast and by tools that know nothing of it. Method: seeded random
/// trees of every kind of entry; the seed is in the test's name.
@Suite("Round trips", .enabled(if: Environment.isRoot, "owners, devices and capabilities need root"))
struct RoundTripTests {
    private let store: StoreFixture

    init() throws { store = try StoreFixture("round") }

    /// A volume `v` with a random tree, and the path of a backup of it.
    private func backedUpTree(
        seed: UInt64, _ options: RandomTreeOptions = RandomTreeOptions()
    ) throws -> (data: String, archive: String) {
        let builder = try store.makeVolume("v", "--label", "seed=\(seed)", "--mode", "1770", "--uid", "7")
        try builder.fill(seed: seed, options)
        let archive = try store.holdfast("backup", "create", "v", "--to", store("backups")).check().lines[0]
        return (try store.mountpoint("v"), archive)
    }

    @Test("into a volume: everything, with its labels, owner and mode", arguments: [1, 2, 3, 4] as [UInt64])
    func restoresVolume(seed: UInt64) throws {
        let (data, archive) = try backedUpTree(seed: seed)
        try store.holdfast("backup", "verify", archive).check()
        #expect(try store.holdfast("backup", "restore", archive, "--to", "w").check().text == "w\n")
        try expectSameTree(store.mountpoint("w"), data)
        #expect(try store.inspect("w")["labels"]["seed"].text == "\(seed)")
        let report = try store.holdfast("backup", "restore", archive, "--to", "dir:" + store("out"), "--json").check()
        try expectSameTree(store("out"), data)
        let entries = try Tool.script("find \"$1\" -printf x | wc -c", data).check().text.dropLast()
        #expect(try JSON(parsing: report.text)["entries"].integer == Int(entries))
    }

    @Test("by GNU tar and zstd alone", arguments: [5, 6] as [UInt64])
    func restoredByTar(seed: UInt64) throws {
        let (data, archive) = try backedUpTree(seed: seed)
        try Tool.run("zstd", "-tq", archive).check()
        let out = try store.directory.makeDirectory("tar-out")
        // Times in the future and the keyword hdrcharset are fine with tar, only worth a remark.
        let tar = "tar -xp --warning=no-timestamp --warning=no-unknown-keyword --numeric-owner --acls --xattrs"
        let script = "zstd -dcq \"$1\" | \(tar) --xattrs-include='*' -C \"$2\""
        let result = try Tool.script(script, archive, out).check()
        #expect(result.errorOutput.isEmpty, "\(result)")
        try expectSameTree(out, data)
    }

    /// libarchive adds the fraction of a second to a time before 1970 where it belongs to be taken off, and gives the root of an
    /// archive the time of the extraction: neither is in the tree.
    @Test("by bsdtar alone", arguments: [7, 8] as [UInt64])
    func restoredByBsdtar(seed: UInt64) throws {
        let (data, archive) = try backedUpTree(seed: seed, RandomTreeOptions(hasNegativeTimes: false))
        let out = try store.directory.makeDirectory("bsdtar-out")
        try Tool.run("bsdtar", "-xpf", archive, "--numeric-owner", "--acls", "--xattrs", "-C", out).check()
        try expectSameTree(out, data, [.ignoringRoot])
    }

    @Test("holes stay holes")
    func keepsHoles() throws {
        let builder = try store.makeVolume("v")
        let piece = [UInt8](repeating: 7, count: 4096)
        try builder.sparseFile(
            Array("s".utf8), sizeBytes: 1 << 30, pieces: [(1 << 20, piece), ((1 << 30) - 4096, piece)])
        let archive = try store.holdfast("backup", "create", "v", "--to", store("backups")).check().lines[0]
        try store.holdfast("backup", "restore", archive, "--to", "w").check()
        let (before, after) = (try store.mountpoint("v") + "/s", try store.mountpoint("w") + "/s")
        try Tool.run("cmp", before, after).check()
        let blocks = try Tool.run("stat", "-c", "%b", before, after).check().lines
        #expect(blocks[0] == blocks[1])
    }

    @Test("the same tree gives the same tar, at any level and with any number of threads")
    func isDeterministic() throws {
        try store.makeVolume("v").fill(seed: 9)
        let digests = try [["--threads", "1"], ["--threads", "4"], ["--level", "1"], ["--level", "12"]].map { options in
            let file = store("\(options.joined()).tar.zst")
            try store.holdfast.run(["backup", "create", "v", "--to", file] + options).check()
            return try Tool.script("zstd -dcq \"$1\" | sha256sum", file).check().text
        }
        #expect(Set(digests).count == 1, "\(digests)")
    }

    @Test("an empty volume, and one empty file")
    func empty() throws {
        let builder = try store.makeVolume("v", "--mode", "0700")
        for round in 0..<2 {
            if round == 1 { try builder.file("empty", "") }
            let archive = try store.holdfast("backup", "create", "v", "--to", store("b\(round)")).check().lines[0]
            try store.holdfast("backup", "verify", archive).check()
            try store.holdfast("backup", "restore", archive, "--to", "w\(round)").check()
            try expectSameTree(store.mountpoint("w\(round)"), store.mountpoint("v"))
        }
    }
}
