import TestSupport
import Testing

/// Goal: `df` is right in every case in which the engines' own are not, says what it does not know, and changes nothing.
/// Method: the binary on stores made for it; `du` and the kernel as oracles.
@Suite("df") struct DiskFreeTests {
    private let directory: TemporaryDirectory
    private let fixture: DiskFreeFixture

    init() throws {
        directory = try TemporaryDirectory("df")
        fixture = DiskFreeFixture(in: directory.path)
    }

    private var holdfast: CommandRunner { fixture.holdfast }

    @Test("a new store is empty, in words and in JSON")
    func empty() throws {
        let text = try holdfast("df", "-v").check().text
        #expect(text.contains("Images            0        0"))
        #expect(text.contains("Nothing can be freed."))
        let report = try fixture.df()
        for group in ["images", "containers", "volumes", "layers", "cache", "backups"] {
            #expect(report[group]["totalCount"].integer == 0)
            #expect(report[group]["reclaimableBytes"].integer == 0)
        }
        #expect(report.keys.contains("unaccountedBytes"))
    }

    @Test("volumes are as large as du says, and one that three containers use is active once")
    func volumes() throws {
        let volume = try fixture.makeVolume("shared")
        try volume.sparseFile(Array("sparse".utf8), sizeBytes: 1 << 30, pieces: [])
        try volume.directory(".hidden")
        for number in 0..<50 { try volume.file(".hidden/\(number)", "tiny") }
        try volume.hardLink("link", to: ".hidden/1")
        try fixture.makeVolume("unused").file("f", String(repeating: "x", count: 100_000))
        try fixture.loadImages()
        for number in 0..<3 {
            try holdfast("container", "create", "--name", "c\(number)", "-v", "shared:/s", "a:1").check()
        }
        let report = try fixture.df()["volumes"]
        #expect(report["totalCount"].integer == 2)
        #expect(report["activeCount"].integer == 1)
        let (shared, unused) = (try fixture.item("shared", report), try fixture.item("unused", report))
        #expect(try shared["sizeBytes"].integer == fixture.du(fixture.mountpoint("shared")))
        #expect(try #require(shared["apparentBytes"].integer) == (1 << 30) + 50 * 4)
        #expect(shared["references"].elements.compactMap(\.text) == ["c0", "c1", "c2"])
        #expect(shared["reclaimableBytes"].integer == 0)
        #expect(try unused["reclaimableBytes"].integer == fixture.du(fixture.mountpoint("unused")))
        let sizes = [shared, unused].compactMap { $0["sizeBytes"].integer }
        #expect(report["sizeBytes"].integer == sizes.reduce(0, +))
        #expect(report["reclaimableBytes"].integer == sizes[1])
    }

    @Test(
        "a volume with options is listed, its data counted where it is and not as the store's",
        .enabled(if: Environment.isRoot))
    func options() throws {
        let data = try TreeBuilder(directory.makeDirectory("data"))
        try data.file("f", String(repeating: "x", count: 50_000))
        try holdfast(
            "volume", "create", "bound", "--opt", "type=none", "--opt", "o=bind", "--opt",
            "device=" + directory("data")
        ).check()
        try holdfast(
            "volume", "create", "share", "--opt", "type=nfs", "--opt", "device=:/x", "--opt", "o=addr=192.0.2.1"
        ).check()
        let report = try fixture.df()["volumes"]
        let (bound, share) = (try fixture.item("bound", report), try fixture.item("share", report))
        #expect(try bound["allocatedBytes"].integer == fixture.du(directory("data")))
        #expect(bound["sizeBytes"].integer == 0)
        #expect(bound["options"]["o"] == "bind")
        #expect(bound["inStore"].boolean == false)
        #expect(share["allocatedBytes"].isNull, "nobody is asked over the network")
        #expect(report["sizeBytes"].integer == 0)
        #expect(report["lowerBound"].boolean == false)
        #expect(try holdfast("df", "-v").check().text.contains("type=nfs,device=:/x"))
        #expect(try Tool.run("cat", "/proc/self/mountinfo").check().text.contains(directory.path) == false)
    }

    @Test("images share layers: each once in the sum, and each frees alone what nothing else needs")
    func images() throws {
        try fixture.loadImages()
        try holdfast("container", "create", "--name", "c", "d:1").check()
        let report = try fixture.df("--layers")
        let images = report["images"]
        #expect(images["totalCount"].integer == 4)
        #expect(images["activeCount"].integer == 1)
        #expect(report["layers"]["items"].elements.count == 5)
        let onDisk = try fixture.du(directory("store/layers")) - Int(try ownBlocks("store/layers"))
        let blobs = try fixture.du(directory("store/blobs/sha256")) - Int(try ownBlocks("store/blobs/sha256"))
        #expect(images["sizeBytes"].integer == onDisk + blobs)
        #expect(report["layers"]["sizeBytes"].integer == onDisk)
        let (a, d) = (try fixture.item("a:1", images), try fixture.item("d:1", images))
        #expect(try a["uniqueBytes"].integer == fixture.du(blob(a)), "c has all its layers")
        #expect(d["reclaimableBytes"].integer == 0)
        #expect(d["uniqueBytes"].integer == d["sizeBytes"].integer)
        for item in images["items"].elements {
            let parts = ["sharedBytes", "uniqueBytes"].compactMap { item[$0].integer }
            #expect(parts.reduce(0, +) == item["sizeBytes"].integer)
        }
        let unused = try #require(images["reclaimableBytes"].integer)
        #expect(unused == (images["sizeBytes"].integer ?? 0) - (d["sizeBytes"].integer ?? 0))
    }

