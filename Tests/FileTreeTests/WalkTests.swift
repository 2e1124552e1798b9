import FileTree
import StorageModel
import TestSupport
import Testing

/// Goal: every entry once, in the order of an archive, whatever the shape. Method: find(1), du(1), deep and wide trees.
@Suite("Walking") struct WalkTests {
    /// Walks twice, the second time with a thread that walks ahead.
    private func walk(_ root: String, _ options: OrderedWalk.Options = .init()) throws -> [EntryPath] {
        var paths: [EntryPath] = []
        let walk = try OrderedWalk(root: try Descriptor.openDirectory(atHostPath: root), options: options)
        walk.forEach { (entry) throws(Never) in
            paths.append(entry.path)
        } onError: { path, error in
            Issue.record("\(path): \(error)")
        }
        var ahead: [EntryPath] = []
        let descriptor = SharedDescriptor(try Descriptor.openDirectory(atHostPath: root))
        OrderedWalk.forEachAhead(descriptor, options: options) { (entry) throws(Never) in
            ahead.append(entry.path)
        } onError: { path, error in
            Issue.record("\(path): \(error)")
        }
        #expect(ahead == paths)
        return paths
    }

    @Test("What is done with an entry can end a walk that is ahead of it", arguments: [1, 128, 129, 2000])
    func endsEarly(_ last: Int) throws {
        struct Enough: Error {}
        let place = try Place()
        try Tool.script("mkdir \"$1\"; cd \"$1\"; seq 1 3000 | xargs touch", place.directory("wide")).check()
        let root = SharedDescriptor(try Descriptor.openDirectory(atHostPath: place.directory("wide")))
        var count = 0
        #expect(throws: Enough.self) {
            try OrderedWalk.forEachAhead(root) { (_) throws(Enough) in
                count += 1
                if count == last { throw Enough() }
            } onError: { path, error in
                Issue.record("\(path): \(error)")
            }
        }
        #expect(count == last)
    }

    @Test("A file instead of a directory is one failure, of the root")
    func failsAtTheRoot() throws {
        let place = try Place()
        try place.builder("tree").file("file", "")
        let file = SharedDescriptor(
            try Descriptor.openDirectory(atHostPath: place.directory("tree")).openFile(name("file"), for: .reading))
        var failures: [String] = []
        OrderedWalk.forEachAhead(file) { (_) throws(Never) in
        } onError: { path, error in
            failures.append("\(path): \(error.errno)")
        }
        #expect(failures == [".: \(Errno.notDirectory)"])
    }

    @Test("A walk finds what find(1) finds, in ascending order", arguments: [1, 2, 3] as [UInt64])
    func agreesWithFind(_ seed: UInt64) throws {
        let place = try Place()
        let tree = try place.builder("tree")
        try tree.fill(seed: seed, RandomTreeOptions(entries: 300, largestFileBytes: 100))
        let paths = try walk(tree.root)
        let found = try Tool.run("find", tree.root, "-mindepth", "1", "-printf", "%P\\0").check()
        let expected = found.output.split(separator: 0).map { EntryPath(trusted: Array($0)) }.sorted()
        #expect(paths.first == .root)
        #expect(Array(paths.dropFirst()) == expected)
    }

    @Test("A directory larger than the window is walked in order")
    func walksWideDirectories() throws {
        let place = try Place()
        try Tool.script(
            "mkdir \"$1\"; cd \"$1\"; seq 1 5000 | xargs touch; mkdir 2500.d; touch 2500.d/x", place.directory("wide")
        )
        .check()
        let paths = try walk(place.directory("wide"))
        let wide = try place.descriptor.descriptor.openDirectory(name("wide"))
        #expect(try !wide.isEmptyDirectory())
        try wide.makeDirectory(name("empty"))
        #expect(try wide.openDirectory(name("empty")).isEmptyDirectory())
        #expect(paths.count == 5003)
        #expect(zip(paths, paths.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test("A tree of 2,500 levels is walked, counted, copied and removed")
    func handlesDepth() throws {
        let place = try Place()
        try makeDeepTree(place.directory("deep"), depth: 2500)
        #expect(try walk(place.directory("deep")).count == 2502)
        let deep = try Descriptor.openDirectory(atHostPath: place.directory("deep"))
        let usage = try UsageScan.totals(of: deep, threads: 2)
        #expect(usage.directories == 2501 && usage.files == 1 && usage.errors == 0)
        try place.descriptor.descriptor.makeDirectory(name("copy"))
        let copy = try place.descriptor.descriptor.openDirectory(name("copy"))
        let report = try TreeCopy.copy(deep, to: copy, ownership: true, checkpoint: Checkpoint())
        #expect(report.entries == 2502 && report.skipped.isEmpty)
        #expect(try UsageScan.totals(of: copy, threads: 2) == usage)
        try place.descriptor.descriptor.removeTree(name("copy"))
        try place.descriptor.descriptor.removeTree(name("deep"))
        #expect(try place.descriptor.descriptor.entries().isEmpty)
    }

    @Test("Excluded entries are neither reported nor entered")
    func excludes() throws {
        let place = try Place()
        let tree = try place.builder("tree")
        try tree.directory("a")
        try tree.file("a/inside", "")
        try tree.file("b", "")
        let root = try Descriptor.openDirectory(atHostPath: tree.root)
        var options = OrderedWalk.Options()
        options.excluded = [try root.status(of: name("a")).identity]
        #expect(try walk(tree.root, options) == [.root, path("b")])
    }

    @Test("Mounts are reported empty, bind mounts too", .enabled(if: Environment.isRoot, "mounting needs root"))
    func staysOnFileSystem() throws {
        let place = try Place()
        let tree = try place.builder("tree")
        try tree.directory("mount")
        try tree.directory("bind")
        try tree.directory("source")
        try tree.file("source/file", "")
        let mounted = try Tool.script("mount -t tmpfs none \"$1/mount\"; touch \"$1/mount/hidden\"", tree.root)
        try #require(mounted.status == 0, "a tmpfs can be mounted")
        defer { _ = try? Tool.script("umount \"$1/mount\"; umount \"$1/bind\" || true", tree.root) }
        try Tool.script("mount --bind \"$1/source\" \"$1/bind\"", tree.root).check()
        #expect(try walk(tree.root) == ["", "bind", "mount", "source", "source/file"].map(path))
        var everywhere = OrderedWalk.Options()
        everywhere.staysOnFileSystem = false
        #expect(try walk(tree.root, everywhere).count == 7)
        let root = try Descriptor.openDirectory(atHostPath: tree.root)
        #expect(try UsageScan.totals(of: root, threads: 2).directories == 2)
        // Removal leaves what is mounted alone, and says so.
        let refused = errorNumber { () throws(FileError) in
            try place.descriptor.descriptor.removeTree(name("tree"))
        }
        #expect(refused == .busy)
        #expect(try Tool.run("ls", "\(tree.root)/mount").text == "hidden\n")
    }

    @Test("Usage agrees with du(1)", arguments: [11, 12, 13] as [UInt64])
    func agreesWithDu(_ seed: UInt64) throws {
        let place = try Place()
        let tree = try place.builder("tree")
        try tree.fill(seed: seed, RandomTreeOptions(entries: 400))
        let usage = try UsageScan.totals(of: try Descriptor.openDirectory(atHostPath: tree.root), threads: 3)
        let allocated = try Tool.run("du", "-s", "--block-size=1", tree.root).check().text
        #expect(UInt64(allocated.prefix { $0.isNumber }) == usage.allocatedBytes)
        let directories = try Tool.run("find", tree.root, "-type", "d", "-printf", "x").check().output.count
        #expect(usage.directories == UInt64(directories))
        let rest = try Tool.run("find", tree.root, "!", "-type", "d", "-printf", "%i %s\\n").check()
        let inodes = Set(rest.lines)
        #expect(usage.files == UInt64(inodes.count))
        #expect(usage.apparentBytes == inodes.reduce(0) { $0 + (UInt64($1.split(separator: " ")[1]) ?? 0) })
        #expect(usage.errors == 0)
    }
}
