import FileTree
import Glibc
import StorageModel
import TestSupport
import Testing

/// Goal: figures as du(1) has them whatever the shape, the number of threads and what happens meanwhile. Method: du(1) and
/// find(1) as oracles, the tree against the totals, trees that change while they are scanned.
@Suite("Counting what a tree takes") struct UsageScanTests {
    private func scan(
        _ path: String, threads: Int = 2, _ change: (inout UsageScan.Options) -> Void = { _ in }
    ) throws -> UsageScan.Outcome {
        var options = UsageScan.Options()
        options.threads = threads
        change(&options)
        return try UsageScan.run(try Descriptor.openDirectory(atHostPath: path), options)
    }

    private func allocated(_ path: String, _ options: String...) throws -> UInt64? {
        UInt64(try Tool.run(["du", "-sx", "--block-size=1"] + options + [path]).check().text.prefix { $0.isNumber })
    }

    @Test(
        "the tree adds up to the totals, and both to du(1)", arguments: [(21, 1), (22, 2), (23, 5)] as [(UInt64, Int)])
    func treeAgrees(_ seed: UInt64, _ threads: Int) throws {
        let place = try Place()
        let tree = try place.builder("tree")
        try tree.fill(seed: seed, RandomTreeOptions(entries: 400))
        let outcome = try scan(tree.root, threads: threads) { $0.recordsTree = true }
        let found = try #require(outcome.tree)
        #expect(found.totals()[0] == outcome.totals)
        #expect(try outcome.totals.allocatedBytes == allocated(tree.root))
        let names = try Tool.run("find", tree.root, "-mindepth", "1", "-printf", "%P\\0").check()
        let expected = names.output.split(separator: 0).map { EntryPath(trusted: Array($0)) }.sorted()
        #expect((1..<found.count).map { found.path(of: $0) }.sorted() == expected)
        for index in 1..<found.count {
            let parent = try #require(found.parent(of: index))
            #expect(parent < index && found.children(of: parent).contains(index))
        }
    }

    @Test("a directory of 20,000 files is counted once, by one thread and by several", arguments: [1, 4])
    func wide(_ threads: Int) throws {
        let place = try Place()
        let root = place.directory("wide")
        try Tool.script(
            "mkdir \"$1\"; cd \"$1\"; seq 1 20000 | xargs touch; mkdir sub; ln 1 sub/link; echo x > sub/x", root
        ).check()
        let outcome = try scan(root, threads: threads)
        #expect(outcome.totals.files == 20_001 && outcome.totals.directories == 2)
        #expect(try outcome.totals.allocatedBytes == allocated(root))
    }

    @Test("an inode with several names is counted under its first path, whichever thread is faster")
    func settlesLinks() throws {
        let place = try Place()
        let tree = try place.builder("tree")
        for folder in ["a", "b", "c"] { try tree.directory(folder) }
        try tree.file("c/z", String(repeating: "x", count: 9000))
        try tree.hardLink("b/y", to: "c/z")
        try tree.hardLink("a/x", to: "c/z")
        for threads in [1, 3] {
            let outcome = try scan(tree.root, threads: threads) { $0.recordsTree = true }
            let found = try #require(outcome.tree)
            let counted = (0..<found.count).filter {
                found[$0].flags.contains(.hasOtherNames) && !found[$0].flags.contains(.countedElsewhere)
            }
            #expect(counted.map { found.path(of: $0) } == [path("a/x")])
            #expect(outcome.totals.files == 1 && found.linkedInode(of: counted[0])?.linkCount == 3)
        }
    }

    @Test("what has names outside is told, and nothing else is kept")
    func outsideLinks() throws {
        let place = try Place()
        let tree = try place.builder("tree")
        try tree.file("inside", "1")
        try tree.hardLink("inside too", to: "inside")
        try tree.file("out", "22")
        try Tool.run("ln", "\(tree.root)/out", place.directory("outside")).check()
        let outcome = try scan(tree.root) { $0.reportsOutsideLinks = true }
        let status = try Descriptor.openDirectory(atHostPath: tree.root).status(of: name("out"))
        #expect(outcome.outsideLinks.keys.map { $0 } == [status.identity])
        #expect(outcome.outsideLinks[status.identity]?.apparentBytes == 2)
    }

    @Test("2,500 levels are counted by several threads, also into a tree")
    func deep() throws {
        let place = try Place()
        try makeDeepTree(place.directory("deep"), depth: 2500)
        let outcome = try scan(place.directory("deep"), threads: 3) { $0.recordsTree = true }
        #expect(outcome.totals.directories == 2501 && outcome.totals.files == 1 && outcome.totals.errors == 0)
        #expect(outcome.tree?.path(of: (outcome.tree?.count ?? 1) - 1).depth == 2501)
    }

