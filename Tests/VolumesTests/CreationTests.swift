import FileTree
import Holdfast
import StorageModel
import TestSupport
import Testing
import Volumes

/// Goal: a volume is made as asked, once, and a name never silently means something else.
/// Method: real stores; `stat` and `ls` as oracles.
@Suite("Making volumes") struct CreationTests {
    @Test("a volume has the owner and mode that were asked for", .enabled(if: Environment.isRoot))
    func ownerAndMode() throws {
        let fixture = try StoreFixture()
        let request = VolumeRequest(name: try VolumeName("pg"), uid: 999, gid: 998, mode: 0o2750)
        let creation = try fixture.open().createVolume(request)
        #expect(!creation.existed)
        let stat = try Tool.run("stat", "-c", "%u %g %a %F", fixture.data("pg")).check()
        #expect(stat.text == "999 998 2750 directory\n")
        try fixture.expectOrder()
    }

    @Test("by default a volume belongs to the process, with mode 0755, and nobody else gets near it")
    func defaults() throws {
        let fixture = try StoreFixture()
        try fixture.open().create("pg")
        let own = try Tool.script("echo $(id -u) $(id -g)").text.dropLast()
        #expect(try Tool.run("stat", "-c", "%u %g %a", fixture.data("pg")).text == "\(own) 755\n")
        #expect(try Tool.run("stat", "-c", "%a", fixture.root).text == "700\n")
        #expect(try fixture.names(fixture.data("pg")).isEmpty)
    }

    @Test("names of one and of 255 bytes work")
    func names() throws {
        let fixture = try StoreFixture()
        let long = String(repeating: "n", count: 255)
        for name in ["a", long] { try fixture.open().create(name) }
        #expect(try fixture.open().volumes().map(\.name.rawValue) == ["a", long])
        try fixture.open().remove(long)
        try fixture.expectOrder()
    }

