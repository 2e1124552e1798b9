import Archive
import FileTree
import Glibc
import StorageModel
import Synchronization
import TestSupport
import Testing

@testable import Containers

/// Goal: the whole table of `docker cp`, in both directions, with everything that an entry has, and nothing out of the
/// roots. Method: the same trees on either side, listed by find(1).
@Suite("Copying between host and container") struct CopyTests {
    private func copier(_ options: ContainerCopy.Options = .init()) -> ContainerCopy {
        ContainerCopy(options: options, checkpoint: Checkpoint())
    }

    private func container(_ root: Root, _ path: String, _ mapping: IdentityMapping? = nil) throws -> CopyEndpoint {
        try .container(try ContainerName("web"), root: root.shared, path: path, mapping: mapping)
    }

    /// Copies one row and compares what came of it with what should.
    private func check(_ row: CopyCase, _ source: CopyEndpoint, _ target: CopyEndpoint, _ tree: String) throws {
        let before = try CopyTrees.listing(tree)
        let names = Set(before.map { $0.prefix { $0 != " " } })
        let options = ContainerCopy.Options(followsLink: row.followsLink, isDurable: false)
        switch row.outcome {
        case .adds(let lines):
            let report = try copier(options).copy(source, to: target)
            #expect(report.skipped.isEmpty)
            let after = try CopyTrees.listing(tree)
            #expect(after.subtracting(before) == Set(lines))
            // What is gone is there with something else in it.
            for line in before.subtracting(after) {
                #expect(lines.contains { $0.prefix { $0 != " " } == line.prefix { $0 != " " } }, "\(line)")
            }
            #expect(names.isSubset(of: after.map { $0.prefix { $0 != " " } }))
        case .fails(let code):
            let error = #expect(throws: StorageError.self) { try copier(options).copy(source, to: target) }
            #expect(error?.code == code, "\(String(describing: error))")
            #expect(try CopyTrees.listing(tree) == before)
        }
    }

    @Test("Every row of Docker's table, into a container", arguments: CopyCase.table)
    func intoContainer(_ row: CopyCase) throws {
        let root = try Root("copying")
        try CopyTrees.makeTarget("\(root.path)/t")
        try CopyTrees.makeSource(root.directory("s"))
        // With and without a slash in front it is the same.
        try check(
            row, try .host(root.directory("s/\(row.source)")), try container(root, "t/\(row.target)"),
            "\(root.path)/t")
    }

    @Test("Every row of Docker's table, out of a container", arguments: CopyCase.table)
    func outOfContainer(_ row: CopyCase) throws {
        let root = try Root("copying")
        try CopyTrees.makeSource("\(root.path)/s")
        try CopyTrees.makeTarget(root.directory("t"))
        try check(
            row, try container(root, "/s/\(row.source)"), try .host(root.directory("t/\(row.target)")),
            root.directory("t"))
    }

    @Test(
        "The root of a container means its content, whatever it is called", arguments: ["/", ".", "/.", "usr/..", "./"])
    func copiesRoots(_ path: String) throws {
        let root = try Root("copying")
        try CopyTrees.makeSource(root.path)
        let target = try root.directory.makeDirectory("out")
        _ = try copier().copy(try container(root, path), to: try .host(target))
        #expect(try CopyTrees.listing(target) == CopyTrees.listing(root.path))
    }

    @Test("Everything that an entry has comes along", arguments: [31, 32] as [UInt64])
    func keepsEverything(_ seed: UInt64) throws {
        let root = try Root("copying")
        let tree = try TreeBuilder(root.directory("tree"))
        try tree.fill(seed: seed, RandomTreeOptions(entries: 120))
        let wanted = try TreeFingerprint(tree.root, [.comparingHoles])
        let keeping = copier(.init(keepsOwners: true, isDurable: false))
        _ = try keeping.copy(try .host(tree.root), to: try container(root, "/copy"))
        #expect(try TreeFingerprint("\(root.path)/copy", [.comparingHoles]).difference(from: wanted) == [])
        _ = try keeping.copy(try container(root, "/copy"), to: try .host(root.directory("back")))
        #expect(try TreeFingerprint(root.directory("back"), [.comparingHoles]).difference(from: wanted) == [])
    }

