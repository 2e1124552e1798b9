import FileTree
import Glibc
import StorageModel
import TestSupport
import Testing

/// Goal: copies of mounts, and mounts in memory, are what open_tree(2), mount_setattr(2) and tmpfs(5) say. Method: real mounts,
/// with the kernel's mount table, statx and other programs as oracles.
@Suite("Binding trees", .enabled(if: Environment.isRoot, "mounting needs root")) struct BindMountTests {
    private let place: Place
    private let source: TreeBuilder

    init() throws {
        place = try Place("bind")
        source = try TreeBuilder(place.directory("source"))
        try source.directory("below")
        try source.file("file", "text\n")
        for name in ["target", "other"] { _ = try place.directory.makeDirectory(name) }
    }

    private func mounts(below relative: String = "") throws -> [MountRecord] {
        let path = relative.isEmpty ? place.directory.path : place.directory(relative)
        return try MountTable.ofThisProcess().filter {
            AbsolutePath.remainder(of: $0.mountpoint, beneath: name(path)) != nil
        }
    }

    /// Mounts a tmpfs below the source for what `body` does, and takes away whatever is mounted afterwards.
    private func withSubmount(_ options: String..., body: () throws -> Void) throws {
        let path = place.directory("source/below")
        try Tool.run(["mount", "-t", "tmpfs"] + options + ["tmpfs", path]).check()
        defer { _ = try? Tool.run("umount", "-R", "-l", path) }
        try Tool.run("touch", path + "/inside").check()
        try body()
    }

    private func attach(_ mount: consuming DetachedMount, _ propagation: MountPropagation? = nil) throws {
        try mount.attach(onto: try Descriptor.openPlace(atHostPath: place.directory("target")), propagation)
    }

    private func detach(_ relative: String = "target") {
        _ = try? Tool.run("umount", "-R", "-l", place.directory(relative))
    }

    @Test("what is mounted below comes along only if asked for", arguments: [false, true])
    func recursion(_ recursively: Bool) throws {
        try withSubmount {
            let directory = try Descriptor.openPlace(atHostPath: place.directory("source"))
            try attach(try DetachedMount.cloning(directory, .readOnly, recursively: recursively))
            defer { detach() }
            let found = try mounts(below: "target")
            #expect(found.dropFirst().map(\.type) == (recursively ? ["tmpfs"] : []), "\(found)")
            #expect(found.allSatisfy { $0.options.contains("ro") && $0.propagation.isEmpty })
            let inside = place.directory("target/below/inside")
            #expect(try Tool.run("test", "-e", inside).status == (recursively ? 0 : 1))
            #expect(try Tool.run("touch", inside).status != 0, "read-only, below too")
            #expect(try Tool.run("touch", place.directory("source/below/inside")).status == 0, "the original is not")
        }
        #expect(try mounts() == [])
    }

    @Test("a single file is bound on a file")
    func file() throws {
        try Tool.run("touch", place.directory("empty")).check()
        let file = try Descriptor.openPlace(atHostPath: place.directory("source/file"))
        let mount = try DetachedMount.cloning(file, .readOnly)
        #expect(try mount.status().kind == .file)
        #expect(try mount.restrictions() == .readOnly)
        try mount.attach(onto: try place.descriptor.descriptor.openPlace(inRoot: name("empty")))
        defer { detach("empty") }
        #expect(try Tool.run("cat", place.directory("empty")).check().text == "text\n")
        #expect(try mounts(below: "empty").first?.root.suffix(12) == name("/source/file")[...])
    }

    @Test("a source that is replaced after it was opened changes nothing")
    func replacedSource() throws {
        try TreeBuilder(place.directory("secret")).file("file", "secret\n")
        let opened = try Descriptor.openPlace(atHostPath: place.directory("source"))
        let file = try Descriptor.openPlace(atHostPath: place.directory("source/file"))
        let script =
            "cd \"$1\"; mv source moved; ln -s secret source; mv moved/file moved/was; ln -s ../secret/file moved/file"
        try Tool.script(script, place.directory.path).check()
        try attach(try DetachedMount.cloning(opened))
        defer { detach() }
        #expect(try Tool.run("ls", place.directory("target")).check().lines == ["below", "file", "was"])
        try Tool.run("touch", place.directory("empty")).check()
        try DetachedMount.cloning(file).attach(onto: try Descriptor.openPlace(atHostPath: place.directory("empty")))
        defer { detach("empty") }
        #expect(try Tool.run("cat", place.directory("empty")).check().text == "text\n")
    }

    @Test("a place that is replaced by a link after it was opened is the one that is mounted on")
    func replacedPlace() throws {
        let target = try Descriptor.openPlace(atHostPath: place.directory("target"))
        try Tool.script("cd \"$1\"; mv target moved; ln -s other target", place.directory.path).check()
        try DetachedMount.cloning(try Descriptor.openPlace(atHostPath: place.directory("source"))).attach(onto: target)
        defer { detach("moved") }
        #expect(try mounts().map(\.mountpoint) == [name(place.directory("moved"))])
    }

    static let propagations: [(MountPropagation, sees: Bool, shows: Bool)] = [
        (.private, false, false), (.rprivate, false, false), (.slave, true, false), (.rslave, true, false),
        (.shared, true, true), (.rshared, true, true), (.unbindable, false, false), (.runbindable, false, false),
    ]

    @Test("mounts spread as the propagation says", arguments: propagations.map(\.0))
    func propagation(_ propagation: MountPropagation) throws {
        let expected = try #require(Self.propagations.first { $0.0 == propagation })
        let path = place.directory("source")
        try Tool.script("mount --bind \"$1\" \"$1\"; mount --make-shared \"$1\"; mkdir \"$1/late\"", path).check()
        defer { detach("source") }
        let mount = try DetachedMount.copying(try Descriptor.openPlace(atHostPath: path), recursively: true)
        if propagation != .unbindable && propagation != .runbindable {
            try mount.set([], propagation, recursively: false)
        }
        try attach(mount, propagation)
        defer { detach() }
        let record = try #require(try mounts(below: "target").first)
        #expect(record.isShared == expected.shows && record.isSlave == (expected.sees && !expected.shows), "\(record)")
        #expect(
            record.propagation.contains("unbindable") == (propagation == .unbindable || propagation == .runbindable))
        try Tool.run("mount", "-t", "tmpfs", "tmpfs", path + "/below").check()
        #expect(try mounts(below: "target/below").count == (expected.sees ? 1 : 0))
        try Tool.run("mount", "-t", "tmpfs", "tmpfs", place.directory("target/late")).check()
        #expect(try mounts(below: "source/late").count == (expected.shows ? 1 : 0))
        #expect(try MountTable.record(of: try Descriptor.openPlace(atHostPath: path))?.isShared == true)
    }

    @Test("to unmount a copy of a shared mount leaves what is mounted in the original")
    func unmountingCopies() throws {
        let path = place.directory("source")
        try Tool.script("mount --bind \"$1\" \"$1\"; mount --make-shared \"$1\"", path).check()
        defer { detach("source") }
        try Tool.run("mount", "-t", "tmpfs", "tmpfs", path + "/below").check()
        let source = try Descriptor.openPlace(atHostPath: path)
        try attach(try DetachedMount.copying(source, recursively: true), .rshared)
        #expect(try mounts(below: "target").count == 2)
        try Unmounting.detachEverywhere(name("target"), in: place.descriptor.descriptor)
        let copy = try DetachedMount.copying(source, recursively: true)
        let attached = try copy.share()
        try copy.attach(onto: try Descriptor.openPlace(atHostPath: place.directory("target")))
        try Unmounting.detach(attached)
        #expect(try mounts(below: "target") == [])
        #expect(try mounts(below: "source").count == 2)
    }

    static let memories: [(options: [String], mode: String, owner: String, size: String?)] = [
        (["mode=1777", "size=65536"], "1777", "0:0", "size=64k"),
        (["mode=700", "uid=5", "gid=6", "nr_inodes=7"], "700", "5:6", "nr_inodes=7"),
        (["size=1m", "noswap"], "1777", "0:0", "noswap"),
    ]

    @Test("a file system in memory has the size, mode and owner asked for", arguments: memories.map(\.options))
    func memory(_ options: [String]) throws {
        let expected = try #require(Self.memories.first { $0.options == options })
        try attach(
            try MemoryMount.make(options, restrictions: [.noExecution, .noDevices], doing: "mount", object: "x"))
        defer { detach() }
        let record = try #require(try mounts(below: "target").first)
        #expect(record.type == "tmpfs" && record.source == name("tmpfs"))
        #expect(record.fileSystemOptions.contains(try #require(expected.size)), "\(record)")
        #expect(Set(record.options).isSuperset(of: ["nodev", "noexec"]) && !record.options.contains("nosuid"))
        let status = try Tool.run("stat", "-c", "%a %u:%g", place.directory("target")).check().text
        #expect(status == "\(expected.mode) \(expected.owner)\n")
    }

    @Test(
        "an option that tmpfs does not take is named, and nothing is mounted",
        arguments: ["huge=perhaps", "nix=1", "nix"])
    func badOption(_ option: String) throws {
        let error = #expect(throws: StorageError.self) {
            _ = try MemoryMount.make(["mode=755", option], doing: "mount a tmpfs at /x", object: "/x")
        }
        #expect(error?.code == .invalidInput && error?.message.contains("mount a tmpfs at /x") == true)
        #expect(
            error?.causes.contains { $0.contains("tmpfs") && $0.contains("kernel says") } == true,
            "\(error?.causes ?? [])")
    }

    @Test("users and groups are mapped apart, below too, and what is written has the ids of the disk")
    func identities() throws {
        try withSubmount {
            try source.owner(name("file"), 1000, 50)
            let mount = try DetachedMount.copying(
                try Descriptor.openPlace(atHostPath: place.directory("source")), recursively: true)
            try IdentityMappedTree.map(
                mount, users: try IdentityMapping("1000:5:1,0:0:1,5:1000:1"),
                groups: try IdentityMapping("50:6:1,0:0:1"),
                recursively: true)
            try attach(mount)
            defer { detach() }
            let script = """
                cd "$1"; stat -c %u:%g file below/inside; chmod 777 . below
                setpriv --reuid 5 --regid 6 --clear-groups touch made below/made
                stat -c %u:%g made "$2/made" "$2/below/made"
                """
            let found = try Tool.script(script, place.directory("target"), place.directory("source")).check().lines
            #expect(found == ["5:6", "0:0", "5:6", "1000:50", "1000:50"])
        }
    }

    @Test("a path is opened within a directory, links too as long as they stay inside")
    func within() throws {
        try source.symbolicLink("inside", to: "below/../file")
        try source.symbolicLink("outside", to: "../secret")
        try source.symbolicLink("absolute", to: "/etc")
        try source.symbolicLink("loop", to: "loop")
        let root = try Descriptor.openDirectory(atHostPath: place.directory("source"))
        #expect(try root.openPlace(within: path("inside")).status().kind == .file)
        #expect(try root.openPlace(within: .root).status().identity == root.status().identity)
        for (link, errno) in [("outside", Errno.crossDevice), ("absolute", .crossDevice), ("loop", .tooManyLevels)] {
            #expect(errorNumber { () throws(FileError) in try root.openPlace(within: path(link)) } == errno, "\(link)")
        }
        #expect(errorNumber { () throws(FileError) in try root.openPlace(within: path("nix")) } == .noEntry)
        #expect(errorNumber { () throws(FileError) in try root.openPlace(within: path("file/x")) } == .notDirectory)
    }

    @Test("an owner is given to everything but what is behind links and mounts")
    func owners() throws {
        try withSubmount {
            try TreeBuilder(place.directory("secret")).file("file", "")
            try source.symbolicLink("link", to: "../secret")
            try source.directory("deep")
            try source.directory("deep/er")
            try source.file("deep/er/file", "")
            try source.owner(name("deep/er/file"), 7, 8)
            let root = try Descriptor.openPlace(atHostPath: place.directory("source"))
            let before = try root.openDirectory(beneath: path("deep/er")).status(of: name("file")).changedAt
            try OwnerChange.apply(uid: 7, gid: 8, to: root)
            let script =
                "cd \"$1\"; find source -xdev -printf '%P %U:%G\\n' | sort; stat -c '%u:%g' secret secret/file source/below"
            let found = try Tool.script(script, place.directory.path).check().lines
            #expect(
                found == [
                    " 7:8", "below 0:0", "deep 7:8", "deep/er 7:8", "deep/er/file 7:8", "file 7:8", "link 7:8", "0:0",
                    "0:0", "0:0",
                ])
            // What had the owner was not touched.
            #expect(try root.openDirectory(beneath: path("deep/er")).status(of: name("file")).changedAt == before)
        }
        let file = try Descriptor.openPlace(atHostPath: place.directory("source/file"))
        try OwnerChange.apply(uid: 1, gid: 2, to: file)
        #expect(try file.status().uid == 1 && file.status().gid == 2)
    }
}