    @Test("an anonymous volume gets a name of 64 hexadecimal digits")
    func anonymous() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        let made = try (0..<3).map { _ in try store.createVolume(VolumeRequest(name: nil)).volume }
        #expect(Set(made.map(\.name)).count == 3)
        for volume in made {
            #expect(volume.isAnonymous)
            #expect(volume.name.rawValue.utf8.count == 64)
            #expect(volume.name.rawValue.allSatisfy { $0.isHexDigit && !$0.isUppercase })
        }
    }

    @Test("asking again for the same volume finds it, and its data stays")
    func again() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        let first = try store.create("pg", labels: ["app": "shop"])
        try fixture.write("kept", to: "file", of: "pg")
        let second = try store.create("pg", labels: ["app": "shop"])
        #expect(second.existed)
        #expect(second.volume == first.volume)
        #expect(try fixture.read("file", of: "pg") == "kept")
    }

    @Test(
        "a name that is taken by a different volume is refused, saying what differs",
        arguments: [
            (["app": "a"], ["app": "b"], "label 'app' is 'a', not 'b'"),
            (["app": "a"], [:], "label 'app' ('a') was not asked for"),
            ([:], ["app": "b"], "label 'app' ('b') is missing"),
            (
                ["app": "a", "x": "1"], ["app": "b", "y": "2"],
                "label 'app' is 'a', not 'b'; label 'x' ('1') was not asked for; label 'y' ('2') is missing"
            ),
        ])
    func conflict(has: [String: String], wanted: [String: String], difference: String) throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try store.create("pg", labels: has)
        let failure = #expect(throws: StorageError.self) { try store.create("pg", labels: wanted) }
        #expect(failure?.code == .conflict)
        #expect(failure?.message == "volume 'pg' exists already and differs: \(difference)")
        #expect(try store.volumes().first?.labels == has)
    }

    @Test("what cannot be made is refused before anything is made")
    func invalid() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        let name = try VolumeName("pg")
        let requests = [
            VolumeRequest(name: name, driver: "nfs"),
            VolumeRequest(name: name, options: ["size": "1g", "type": "tmpfs"]),
            VolumeRequest(name: name, labels: ["": "x"]), VolumeRequest(name: name, uid: .max),
            VolumeRequest(name: name, gid: .max), VolumeRequest(name: name, mode: 0o10000),
        ]
        for request in requests {
            let failure = #expect(throws: StorageError.self) { try store.createVolume(request) }
            #expect(failure?.code == .invalidInput)
            #expect(failure?.hint != nil)
        }
        let failure = #expect(throws: StorageError.self) { try store.createVolume(requests[1]) }
        #expect(failure?.message == "--opt type=tmpfs: missing required option 'device'")
        #expect(try store.volumes().isEmpty)
        try fixture.expectOrder()
    }

    @Test("a directory without a row is garbage: it does not become part of a new volume of its name")
    func orphan() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try fixture.plant("secret", at: "volumes/pg/_data/old")
        try store.create("pg")
        #expect(try fixture.names(fixture.data("pg")).isEmpty)
        try fixture.expectOrder()
    }

    @Test("directories without rows, abandoned staging areas and trash are swept by the next open")
    func sweep() throws {
        let fixture = try StoreFixture()
        try fixture.open().create("kept")
        try fixture.plant("x", at: "volumes/orphan/_data/old")
        try fixture.plant("x", at: "staging/0123/volume/_data/old")
        try fixture.plant("x", at: "trash/4567/deep/old")
        try fixture.expectOrder()
        #expect(try fixture.names("\(fixture.root)/volumes") == ["kept"])
    }

    @Test("a volume whose directory is gone is called damaged, and its record can be removed")
    func withoutDirectory() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try store.create("pg")
        try Tool.run("rm", "-r", "\(fixture.root)/volumes/pg").check()
        let failure = #expect(throws: StorageError.self) { try store.create("pg") }
        #expect(failure?.code == .damaged)
        #expect(failure?.hint?.contains("volume rm pg") == true)
        let reading = #expect(throws: StorageError.self) { try store.volumes.open(VolumeName("pg"), for: .reading) }
        #expect(reading?.code == .damaged)
        try store.remove("pg")
        #expect(try store.create("pg").existed == false)
        try fixture.expectOrder()
    }

    @Test("usage counts as du does")
    func usage() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try store.create("pg")
        try TreeBuilder(fixture.data("pg")).fill(seed: 7)
        let usage = try store.usage(of: VolumeName("pg"))
        let blocks = try Tool.run("du", "-s", "--block-size=1", fixture.data("pg")).check().text
        #expect(blocks.hasPrefix("\(usage.allocatedBytes)\t"))
        let directories = try Tool.script("find \"$1\" -type d -printf x | wc -c", fixture.data("pg")).text
        #expect(directories == "\(usage.directories)\n")
        #expect(usage.errors == 0)
    }

    @Test("filters mean what Docker's mean")
    func filters() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try store.create("web-data", labels: ["app": "shop", "tier": "web"])
        try store.create("db-data", labels: ["app": "shop", "tier": ""])
        try store.create("cache", labels: ["note": "a=b"])
        func names(_ conditions: String...) throws -> [String] {
            try store.volumes(matching: VolumeFilter(parsing: conditions)).map(\.name.rawValue)
        }
        #expect(try names() == ["cache", "db-data", "web-data"])
        #expect(try names("name=data") == ["db-data", "web-data"])
        #expect(try names("name=web", "name=cache") == ["cache", "web-data"])
        #expect(try names("label=app") == ["db-data", "web-data"])
        #expect(try names("label=tier=web") == ["web-data"])
        #expect(try names("label=tier=") == ["db-data"])
        #expect(try names("label=app", "label=tier=web") == ["web-data"])
        #expect(try names("label=note=a=b") == ["cache"])
        #expect(try names("driver=local", "name=cache") == ["cache"])
        #expect(try names("driver=nfs") == [])
        for condition in ["dangling=maybe", "name", "label==x", "name="] {
            let failure = #expect(throws: StorageError.self) { try names(condition) }
            #expect(failure?.code == .invalidInput)
        }
    }
}