    @Test("Owners: kept, root's inside, the caller's outside", .enabled(if: Environment.isRoot, "owners need root"))
    func owners() throws {
        let root = try Root("copying")
        let tree = try TreeBuilder(root.directory("tree"))
        try tree.directory("d")
        try tree.file("d/f", "", mode: 0o755)
        try tree.owner(bytes("d/f"), 1000, 1001)
        try tree.mode(bytes("d/f"), 0o4755)
        func owner(_ path: String) throws -> String { try Tool.run("stat", "-c", "%u:%g %a", path).check().text }
        let mapping = try IdentityMapping("0:100000:65536")
        let (plain, keeping) = (copier(.init()), copier(.init(keepsOwners: true)))
        _ = try plain.copy(try .host(tree.root), to: try container(root, "/plain"))
        #expect(try owner("\(root.path)/plain/d/f") == "0:0 4755\n")
        _ = try keeping.copy(try .host(tree.root), to: try container(root, "/kept"))
        #expect(try owner("\(root.path)/kept/d/f") == "1000:1001 4755\n")
        _ = try plain.copy(try .host(tree.root), to: try container(root, "/mapped", mapping))
        #expect(try owner("\(root.path)/mapped/d/f") == "100000:100000 4755\n")
        _ = try keeping.copy(try .host(tree.root), to: try container(root, "/mapped-kept", mapping))
        #expect(try owner("\(root.path)/mapped-kept/d/f") == "101000:101001 4755\n")
        _ = try keeping.copy(try container(root, "/mapped-kept", mapping), to: try .host(root.directory("out")))
        #expect(try owner(root.directory("out/d/f")) == "1000:1001 4755\n")
        _ = try plain.copy(try container(root, "/mapped-kept", mapping), to: try .host(root.directory("caller")))
        #expect(try owner(root.directory("caller/d/f")) == "0:0 4755\n")
    }

    @Test("A directory that is there gets the mode of the copied one, the target itself keeps its own")
    func directoryMetadata() throws {
        let root = try Root("copying")
        let tree = try TreeBuilder(root.directory("tree"))
        try tree.directory("d", mode: 0o700)
        try tree.mode(bytes("."), 0o711)
        try root.tree.directory("t", mode: 0o755)
        try root.tree.directory("t/d", mode: 0o755)
        _ = try copier().copy(try .host(tree.root + "/."), to: try container(root, "/t"))
        #expect(try Tool.run("stat", "-c", "%a", "\(root.path)/t", "\(root.path)/t/d").check().lines == ["755", "700"])
    }

    // MARK: Hostile trees

