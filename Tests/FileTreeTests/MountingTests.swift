import FileTree
import Glibc
import StorageModel
import TestSupport
import Testing

/// Whether this process may mount; asked once.
private let mayMount: Bool = {
    guard let directory = try? Descriptor.openDirectory(atHostPath: "/") else { return false }
    do throws(FileError) {
        _ = try DetachedMount.cloning(directory)
        return true
    } catch {
        print("mounting is not tested: \(error); it needs CAP_SYS_ADMIN and Linux 5.12")
        return false
    }
}()

/// Goal: overlays show what overlayfs.rst says, in every way of making them, and nothing is left mounted. Method: real
/// mounts in temporary directories, looked at through descriptors and with other programs.
@Suite("Mounting", .enabled(if: mayMount, "mounting needs CAP_SYS_ADMIN and Linux 5.12")) struct MountingTests {
    static let ways: [OverlayMount.Way] = [.automatic, .byDescriptors, .byPaths, .byMountCall]

    /// `count` directories, each with a file of its own and the file `all` with the directory's number; the uppermost first.
    private func lowers(_ count: Int, _ place: Place) throws -> [SharedDescriptor] {
        let script = """
            mkdir -p "$1/layers"; cd "$1/layers"
            for ((i = 0; i < $2; i++)); do mkdir $i; echo $i > $i/all; echo $i > $i/file$i; done
            """
        try Tool.script(script, place.directory.path, String(count)).check()
        return try (0..<count).reversed().map {
            SharedDescriptor(try Descriptor.openDirectory(atHostPath: place.directory("layers/\($0)")))
        }
    }

    private func changes(_ place: Place, _ label: String = "container") throws -> OverlayMount.Changes {
        OverlayMount.Changes(
            upper: SharedDescriptor(
                try Descriptor.openDirectory(atHostPath: try place.directory.makeDirectory("\(label)/upper"))),
            work: SharedDescriptor(
                try Descriptor.openDirectory(atHostPath: try place.directory.makeDirectory("\(label)/work"))))
    }

    private func make(
        _ lowers: [SharedDescriptor], _ changes: OverlayMount.Changes?, _ place: Place,
        restrictions: MountRestrictions = [], way: OverlayMount.Way = .automatic, usesUserAttributes: Bool = false
    ) throws(StorageError) -> DetachedMount {
        try OverlayMount.make(
            lowers: lowers, changes: changes, restrictions: restrictions, usesUserAttributes: usesUserAttributes,
            scratch: place.descriptor.descriptor, way: way, doing: "mount container 'x'", object: "x")
    }

    private func content(_ root: borrowing Descriptor, _ path: String) throws -> String {
        let file = try root.openFile(inRoot: name(path), for: .reading)
        return String(decoding: try file.readToEnd(limitBytes: 1000), as: UTF8.self)
    }

    private func mountpoints(below place: Place) throws -> [MountRecord] {
        try MountTable.ofThisProcess().filter {
            AbsolutePath.remainder(of: $0.mountpoint, beneath: Array(place.directory.path.utf8)) != nil
        }
    }

    @Test("A tree is read and written while its mount is attached nowhere", arguments: ways)
    func detached(_ way: OverlayMount.Way) throws {
        let place = try Place("overlay")
        let layers = try lowers(2, place)
        let mount = try make(layers, try changes(place), place, way: way)
        let root = try mount.openRoot()
        #expect(try content(root, "all") == "1\n")
        #expect(try content(root, "file0") == "0\n")
        try root.remove(name("file0"))
        let file = try root.createFile(name("new"), mode: 0o640)
        try Array("new".utf8).withUnsafeBytes { try file.writeAll($0, at: 0) }
        #expect(try Set(root.entries().map(\.name)) == [name("all"), name("file1"), name("new")])
        #expect(try mountpoints(below: place) == [])
        // The upper directory is the set of changes: one file, one whiteout.
        let upper = try Tool.run("stat", "-c", "%n %F %t:%T", "new", "file0", in: place.directory("container/upper"))
        #expect(try upper.check().lines == ["new regular file 0:0", "file0 character special file 0:0"])
        #expect(try place.descriptor.descriptor.entries().count == 2, "nothing is left in the scratch directory")
    }

    @Test(
        "Many layers are stacked, the uppermost first", arguments: [130, 499, 500],
        [OverlayMount.Way.byDescriptors, .byMountCall])
    func manyLayers(_ count: Int, _ way: OverlayMount.Way) throws {
        let place = try Place("overlay")
        let mount = try make(try lowers(count, place), try changes(place), place, way: way)
        let root = try mount.openRoot()
        #expect(try root.entries().count == count + 1)
        #expect(try content(root, "all") == "\(count - 1)\n")
        #expect(try content(root, "file0") == "0\n")
    }

    @Test("501 layers are refused before the kernel is asked")
    func tooManyLayers() throws {
        let place = try Place("overlay")
        let layer = try lowers(1, place)[0]
        let error = #expect(throws: StorageError.self) {
            _ = try make(Array(repeating: layer, count: 501), nil, place)
        }
        #expect(error?.code == .limitExceeded)
        #expect(error?.message.contains("501 layers") == true)
    }

    @Test("Without a place for changes the overlay is read-only", arguments: ways)
    func readOnly(_ way: OverlayMount.Way) throws {
        let place = try Place("overlay")
        for count in [1, 3] {
            let root = try make(try lowers(count, place), nil, place, way: way).openRoot()
            #expect(try content(root, "all") == "\(count - 1)\n")
            #expect(
                errorNumber { () throws(FileError) in try root.createFile(name("new")) } == .readOnlyFileSystem)
            try Tool.run("rm", "-r", place.directory("layers")).check()
        }
    }

    @Test("Whiteouts and opaque directories hide what is below", arguments: [false, true])
    func whiteouts(_ usesUserAttributes: Bool) throws {
        let place = try Place("overlay")
        let layers = try lowers(3, place)
        let top = try TreeBuilder(place.directory("layers/2"))
        let below = try TreeBuilder(place.directory("layers/0"))
        try below.directory("folder")
        try below.file("folder/hidden", "")
        try top.directory("folder")
        try top.file("folder/seen", "")
        let attribute = usesUserAttributes ? "user.overlay.opaque" : "trusted.overlay.opaque"
        try top.attribute(name("folder"), attribute, name("y"))
        try top.device(name("file0"), block: false, major: 0, minor: 0)
        let root = try make(layers, try changes(place), place, usesUserAttributes: usesUserAttributes).openRoot()
        #expect(try root.openDirectory(name("folder")).entries().map(\.name) == [name("seen")])
        #expect(errorNumber { () throws(FileError) in try root.status(of: name("file0")) } == .noEntry)
        #expect(try root.status(of: name("file1")).kind == .file)
    }

    @Test("Restrictions hold for the mount", arguments: ways)
    func restrictions(_ way: OverlayMount.Way) throws {
        let place = try Place("overlay")
        let layers = try lowers(2, place)
        let target = try place.directory.makeDirectory("merged")
        defer { _ = try? Tool.run("umount", "-l", target) }
        try make(layers, try changes(place), place, restrictions: [.noSetID, .noDevices, .noExecution], way: way)
            .attach(to: place.descriptor.descriptor, name("merged"))
        let record = try #require(try mountpoints(below: place).first)
        #expect(Set(record.options).isSuperset(of: ["rw", "nosuid", "nodev", "noexec"]))
        #expect(record.type == "overlay")
        #expect(record.source == name("overlay"))
    }

    @Test("An attached mount is seen by others, and is gone after unmounting")
    func attaching() throws {
        let place = try Place("overlay")
        let layers = try lowers(2, place)
        let target = try place.directory.makeDirectory("merged")
        let root = place.descriptor
        try make(layers, try changes(place), place).attach(to: root.descriptor, name("merged"))
        #expect(try Tool.run("cat", "\(target)/all").check().text == "1\n")
        #expect(try Tool.run("findmnt", "-no", "FSTYPE,TARGET", target).check().text == "overlay \(target)\n")
        let options = try #require(try mountpoints(below: place).first).fileSystemOptions
        // What is off by default is not listed; what is on is.
        #expect(!options.contains { $0 == "index=on" || $0 == "metacopy=on" || $0 == "redirect_dir=on" })
        try make(layers, try changes(place, "second"), place).attach(to: root.descriptor, name("merged"))
        #expect(try Unmounting.detach(name("merged"), in: root.descriptor) == 2)
        #expect(try mountpoints(below: place) == [])
        #expect(try Unmounting.detach(name("merged"), in: root.descriptor) == 0)
        #expect(
            errorNumber { () throws(FileError) in try Unmounting.unmount(name("merged"), in: root.descriptor) }
                == .invalidArgument)
        #expect(
            errorNumber { () throws(FileError) in try Unmounting.unmount(name(".."), in: root.descriptor) }
                == .invalidArgument)
    }

    @Test("No link is followed to attach or to unmount")
    func followsNoLinks() throws {
        let place = try Place("overlay")
        let layers = try lowers(2, place)
        let (root, target) = (place.descriptor, try place.directory.makeDirectory("real"))
        symlink(target, place.directory("link"))
        let mount = try make(layers, nil, place)
        var error: Errno?
        do throws(FileError) { try mount.attach(to: root.descriptor, name("link")) } catch let failure {
            error = failure.errno
        }
        #expect(error == .invalidArgument)
        try make(layers, nil, place).attach(to: root.descriptor, name("real"))
        #expect(
            errorNumber { () throws(FileError) in try Unmounting.unmount(name("link"), in: root.descriptor) } != nil)
        #expect(try mountpoints(below: place).count == 1)
        try Unmounting.unmount(name("real"), in: root.descriptor)
        #expect(try mountpoints(below: place) == [])
    }

    @Test("A mount is taken away from another mount namespace too")
    func leakedCopies() throws {
        let place = try Place("overlay")
        let layers = try lowers(2, place)
        let target = try place.directory.makeDirectory("merged")
        chmod(target, 0o751)
        chown(target, 12, 34)
        let root = place.descriptor
        try make(layers, try changes(place), place).attach(to: root.descriptor, name("merged"))
        let child = try ChildProcess(["unshare", "-m", "--propagation", "private", "sleep", "100"].map(name))
        func copies() throws -> [MountRecord] {
            MountTable.parse(try Tool.run("cat", "/proc/\(child.identifier)/mountinfo").check().output).filter {
                $0.mountpoint == name(target)
            }
        }
        let own = try Tool.run("readlink", "/proc/self/ns/mnt").text
        while try Tool.run("readlink", "/proc/\(child.identifier)/ns/mnt").text == own { usleep(2000) }
        // Its namespace has the copy when the program runs: unshare(1) sets the propagation before.
        while try Tool.run("cat", "/proc/\(child.identifier)/comm").text != "sleep\n" { usleep(2000) }
        #expect(try copies().count == 1)
        try Unmounting.detach(name("merged"), in: root.descriptor)
        #expect(try copies().count == 1, "unmounting alone leaves the copy")
        try Unmounting.detachEverywhere(name("merged"), in: root.descriptor)
        #expect(try copies() == [])
        let status = try root.descriptor.status(of: name("merged"))
        #expect(status.mode == 0o751 && status.uid == 12 && status.gid == 34)
        #expect(try Set(root.descriptor.entries().map(\.name)) == [name("layers"), name("merged"), name("container")])
        child.send(SIGKILL)
    }

    @Test("A directory with something in it is not made anew")
    func keepsContent() throws {
        let place = try Place()
        try place.builder("merged").file("file", "")
        let root = place.descriptor
        let error = errorNumber { () throws(FileError) in
            try Unmounting.detachEverywhere(name("merged"), in: root.descriptor)
        }
        #expect(error == .notEmpty || error == .exists)
        #expect(try root.descriptor.entries().map(\.name) == [name("merged")])
    }

    @Test("Owners are shifted through an identity-mapped view, both ways", arguments: [false, true])
    func identityMapping(_ attachesFirst: Bool) throws {
        let place = try Place("overlay")
        _ = try lowers(2, place)
        let root = place.descriptor
        let top = try TreeBuilder(place.directory("layers/1"))
        try top.owner(name("file1"), 1000, 1001)
        let layers = try root.descriptor.openDirectory(name("layers"))
        let mapping = try IdentityMapping("0:100000:65536")
        if attachesFirst {
            _ = try place.directory.makeDirectory("mapped")
            try IdentityMappedTree.make(of: layers, mapping).attach(to: root.descriptor, name("mapped"))
            defer { _ = try? Unmounting.detach(name("mapped"), in: root.descriptor) }
            try checkMapped(try root.descriptor.openDirectory(name("mapped")), place)
        } else {
            let view = try IdentityMappedTree.make(of: layers, mapping)
            do {
                try checkMapped(try view.openRoot(), place)
            } catch let error as StorageError where error.errno == .invalidArgument && !Self.isAtLeastLinux(6, 15) {
                print("lower directories of a detached mount are not tested: they need Linux 6.15")
            }
            withExtendedLifetime(view) {}
        }
        // What the mapped owner gets through the view belongs to 0 on disk.
        #expect(try layers.openDirectory(name("0")).status(of: name("file0")).uid == 0)
        #expect(try layers.openDirectory(name("0")).status(of: name("file0")).gid == 7)
    }

    private func checkMapped(_ mapped: borrowing Descriptor, _ place: Place) throws {
        let top = SharedDescriptor(try mapped.openDirectory(name("1")))
        let bottom = SharedDescriptor(try mapped.openDirectory(name("0")))
        #expect(try top.descriptor.status(of: name("file1")).uid == 101_000)
        #expect(try top.descriptor.status(of: name("file1")).gid == 101_001)
        try bottom.descriptor.openFile(name("file0"), for: .writing).applyMetadata(
            EntryMetadata(mode: 0o600, uid: 100_000, gid: 100_007, modifiedAt: Timestamp(seconds: 5, nanoseconds: 0)),
            xattrs: [], ownership: true)
        let overlay = try make([top, bottom], try changes(place), place).openRoot()
        #expect(try overlay.status(of: name("file1")).uid == 101_000)
        #expect(try overlay.status(of: name("all")).uid == 100_000)
    }

    private static func isAtLeastLinux(_ major: Int, _ minor: Int) -> Bool {
        var names = utsname()
        uname(&names)
        let release = withUnsafeBytes(of: &names.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let numbers = release.split(separator: ".").prefix(2).compactMap { Int($0) }
        return numbers.count == 2 && (numbers[0], numbers[1]) >= (major, minor)
    }

    @Test("The error says what the kernel says")
    func explains() throws {
        let place = try Place("overlay")
        let layers = try lowers(2, place)
        try layers[0].descriptor.createFile(name("file")).close()
        let file = SharedDescriptor(try layers[0].descriptor.openFile(name("file"), for: .reading))
        let error = #expect(throws: StorageError.self) {
            _ = try make([layers[1], file], nil, place, way: .byDescriptors)
        }
        #expect(error?.message.contains("mount container 'x'") == true)
        #expect(error?.causes.contains { $0.contains("the kernel says: overlay") } == true, "\(error?.causes ?? [])")
    }

    #if FAULT_SEAM
    @Test(
        "Whichever call fails, nothing is left mounted or lying about",
        arguments: [OverlayMount.Way.byDescriptors, .byMountCall])
    func sweeps(_ way: OverlayMount.Way) throws {
        let place = try Place("overlay")
        let (layers, changes) = (try lowers(2, place), try changes(place))
        _ = try place.directory.makeDirectory("merged")
        func attempt(_ plan: FaultPlan) throws {
            try FaultPlan.$current.withValue(plan) {
                try make(layers, changes, place, way: way).attach(to: place.descriptor.descriptor, name("merged"))
                try Unmounting.detachEverywhere(name("merged"), in: place.descriptor.descriptor)
            }
        }
        let counting = FaultPlan(ordinal: 0, .short)
        try attempt(counting)
        #expect(counting.log.count > 8)
        for ordinal in 1...counting.log.count {
            let call = counting.log[ordinal - 1]
            let plan = FaultPlan(ordinal: ordinal, .fail(.noMemory))
            let failed = (try? attempt(plan)) == nil
            // Times that are right already (two directories of one tick) are not set: there are a few calls less then.
            #expect(failed == (plan.log.count >= ordinal), "\(ordinal): \(call)")
            try Unmounting.detach(name("merged"), in: place.descriptor.descriptor)
            #expect(try mountpoints(below: place) == [], "\(ordinal): \(call)")
            #expect(try place.descriptor.descriptor.entries().count == 3, "\(ordinal): \(call)")
        }
    }
    #endif
}
