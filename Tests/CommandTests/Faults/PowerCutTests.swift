import TestSupport
import Testing

/// Goal: a power cut of the tests is one: what was synced stays, what was not is gone. The sweeps build on it.
@Suite("Power cuts", .enabled(if: !CuttableDisk.formats.isEmpty, "neither ext4 nor XFS can be mounted from a file"))
struct PowerCutTests {
    @Test("what is not on disk is lost, what is stays", arguments: CuttableDisk.formats)
    func cut(format: CuttableDisk.Format) throws {
        let folder = try TemporaryDirectory("cut")
        let disk = try CuttableDisk(try DiskImage(format, in: folder))
        try Tool.script("cd \"$1\"; echo 1 > kept; sync -f .; echo 2 > lost", disk.path).check()
        try disk.cutPower()
        #expect(try Tool.run("cat", disk.path + "/kept").check().text == "1\n")
        #expect(try Tool.run("cat", disk.path + "/lost").text != "2\n")
    }

    @Test("every format that is meant is tested", arguments: CuttableDisk.Format.allCases)
    func complete(format: CuttableDisk.Format) { #expect(CuttableDisk.formats.contains(format)) }

    @Test("a volume, an image and a container that were acknowledged survive together", arguments: CuttableDisk.formats)
    func acknowledged(format: CuttableDisk.Format) throws {
        let folder = try TemporaryDirectory("cut")
        let disk = try CuttableDisk(try DiskImage(format, in: folder))
        let holdfast = CommandRunner(root: disk.path + "/store")
        let image = try ImageFixture([[.file("a", "1")]], names: ["app:1"])
        try ImageLayout.docker25.write([image], to: folder("app.tar"))
        try holdfast("volume", "create", "v").check()
        try disk.cutPower()
        try holdfast("image", "load", "-i", folder("app.tar")).check()
        try disk.cutPower()
        try holdfast("container", "create", "--name", "c", "app:1").check()
        try disk.cutPower()
        try holdfast("check", "--read-data").check()
        #expect(try holdfast("volume", "ls", "-q").check().lines == ["v"])
        #expect(try holdfast("container", "ls", "-q").check().lines.count == 1)
        try holdfast("container", "rm", "c").check()
        try holdfast("image", "rm", "app:1").check()
        try disk.cutPower()
        #expect(try JSON(parsing: holdfast("image", "ls", "--json").check().text).elements.isEmpty)
        try holdfast("check", "--read-data").check()
    }
}