    @Test("No link of a container leads out of it, to read or to write")
    func staysInside() throws {
        let root = try Root("copying")
        let outside = try TreeBuilder(root.directory("outside"))
        try outside.file("secret", "secret")
        try root.tree.symbolicLink("absolute", to: outside.root)
        try root.tree.symbolicLink("relative", to: "../outside")
        try root.tree.symbolicLink("file", to: "../outside/secret")
        try root.tree.symbolicLink("deep", to: "/../../../../../../../../..\(outside.root)")
        let before = try TreeFingerprint(outside.root)
        let host = try TreeBuilder(root.directory("host"))
        try host.file("f", "F")
        for link in ["absolute", "relative", "deep"] {
            #expect(throws: StorageError.self, "\(link)") {
                try copier().copy(try container(root, "\(link)/secret"), to: try .host(root.directory("stolen")))
            }
            #expect(throws: StorageError.self, "\(link)") {
                try copier().copy(try .host(host.root + "/f"), to: try container(root, "\(link)/planted"))
            }
        }
        #expect(throws: StorageError.self) {
            try copier(.init(followsLink: true)).copy(
                try container(root, "file"), to: try .host(root.directory("stolen")))
        }
        #expect(throws: StorageError.self) {
            try copier().copy(try .host(host.root + "/f"), to: try container(root, "file"))
        }
        #expect(try TreeFingerprint(outside.root) == before)
        #expect(try Tool.run("test", "-e", root.directory("stolen")).status == 1)
    }

    @Test("A directory that becomes a link while it is copied leads nowhere")
    func survivesSwaps() throws {
        let root = try Root("copying")
        let outside = try TreeBuilder(root.directory("outside"))
        try outside.file("f", "secret")
        try root.tree.directory("x")
        try root.tree.directory("x/d")
        try root.tree.file("x/d/f", "inside")
        try root.tree.symbolicLink("x/l", to: "../../outside")
        let host = try TreeBuilder(root.directory("host"))
        try host.directory("d")
        try host.file("d/planted", "planted")
        let swapped = SharedDescriptor(try root.shared.descriptor.openDirectory(bytes("x")))
        let (flag, swapper) = (Flag(), WorkerPool(threads: 1))
        swapper.submit {
            while !flag.isSet.load(ordering: .relaxed) {
                // The race is the point: a failure would only be one swap less.
                try? swapped.descriptor.rename(bytes("d"), to: swapped.descriptor, bytes("l"), mode: .exchange)
            }
        }
        defer {
            flag.isSet.store(true, ordering: .relaxed)
            swapper.finish()
        }
        let quick = copier(.init(followsLink: true, isDurable: false))
        var copies = 0
        for round in 0..<150 {
            for path in ["x/d/f", "x/d", "x/d/."] {
                let out = root.directory("out\(round)\(path.count)")
                guard (try? quick.copy(try container(root, path), to: try .host(out))) != nil else { continue }
                copies += 1
                #expect(try Tool.run("grep", "-rs", "secret", out).status == 1)
            }
            _ = try? quick.copy(try .host(host.root + "/d/planted"), to: try container(root, "x/d/planted"))
            _ = try? quick.copy(try .host(host.root + "/d"), to: try container(root, "x"))
        }
        #expect(copies > 0)
        #expect(try CopyTrees.listing(outside.root) == ["f f secret"])
    }

    private final class Flag: Sendable {
        let isSet = Atomic<Bool>(false)
    }

    @Test("A link inside the target is in the way, and is not written through")
    func linksInTheWay() throws {
        let root = try Root("copying")
        try root.tree.directory("real")
        try root.tree.directory("t")
        try root.tree.symbolicLink("t/d", to: "../real")
        let tree = try TreeBuilder(root.directory("tree"))
        try tree.directory("d")
        try tree.file("d/f", "F")
        let error = #expect(throws: StorageError.self) {
            try copier().copy(try .host(tree.root + "/."), to: try container(root, "t"))
        }
        #expect(error?.code == .conflict)
        #expect(error?.message.contains("symlink 'd'") == true, "\(error?.message ?? "")")
        #expect(try root.shared.descriptor.openDirectory(bytes("real")).entries().isEmpty)
    }

    @Test("Devices are no targets", .enabled(if: Environment.isRoot, "devices need root"))
    func refusesDevices() throws {
        let root = try Root("copying")
        try root.tree.device(bytes("null"), block: false, major: 1, minor: 3)
        let tree = try TreeBuilder(root.directory("tree"))
        try tree.file("f", "F")
        let error = #expect(throws: StorageError.self) {
            try copier().copy(try .host(tree.root + "/f"), to: try container(root, "/null"))
        }
        #expect(error?.code == .conflict)
    }

    @Test("What is mounted in the target is merged into, across file systems", .enabled(if: Environment.isRoot))
    func crossesMounts() throws {
        let root = try Root("copying")
        try root.tree.directory("t")
        try root.tree.directory("t/d")
        try root.tree.directory("t/d/s")
        try Tool.run("mount", "-t", "tmpfs", "none", "\(root.path)/t/d").check()
        defer { _ = try? Tool.run("umount", "\(root.path)/t/d") }
        try Tool.run("touch", "\(root.path)/t/d/there").check()
        try CopyTrees.makeSource(root.directory("s"))
        try Tool.run("ln", root.directory("s/d/a"), root.directory("s/d/second")).check()
        _ = try copier().copy(try .host(root.directory("s/d")), to: try container(root, "/t"))
        #expect(
            try CopyTrees.listing("\(root.path)/t/d") == ["there f ", "a f A", "second f A", "s d", "s/b f B"])
        // And out of it again: what is mounted belongs to what a process in the container sees.
        _ = try copier().copy(try container(root, "/t"), to: try .host(root.directory("out")))
        #expect(try CopyTrees.listing(root.directory("out")).contains("d/s/b f B"))
    }

    @Test(
        "A copy into an overlay leaves the copy in its upper directory and nothing else",
        .enabled(if: Environment.isRoot))
    func intoOverlay() throws {
        let root = try Root("copying")
        try CopyTrees.makeTarget("\(root.path)/t")
        try CopyTrees.makeSource(root.directory("s"))
        let base = try Descriptor.openDirectory(atHostPath: root.directory.path)
        for name in ["upper", "work"] { try base.makeDirectory(bytes(name), mode: 0o755) }
        let mount = try OverlayMount.make(
            lowers: [root.shared],
            changes: .init(
                upper: SharedDescriptor(try base.openDirectory(bytes("upper"))),
                work: SharedDescriptor(try base.openDirectory(bytes("work")))),
            usesUserAttributes: false, scratch: base, doing: "mount", object: "x")
        let merged = SharedDescriptor(try mount.openRoot())
        func copy(_ source: String, _ target: String) throws {
            let web = try ContainerName("web")
            _ = try copier().copy(
                try .host(root.directory("s/\(source)")), to: try .container(web, root: merged, path: target))
        }
        try copy("d", "/t/td")
        try copy("d", "/t/new")
        try copy("f", "/t/tf")
        #expect(
            try CopyTrees.listing(root.directory("upper")) == [
                "t d", "t/td d", "t/td/d d", "t/td/d/a f A", "t/td/d/s d", "t/td/d/s/b f B", "t/new d", "t/new/a f A",
                "t/new/s d", "t/new/s/b f B", "t/tf f F",
            ])
        #expect(try CopyTrees.listing("\(root.path)/t").contains("td/d/a f old"), "the lower directory is as it was")
        let out = try root.directory.makeDirectory("out")
        _ = try copier().copy(
            try .container(try ContainerName("web"), root: merged, path: "/t/td/."), to: try .host(out))
        #expect(try CopyTrees.listing(out) == ["x f old", "d d", "d/a f A", "d/stays f old", "d/s d", "d/s/b f B"])
        withExtendedLifetime(mount) {}
    }

    #if FAULT_SEAM
    @Test("Whichever call fails, the target has all of it or none")
    func sweeps() throws {
        let root = try Root("copying")
        try CopyTrees.makeSource(root.directory("s"))
        func attempt(_ plan: FaultPlan) throws {
            try FaultPlan.$current.withValue(plan) {
                _ = try copier().copy(try .host(root.directory("s/d")), to: try container(root, "/copy"))
            }
        }
        let counting = FaultPlan(ordinal: 0, .short)
        try attempt(counting)
        let complete = try CopyTrees.listing(root.path)
        for ordinal in 1...counting.log.count {
            try Tool.run("rm", "-rf", "\(root.path)/copy").check()
            let call = counting.log[ordinal - 1]
            let plan = FaultPlan(ordinal: ordinal, .fail(.noSpace))
            do {
                try attempt(plan)
                // Tidying up may fail unnoticed; anything else not, if the call was made: times that are right already
                // are not set.
                let mayFail = call.hasPrefix("unlinkat") || call.hasPrefix("ioctl") || call == "copy_file_range"
                #expect(mayFail || plan.log.count < ordinal, "\(call)")
            } catch {
                let listing = try CopyTrees.listing(root.path)
                #expect(listing.isEmpty || listing == complete, "\(ordinal) \(call): \(listing)")
            }
            // Only what could not be removed is left, hidden.
            let left = try Tool.script("ls -A \"$1\" | grep -c holdfast || true", root.path).text
            #expect(left == "0\n" || call.hasPrefix("unlinkat"), "\(ordinal) \(call)")
            try Tool.script("rm -rf \"$1\"/.holdfast-*", root.path).check()
        }
    }
    #endif
}