    private func blob(_ image: JSON) throws -> String {
        directory("store/blobs/sha256/" + (try #require(image["id"].text?.dropFirst("sha256:".count))))
    }

    private func ownBlocks(_ path: String) throws -> Int {
        try #require(Int(Tool.run("stat", "-c", "%b", directory(path)).check().lines[0])) * 512
    }

    @Test("a container is as large as its changes, and active while it is mounted", .enabled(if: Environment.isRoot))
    func containers() throws {
        try fixture.loadImages()
        try holdfast("container", "create", "--name", "c", "a:1").check()
        let merged = try holdfast("container", "mount", "c").check().lines[0]
        try TreeBuilder(merged).file("made", String(repeating: "x", count: 200_000))
        let mounted = try fixture.item("c", try fixture.df()["containers"])
        let home = String(merged.dropLast("/merged".count))
        #expect(try mounted["upperBytes"].integer == fixture.du(home + "/upper"), "nothing of the image")
        #expect(mounted["active"].boolean == true)
        #expect(mounted["reclaimableBytes"].integer == 0)
        try holdfast("container", "unmount", "c").check()
        let report = try fixture.df()["containers"]
        #expect(report["activeCount"].integer == 0)
        #expect(try report["reclaimableBytes"].integer == fixture.du(home))
        #expect(report["sizeBytes"].integer == report["reclaimableBytes"].integer)
    }

    @Test(
        "a deleted file that a process has open is named with the process; its volume is in use",
        .enabled(if: Environment.isRoot))
    func deletedOpenFile() throws {
        let path = try fixture.makeVolume("v").root
        let process = try ChildProcess(
            [
                "bash", "-c", "exec 3<>\"$1\"; head -c 20000000 /dev/zero >&3; rm \"$1\"; exec sleep 100",
                "x", path + "/gone",
            ]
            .map { Array($0.utf8) })
        defer { process.send(9) }
        // The file is there, has lost its name, and its process is what it is going to be.
        while try Tool.run("cat", "/proc/\(process.identifier)/comm").text != "sleep\n" {}
        let report = try fixture.df()
        let file = try #require(
            report["unaccounted"]["deletedOpenFiles"].elements.first { $0["path"] == path + "/gone" })
        #expect(try #require(file["allocatedBytes"].integer) >= 20_000_000)
        #expect(file["process"] == "sleep")
        #expect(file["pid"].integer == Int(process.identifier))
        #expect(report["volumes"]["activeCount"].integer == 1)
        #expect(report["volumes"]["reclaimableBytes"].integer == 0)
        let pruned = try JSON(parsing: holdfast("volume", "prune", "--all", "--dry-run", "--json").check().text)
        #expect(pruned["reclaimedBytes"].integer == 0)
        #expect(
            try holdfast("df").check().text.contains("process \(process.identifier) (sleep) has '\(path)/gone' open"))
    }

    @Test("--max-age answers from what was measured, says so, and forgets what is another volume")
    func remembered() throws {
        let volume = try fixture.makeVolume("v")
        let before = try fixture.item("v", try fixture.df()["volumes"])
        #expect(before["remembered"].boolean == false)
        try volume.file("f", String(repeating: "x", count: 300_000))
        let old = try fixture.df("--max-age", "1h")
        #expect(try fixture.item("v", old["volumes"])["sizeBytes"] == before["sizeBytes"])
        #expect(try fixture.item("v", old["volumes"])["remembered"].boolean == true)
        #expect(old["oldestMeasuredAt"] == before["measuredAt"])
        #expect(try holdfast("df", "--max-age", "1h").check().text.contains("old (--max-age)"))
        try holdfast("volume", "rename", "v", "w").check()
        #expect(try fixture.item("w", try fixture.df("--max-age", "1h")["volumes"])["remembered"].boolean == true)
        #expect(try fixture.item("w", try fixture.df("--max-age", "0s")["volumes"])["remembered"].boolean == false)
        let fresh = try fixture.df("--max-age", "1h")["volumes"]
        #expect(try fixture.item("w", fresh)["sizeBytes"].integer == fixture.du(fixture.mountpoint("w")))
        try holdfast("volume", "rm", "w").check()
        _ = try fixture.makeVolume("w")
        #expect(try fixture.item("w", try fixture.df("--max-age", "1h")["volumes"])["remembered"].boolean == false)
        try holdfast("df", "--max-age", "15").check(2)
    }

