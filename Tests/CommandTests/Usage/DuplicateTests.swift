import TestSupport
import Testing

/// Goal: equal files and nothing else, and what they free. Method: copies, links, reflinks and near misses; sha256sum as oracle.
@Suite("usage --duplicates") struct DuplicateTests {
    private let store: StoreFixture

    init() throws { store = try StoreFixture("duplicates") }

    @Test("copies are found within and across sources; links, near misses and small files are not")
    func copies() throws {
        let (a, b) = (try store.makeVolume("a"), try store.makeVolume("b"))
        try Tool.script(
            """
            head -c 100000 /dev/urandom > "$1/one"; cp "$1/one" "$1/two"; cp "$1/one" "$2/three"; ln "$1/one" "$1/link"
            # The same edges and size, another middle.
            cp "$1/one" "$1/near"; printf "another middle" | dd of="$1/near" bs=1 seek=50000 conv=notrunc status=none
            head -c 6000 /dev/urandom > "$1/small1"; cp "$1/small1" "$1/small2"; echo tiny > "$1/t1"; echo tiny > "$1/t2"
            """, a.root, b.root
        ).check()
        let found = try store.usage("a", "b", "--duplicates")
        let groups = found[0]["duplicates"]["groups"].elements
        #expect(groups.map { $0["sizeBytes"].integer } == [100_000, 6000])
        let names = groups[0]["files"].elements.map { "\($0["source"].text ?? "")/\($0["path"].text ?? "")" }
        #expect(names == ["holdfast:a/link", "holdfast:a/two", "holdfast:b/three"])
        #expect(groups[0]["reclaimableBytes"].integer == 2 * 102_400)
        #expect(groups[1]["reclaimableBytes"].integer == 8192)
        let sum = try Tool.run("sha256sum", a.root + "/one").check().text.prefix(64)
        #expect(groups[0]["digest"].text == "sha256:\(sum)")
        #expect(found[1]["duplicates"]["groups"].elements.isEmpty)
        let large = try store.usage("a", "b", "--duplicates", "--min-size", "64KiB")
        #expect(large[0]["duplicates"]["groups"].elements.count == 1)
        let table = try store.holdfast("usage", "a", "b", "--duplicates").check()
        #expect(table.text.contains("2 groups of equal files"))
    }

    @Test(
        "files that share their blocks already free nothing",
        .enabled(if: ReflinkDisk.formats.contains("xfs"), "needs XFS"))
    func reflinks() throws {
        let disk = try ReflinkDisk("xfs", in: store.directory)
        try Tool.script(
            """
            cd "$1"; mkdir d; head -c 1000000 /dev/urandom > d/a; cp --reflink=always d/a d/b; cp --reflink=never d/a d/c
            sync -f .
            """, disk.path
        ).check()
        let found = try store.usage("dir:\(disk.path)/d", "--duplicates", "--extents")[0]
        let group = found["duplicates"]["groups"][0]
        #expect(group["files"].elements.count == 3 && group["reclaimableBytes"].integer == 1_003_520)
        #expect(found["extents"]["sharedBytes"].integer == 1_003_520)
        #expect(found["extents"]["exclusiveBytes"].integer == 1_003_520)
    }

    @Test(
        "volumes on devices are compared with the others and with each other, and unmounted afterwards",
        .enabled(if: Environment.isRoot && Tool.exists("mkfs.ext4"), "needs root and mkfs.ext4"))
    func devices() throws {
        let (bound, content) = (
            try store.directory.makeDirectory("bound"), try store.directory.makeDirectory("content")
        )
        let plain = try store.makeVolume("plain").root
        try Tool.script(
            """
            head -c 200000 /dev/urandom > "$1/one"; cp "$1/one" "$2/two"; cp "$1/one" "$3/three"
            head -c 50000 /dev/urandom > "$2/only-devices"; cp "$2/only-devices" "$3/also"
            truncate -s 8M "$4"; mkfs.ext4 -q -b 4096 -d "$3" "$4"
            """, plain, bound, content, store("image")
        ).check()
        let loop = try Tool.run("losetup", "--find", "--show", store("image")).check().lines[0]
        defer { _ = try? Tool.run("losetup", "--detach", loop) }
        for (name, options) in [
            ("bound", ["type=none", "o=bind", "device=" + bound]), ("disk", ["type=ext4", "device=" + loop]),
        ] {
            try store.holdfast.run(["volume", "create", name] + options.flatMap { ["--opt", $0] }).check()
        }
        let found = try store.usage("disk", "plain", "bound", "--duplicates")
        let groups = found.flatMap { $0["duplicates"]["groups"].elements }
        let names = groups.map { group in
            group["files"].elements.map { "\($0["source"].text ?? "")/\($0["path"].text ?? "")" }
        }
        #expect(
            names == [
                ["holdfast:disk/three", "holdfast:plain/one", "holdfast:bound/two"],
                ["holdfast:disk/also", "holdfast:bound/only-devices"],
            ])
        #expect(groups.map { $0["reclaimableBytes"].integer } == [2 * 200_704, 53_248])
        let mounts = try Tool.run("cat", "/proc/self/mountinfo").check().text
        #expect(!mounts.contains(store.directory.path) && !mounts.contains(loop))
        // A device that cannot be mounted is told, and the others are compared all the same.
        try Tool.run("losetup", "--detach", loop).check()
        let rest = try store.usage("disk", "plain", "bound", "--duplicates", status: 1)
        #expect(rest.flatMap { $0["duplicates"]["groups"].elements }.count == 1)
        #expect(try !Tool.run("cat", "/proc/self/mountinfo").check().text.contains(store.directory.path))
    }
}
