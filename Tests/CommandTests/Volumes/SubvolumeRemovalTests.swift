import TestSupport
import Testing

/// Goal: removal goes into subvolumes and never into mounts. Method: both in one volume on a real btrfs.
@Suite(
    "Removing volumes with subvolumes",
    .enabled(if: ReflinkDisk.formats.contains("btrfs") && Tool.exists("btrfs"), "btrfs cannot be mounted"))
struct SubvolumeRemovalTests {
    @Test("nested subvolumes go with the volume")
    func nested() throws {
        let folder = try TemporaryDirectory("nested")
        let disk = try ReflinkDisk("btrfs", in: folder)
        let fixture = DiskFreeFixture(in: disk.path)
        let data = try fixture.makeVolume("v").root
        try Tool.script(
            """
            cd "$1"; mkdir d; btrfs subvolume create d/s; mkdir -p d/s/deep/er; touch d/s/deep/er/f
            btrfs subvolume create d/s/deep/inner; touch d/s/deep/inner/f
            """, data
        ).check()
        try fixture.holdfast("volume", "rm", "v").check()
        #expect(try Tool.run("ls", "-A", disk.path + "/store/trash").check().lines.isEmpty)
        #expect(try Tool.run("btrfs", "subvolume", "list", disk.path).check().lines.isEmpty)
        try fixture.holdfast("check").check()
    }

    @Test("a subvolume that is mounted below is left alone, with everything in it")
    func mounted() throws {
        let folder = try TemporaryDirectory("mounted-below")
        let disk = try ReflinkDisk("btrfs", in: folder)
        let fixture = DiskFreeFixture(in: disk.path)
        _ = try fixture.makeVolume("other")
        let trash = disk.path + "/store/trash/left"
        try Tool.script(
            """
            btrfs subvolume create "$1/apart"; touch "$1/apart/precious"; mkdir -p "$2/d/m"
            mount --bind "$1/apart" "$2/d/m"
            """, disk.path, trash
        ).check()
        defer { _ = try? Tool.run("umount", trash + "/d/m") }
        _ = try fixture.holdfast("volume", "rm", "other")
        _ = try fixture.holdfast("check", "--repair")
        #expect(try Tool.run("ls", disk.path + "/apart").check().lines == ["precious"])
    }
}
