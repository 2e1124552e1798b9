import Catalog
import FileTree
import StorageModel
import TestSupport
import Testing

/// Goal: what goes into the catalog comes out unchanged, completely or not at all, whoever else writes.
/// Method: real files; several processes of the helper program at once.
@Suite("The catalog's records") struct RecordTests {
    @Test(
        "a volume comes back as it went in",
        arguments: [
            Timestamp(seconds: 1_700_000_000, nanoseconds: 123_456_789), Timestamp(seconds: -1, nanoseconds: 1),
            Timestamp(seconds: 0),
        ])
    func roundTrip(createdAt: Timestamp) throws {
        let fixture = try CatalogFixture()
        let volume = Volume(
            name: try VolumeName("pg.data-1_x"), createdAt: createdAt,
            labels: ["app": "shop", "ключ": "значение\n\"'; DROP TABLE volumes; --", "empty": ""],
            options: ["o": "size=1g"], isAnonymous: true, isProtected: true,
            population: VolumePopulation(
                image: "postgres:16", imageID: try #require(Digest(hex: String(repeating: "0a", count: 32))),
                path: try ContainerPath("/var/lib"), populatedAt: createdAt), lastMountedAt: createdAt)
        try fixture.open().transaction { transaction throws(StorageError) in try transaction.insert(volume) }
        let reopened = try fixture.open()
        #expect(try reopened.volumes() == [volume])
        #expect(try reopened.volume(named: volume.name) == volume)
        #expect(try reopened.volume(named: VolumeName("PG.data-1_x")) == nil)
    }

    @Test("volumes come in the byte order of their names, each with its own labels")
    func order() throws {
        let fixture = try CatalogFixture()
        let catalog = try fixture.open()
        let names = ["b", "a", "B", "a.b", "a-b", "a0", "Z9"]
        for name in names {
            try catalog.transaction { transaction throws(StorageError) in
                try transaction.insert(.sample(name, labels: ["own": name]))
            }
        }
        let volumes = try catalog.volumes()
        #expect(volumes.map(\.name) == volumes.map(\.name).sorted())
        #expect(volumes.count == names.count)
        #expect(volumes.allSatisfy { $0.labels == ["own": $0.name.rawValue] })
    }

    @Test("what the closure throws takes everything back")
    func rollback() throws {
        let fixture = try CatalogFixture()
        let catalog = try fixture.open()
        let failure = #expect(throws: StorageError.self) {
            try catalog.transaction { transaction throws(StorageError) in
                try transaction.insert(.sample("gone", labels: ["a": "b"]))
                throw StorageError(.interrupted, "stop")
            }
        }
        #expect(failure?.code == .interrupted)
        #expect(try catalog.volumes().isEmpty)
        try catalog.transaction { transaction throws(StorageError) in try transaction.insert(.sample("gone")) }
        #expect(try catalog.volumes().first?.labels == [:])
    }

    @Test("a name is there once")
    func unique() throws {
        let catalog = try CatalogFixture().open()
        try catalog.transaction { transaction throws(StorageError) in try transaction.insert(.sample("one")) }
        let failure = #expect(throws: StorageError.self) {
            try catalog.transaction { transaction throws(StorageError) in try transaction.insert(.sample("one")) }
        }
        #expect(failure?.code == .conflict)
    }

    @Test("removal takes labels and options with it and says whether there was anything")
    func removal() throws {
        let catalog = try CatalogFixture().open()
        let name = try VolumeName("one")
        for expected in [true, true] {
            let removed = try catalog.transaction { transaction throws(StorageError) in
                try transaction.insert(.sample("one", labels: ["a": "b"]))
                return try transaction.remove(name)
            }
            #expect(removed == expected)
        }
        let again = try catalog.transaction { transaction throws(StorageError) in try transaction.remove(name) }
        #expect(!again)
        try catalog.transaction { transaction throws(StorageError) in try transaction.insert(.sample("one")) }
        #expect(try catalog.volumes().first?.labels == [:])
    }

    @Test("several processes make one catalog and write to it at once")
    func contention() throws {
        let directory = try TemporaryDirectory("contention")
        let root = directory("store")
        let writers = try ["a", "b", "c", "d"].map { try StoreProbe.start("insert", root, $0, "50") }
        for writer in writers { try writer.wait().check() }
        let catalog = try Catalog(in: Descriptor.openDirectory(atHostPath: root), hostPath: root)
        let volumes = try catalog.volumes()
        #expect(volumes.count == 200)
        #expect(volumes.allSatisfy { $0.labels == ["by": String($0.name.rawValue.prefix(1))] })
    }

    @Test("a full file system is named as such, and nothing acknowledged is lost", .enabled(if: Environment.isRoot))
    func fullDisk() throws {
        let directory = try TemporaryDirectory("full")
        let disk = try SmallDisk(at: directory.makeDirectory("disk"), sizeKiB: 400)
        let catalog = try Catalog(in: Descriptor.openDirectory(atHostPath: disk.path), hostPath: disk.path)
        var acknowledged = 0
        let failure = #expect(throws: StorageError.self) {
            for index in 0..<5000 {
                let label = String(repeating: "x", count: 2000)
                try catalog.transaction { transaction throws(StorageError) in
                    try transaction.insert(.sample("volume\(index)", labels: ["long": label]))
                }
                acknowledged += 1
            }
        }
        #expect(failure?.code == .noSpace, "\(String(describing: failure))")
        #expect(acknowledged > 0)
        #expect(try catalog.volumes().count == acknowledged)
    }
}
