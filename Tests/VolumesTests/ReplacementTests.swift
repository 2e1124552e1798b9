import FileTree
import Holdfast
import StorageModel
import TestSupport
import Testing
import Volumes

/// Goal: the data of a volume is the old or the new, never a mixture, and a volume made with its data is whole.
/// Method: replacements in this process and in others, at the same time and killed.
@Suite("Replacing a volume's data") struct ReplacementTests {
    @Test("a missing volume is made with its data, labels, owner and mode")
    func missing() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        let replacement = try store.volumes.beginReplacement(of: VolumeName("pg"), force: false)
        #expect(replacement.existing == nil)
        _ = try replacement.data.createFile("file".utf8)
        try replacement.data.setMode(0o1770)
        #expect(try store.volumes().isEmpty, "nothing is visible before the publication")
        let volume = try replacement.publish(VolumeRequest(name: VolumeName("pg"), labels: ["app": "shop"]))
        try replacement.discard()
        #expect(try store.volumes() == [volume])
        #expect(volume.labels == ["app": "shop"])
        #expect(try fixture.names(fixture.data("pg")) == ["file"])
        #expect(try Tool.run("stat", "-c", "%a", fixture.data("pg")).text == "1770\n")
        try fixture.expectOrder()
    }

    @Test("an existing volume keeps its labels and gets the new data in one step; the old data is deleted")
    func exchange() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        let made = try store.create("pg", labels: ["app": "shop"])
        try fixture.write("old", to: "old", of: "pg")
        let replacement = try store.volumes.beginReplacement(of: VolumeName("pg"), force: false)
        #expect(try replacement.existing?.isEmpty() == false)
        _ = try replacement.data.createFile("new".utf8)
        let volume = try replacement.publish(VolumeRequest(name: VolumeName("pg"), labels: ["other": "ignored"]))
        #expect(try fixture.names(fixture.data("pg")) == ["new"])
        try replacement.discard()
        #expect(volume == made.volume)
        #expect(try fixture.names(fixture.data("pg")) == ["new"])
        try fixture.expectReleased(replacement)
    }

    @Test("a replacement that is discarded changes nothing")
    func discard() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try store.create("pg")
        try fixture.write("old", to: "old", of: "pg")
        for name in ["pg", "new"] {
            let replacement = try store.volumes.beginReplacement(of: VolumeName(name), force: false)
            _ = try replacement.data.createFile("half".utf8)
            try replacement.discard()
        }
        #expect(try store.volumes().map(\.name.rawValue) == ["pg"])
        #expect(try fixture.names(fixture.data("pg")) == ["old"])
        try fixture.expectOrder()
    }

    @Test("a volume in use is not replaced without force")
    func inUse() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try store.create("pg")
        let holder = try ChildProcess(["sleep", "1000"].map { Array($0.utf8) }, workingDirectory: fixture.data("pg"))
        defer { holder.send(9) }
        let failure = #expect(throws: StorageError.self) {
            try store.volumes.beginReplacement(of: VolumeName("pg"), force: false)
        }
        #expect(failure?.code == .inUse)
        let replacement = try store.volumes.beginReplacement(of: VolumeName("pg"), force: true)
        _ = try replacement.publish(VolumeRequest(name: VolumeName("pg")))
        try replacement.discard()
    }

    @Test("a volume that comes into use while its new data is written is not replaced")
    func inUseMeanwhile() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try store.create("pg")
        try fixture.write("old", to: "old", of: "pg")
        let replacement = try store.volumes.beginReplacement(of: VolumeName("pg"), force: false)
        let holder = try ChildProcess(["sleep", "1000"].map { Array($0.utf8) }, workingDirectory: fixture.data("pg"))
        defer { holder.send(9) }
        let failure = #expect(throws: StorageError.self) {
            try replacement.publish(VolumeRequest(name: VolumeName("pg")))
        }
        #expect(failure?.code == .inUse)
        try replacement.discard()
        #expect(try fixture.names(fixture.data("pg")) == ["old"])
    }

    @Test("a volume that another process makes meanwhile is not overwritten")
    func madeMeanwhile() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        let replacement = try store.volumes.beginReplacement(of: VolumeName("pg"), force: false)
        _ = try replacement.data.createFile("late".utf8)
        try StoreProbe.run("create", fixture.root, "pg").check()
        let failure = #expect(throws: StorageError.self) {
            try replacement.publish(VolumeRequest(name: VolumeName("pg")))
        }
        #expect(failure?.code == .conflict)
        try replacement.discard()
        #expect(try fixture.names(fixture.data("pg")).isEmpty)
        #expect(try store.volumes().first?.labels == ["made": "by probe"])
    }

    @Test("only nothing, and the empty lost+found of a new file system, count as empty")
    func emptiness() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try store.create("pg")
        func isEmpty() throws -> Bool { try store.volumes.open(VolumeName("pg"), for: .reading).isEmpty() }
        #expect(try isEmpty())
        let tree = try TreeBuilder(fixture.data("pg"))
        try tree.directory("lost+found")
        #expect(try isEmpty())
        try tree.file("lost+found/#12", "found")
        #expect(try !isEmpty())
        try tree.remove(Array("lost+found/#12".utf8))
        try tree.file(".hidden", "")
        #expect(try !isEmpty())
    }
}

extension StoreFixture {
    /// Expects order although the replacement, with its lease, still lives.
    func expectReleased(_ replacement: VolumeReplacement) throws {
        try expectOrder()
        withExtendedLifetime(replacement) {}
    }
}