    @Test(
        "the same inode number on two devices is two files; mounts are left out unless wanted",
        .enabled(if: Environment.isRoot, "mounting needs root"))
    func twoDevices() throws {
        let place = try Place()
        let tree = try place.builder("tree")
        try tree.directory("one")
        try tree.directory("two")
        let disks = try [
            SmallDisk(at: "\(tree.root)/one", sizeKiB: 512), SmallDisk(at: "\(tree.root)/two", sizeKiB: 512),
        ]
        try Tool.script("for d in one two; do echo 12345 > \"$1/$d/f\"; ln \"$1/$d/f\" \"$1/$d/g\"; done", tree.root)
            .check()
        let inodes = try Tool.run("stat", "--format", "%i", "\(tree.root)/one/f", "\(tree.root)/two/f").check().lines
        #expect(inodes[0] == inodes[1], "both file systems number alike")
        let everything = try scan(tree.root) { $0.staysOnFileSystem = false }
        #expect(everything.totals.files == 2 && everything.totals.apparentBytes == 12)
        #expect(everything.totals.directories == 3)
        let own = try scan(tree.root) { $0.recordsTree = true }
        #expect(own.totals.files == 0 && own.totals.directories == 1)
        #expect(try own.totals.allocatedBytes == allocated(tree.root))
        #expect(own.tree?[1].flags == .otherFileSystem)
        withExtendedLifetime(disks) {}
    }

    @Test(
        "a mount that leads back into the tree is entered once",
        .enabled(if: Environment.isRoot, "mounting needs root"))
    func loops() throws {
        let place = try Place()
        let tree = try place.builder("tree")
        try tree.directory("a")
        try tree.directory("a/b")
        try tree.file("a/f", "x")
        try Tool.run("mount", "--bind", tree.root, "\(tree.root)/a/b").check()
        defer { _ = try? Tool.run("umount", "\(tree.root)/a/b") }
        let outcome = try scan(tree.root) { $0.staysOnFileSystem = false }
        #expect(outcome.totals.files == 1 && outcome.totals.directories == 2)
    }

    @Test("a tree that is being filled and emptied is scanned without an error")
    func changing() throws {
        let place = try Place()
        let root = place.directory("busy")
        let script = """
            mkdir -p "$1"; cd "$1"
            while :; do
                for i in 1 2 3 4 5 6 7 8; do mkdir -p d$i/e; touch d$i/e/f d$i/g; done
                rm -rf d1 d2 d3 d4 d5 d6 d7 d8
            done
            """
        let writer = try ChildProcess(["bash", "-c", script, "script", root].map { Array($0.utf8) })
        defer { endGroup(of: writer) }
        while try Tool.run("test", "-d", root).status != 0 {}
        for round in 0..<60 {
            let outcome = try scan(root, threads: 1 + round % 3) { $0.recordsTree = round % 2 == 0 }
            #expect(outcome.totals.errors == 0 && outcome.totals.directories >= 1)
        }
    }

    @Test("an interruption and a deadline end it with what there is")
    func stops() throws {
        let place = try Place()
        try place.builder("tree").fill(seed: 5, RandomTreeOptions(entries: 50))
        let root = place.directory("tree")
        let interruption = Interruption()
        interruption.request()
        let interrupted = try scan(root) { $0.checkpoint = Checkpoint(interruption: interruption) }
        #expect(interrupted.isPartial && interrupted.totals.directories == 1)
        let late = try scan(root) { $0.deadline = ContinuousClock.now }
        #expect(late.isPartial && late.totals.directories == 1)
        let slow = try scan(root) { $0.callsPerSecond = 1_000_000 }
        #expect(!slow.isPartial)
        #expect(try slow.totals == scan(root).totals)
    }

    @Test("extents that two files share are counted once", .enabled(if: SharingDisk.isPossible, "needs root and XFS"))
    func extents() throws {
        let disk = try SharingDisk()
        try Tool.script(
            """
            cd "$1"; mkdir a b; head -c 1048576 /dev/urandom > a/one; head -c 65536 /dev/urandom > a/own
            cp --reflink=always a/one a/two; cp --reflink=always a/one b/three; sync -f .
            """, disk.path
        ).check()
        let outcomes = try ["a", "b"].map { folder in
            try #require(try scan("\(disk.path)/\(folder)") { $0.readsExtents = true }.extents)
        }
        #expect(outcomes[0].sharedBytes == 1 << 20 && outcomes[0].exclusiveBytes == 65_536)
        #expect(outcomes[1].sharedBytes == 1 << 20 && outcomes[1].exclusiveBytes == 0)
        #expect(outcomes[0].sharedBytes(with: [outcomes[1]]) == 1 << 20)
    }
}

/// A file system in a file whose files can share blocks.
private final class SharingDisk {
    static let isPossible = Environment.isRoot && Tool.exists("mkfs.xfs")

    private let folder: TemporaryDirectory
    let path: String

    init() throws {
        folder = try TemporaryDirectory("sharing")
        path = folder("disk")
        try Tool.script(
            "truncate -s 320M \"$1.img\"; mkfs.xfs -q \"$1.img\"; mkdir \"$1\"; mount -o loop \"$1.img\" \"$1\"", path
        ).check()
    }

    deinit { _ = try? Tool.run("umount", path) }
}

/// Kills a process and those of its group.
private func endGroup(of process: ChildProcess) {
    kill(-process.identifier, SIGKILL)
    // It is gone either way.
    _ = try? process.wait()
}