    @Test("what cannot be read makes the figure a lower bound and the status 3", .enabled(if: Environment.isRoot))
    func unreadable() throws {
        let store = try StoreFixture("unreadable")
        let (command, own) = try store.asNobody()
        let root = ["--root", own + "/store"]
        try Tool.run(command + ["volume", "create", "v"] + root).check()
        let data = try TreeBuilder(own + "/store/volumes/v/_data")
        try data.directory("closed")
        try data.file("closed/f", "x")
        try Tool.run("chown", "-R", "65534:65534", own).check()
        try Tool.run("chown", "0", data.root + "/closed").check()
        try Tool.run("chmod", "700", data.root + "/closed").check()
        let result = try Tool.run(command + ["df"] + root).check(3)
        let text = result.text
        #expect(text.contains("≥"))
        #expect(result.errorText.contains("1 entry of volume 'v' could not be read"))
        #expect(text.contains("only root sees them"))
        let report = try JSON(parsing: Tool.run(command + ["df", "--json"] + root).check(3).text)
        #expect(report["lowerBound"].boolean == true)
        #expect(report["volumes"]["items"][0]["errors"].integer == 1)
    }

    @Test("archives below a destination are counted, and the rest there beside them")
    func backups() throws {
        try fixture.makeVolume("v").file("f", String(repeating: "x", count: 100_000))
        try holdfast("backup", "create", "v", "--to", directory("backups")).check()
        try TreeBuilder(directory("backups")).file("notes", "mine")
        let item = try fixture.df("--backups", directory("backups"))["backups"]["items"][0]
        #expect(item["archives"].integer == 1)
        let sizes = ["allocatedBytes", "otherBytes"].compactMap { item[$0].integer }.reduce(0, +)
        #expect(try sizes == fixture.du(directory("backups")))
        try holdfast("df", "--backups", directory("nowhere")).check(4)
    }

    @Test("what crashes left is shown, not deleted, and gone after the step of the plan")
    func leftovers() throws {
        try fixture.loadImages()
        _ = try fixture.makeVolume("v")
        for place in ["staging/abandoned", "trash/removed", "volumes/orphan"] {
            try TreeBuilder(directory.makeDirectory("store/\(place)")).file("f", String(repeating: "x", count: 50_000))
        }
        let report = try fixture.df()
        #expect(report["cache"]["totalCount"].integer == 3)
        #expect(report["cache"]["activeCount"].integer == 0)
        let sum = try ["staging/abandoned", "trash/removed", "volumes/orphan"].map {
            try fixture.du(directory("store/\($0)"))
        }
        #expect(report["cache"]["reclaimableBytes"].integer == sum.reduce(0, +))
        let step = try #require(report["plan"].elements.first { $0["command"] == "holdfast check --repair" })
        #expect(step["reclaimableBytes"].integer == sum.reduce(0, +))
        try holdfast("check", "--repair").check()
        #expect(try fixture.df()["cache"]["totalCount"].integer == 0)
    }

    @Test("impossible sizes in the catalog neither crash df nor image ls")
    func garbage() throws {
        try fixture.loadImages()
        try Tool.run(
            "sqlite3", directory("store/catalog.sqlite"), "UPDATE layers SET allocated_bytes = \(Int64.max)"
        ).check()
        #expect(try holdfast("df", "-v").check().text.contains("EiB"))
        try holdfast("image", "ls").check()
        try holdfast("image", "prune", "--all").check()
        #expect(try fixture.df()["images"]["totalCount"].integer == 0)
    }

    @Test(
        "a read-only store and a full one are reported all the same", .enabled(if: Environment.isRoot),
        arguments: [true, false])
    func noRoom(isReadOnly: Bool) throws {
        let disk = try SmallDisk(at: directory.makeDirectory("disk"), sizeKiB: 4096)
        let fixture = DiskFreeFixture(in: disk.path)
        try fixture.makeVolume("v").file("f", String(repeating: "x", count: 100_000))
        if isReadOnly {
            try disk.setReadOnly(true)
        } else {
            _ = try Tool.run("dd", "if=/dev/zero", "of=" + disk.path + "/filler", "bs=4k")
        }
        let result = try fixture.holdfast("df", "--json").check()
        #expect(
            try JSON(parsing: result.text)["volumes"]["sizeBytes"].integer == fixture.du(fixture.mountpoint("v")))
        withExtendedLifetime(disk) {}
    }

    @Test("volumes that come and go while it measures are no failure")
    func concurrentRemoval() throws {
        let script = """
            for i in $(seq 40); do "$1" volume create "v$((i % 7))" > "$2/out"; touch "$HOLDFAST_ROOT/volumes/v$((i % 7))/_data/f"
                "$1" volume rm "v$((i % 7))" > "$2/out"; done
            """
        let churn = try ChildProcess(
            ["bash", "-euc", script, "x", CommandRunner.binary, directory.path].map { Array($0.utf8) },
            environment: ["HOLDFAST_ROOT": holdfast.root])
        for _ in 0..<25 { _ = try fixture.df() }
        try churn.wait().check()
    }
}
