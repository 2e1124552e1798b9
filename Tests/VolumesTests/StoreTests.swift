import Holdfast
import StorageModel
import TestSupport
import Testing

/// Goal: a store is found, made and kept private, and whatever is wrong with its place is said.
/// Method: real directories and small file systems; the environment is given to other processes.
@Suite("Opening a store") struct StoreTests {
    private func refusal(_ path: String, create: Bool = true) -> StorageError? {
        #expect(throws: StorageError.self) { try Store.open(at: path, create: create) }
    }

    @Test("a store is made with the directories above it, private, and found again")
    func make() throws {
        let fixture = try StoreFixture("a/b/store")
        try fixture.open().create("pg")
        #expect(try Tool.run("stat", "-c", "%a", fixture.root).text == "700\n")
        #expect(
            try fixture.names(fixture.root) == [
                "blobs", "catalog.sqlite", "catalog.sqlite-shm", "catalog.sqlite-wal", "containers", "layers",
                "staging",
                "trash", "volumes",
            ])
        #expect(
            try Tool.script("cat \"$1\"/catalog* | wc -c; stat -c %a \"$1\"/catalog*", fixture.root).lines.dropFirst()
                == ["600", "600", "600"])
        #expect(try Store.open(at: fixture.root, create: false).volumes().count == 1)
    }

    @Test("a mode that lets others in is taken back at each open")
    func mode() throws {
        let fixture = try StoreFixture()
        _ = try fixture.open()
        try Tool.run("chmod", "755", fixture.root).check()
        _ = try fixture.open()
        #expect(try Tool.run("stat", "-c", "%a", fixture.root).text == "700\n")
    }

    @Test("the path of the store may lead through links; what it says of itself does not")
    func links() throws {
        let fixture = try StoreFixture()
        _ = try fixture.open()
        try TreeBuilder(fixture.directory.path).symbolicLink("link", to: fixture.root)
        let store = try Store.open(at: fixture.directory("link"))
        #expect(store.rootPath == fixture.root)
        #expect(store.mountpoint(of: try VolumeName("pg")) == fixture.data("pg"))
    }

    @Test("a relative path is refused")
    func relative() {
        #expect(refusal("store")?.code == .invalidInput)
        #expect(refusal("")?.code == .invalidInput)
    }

    @Test("a missing store is not made unless asked")
    func missing() throws {
        let fixture = try StoreFixture()
        #expect(refusal(fixture.root, create: false)?.code == .notFound)
        #expect(!fixture.exists(fixture.root))
    }

    @Test("a file in the way is named", arguments: ["store", "store/volumes", "store/catalog.sqlite/x"])
    func fileInTheWay(file: String) throws {
        let fixture = try StoreFixture()
        try Tool.script("mkdir -p \"$(dirname \"$1\")\"; touch \"$1\"", fixture.directory(file)).check()
        let failure = refusal(fixture.root)
        #expect(failure?.code == .conflict, "\(String(describing: failure))")
        #expect(failure?.hint != nil)
    }

    @Test("a directory with other things in it is refused and not changed")
    func foreignDirectory() throws {
        let fixture = try StoreFixture()
        try TreeBuilder(fixture.root).file("letter.txt", "dear")
        try Tool.run("chmod", "755", fixture.root).check()
        let failure = refusal(fixture.root)
        #expect(failure?.code == .conflict)
        #expect(failure?.message.contains("not a Holdfast store") == true)
        #expect(try fixture.names(fixture.root) == ["letter.txt"])
        #expect(try Tool.run("stat", "-c", "%a", fixture.root).text == "755\n")
    }

    @Test("the root of a fresh file system, and a store whose making was interrupted, become stores")
    func almostEmpty() throws {
        let fixture = try StoreFixture()
        for name in ["lost+found", "volumes", "staging"] { try TreeBuilder(fixture.root).directory(name) }
        try fixture.open().create("pg")
    }

    @Test("a read-only file system is named as such", .enabled(if: Environment.isRoot))
    func readOnly() throws {
        let fixture = try StoreFixture()
        let disk = try SmallDisk(at: fixture.directory.makeDirectory("store"), sizeKiB: 1024)
        try disk.setReadOnly(true)
        let failure = refusal(fixture.root)
        #expect(failure?.errno == .readOnlyFileSystem)
        #expect(failure?.hint?.contains("read-only") == true)
    }

    @Test(
        "a full file system is named as such, and gives back what the failed command took",
        .enabled(if: Environment.isRoot))
    func full() throws {
        let fixture = try StoreFixture()
        let disk = try SmallDisk(at: fixture.directory.makeDirectory("store"), sizeKiB: 600)
        try fixture.open().create("pg")
        try Tool.script("cat /dev/zero > \"$1/filler\" || true", fixture.data("pg")).check()
        let failure = #expect(throws: StorageError.self) {
            let store = try fixture.open()
            for index in 0..<200 {
                try store.create("volume\(index)", labels: ["long": String(repeating: "x", count: 900)])
            }
        }
        #expect(failure?.code == .noSpace, "\(String(describing: failure))")
        // Removing a volume is the way out, so it must work on a full disk.
        try fixture.open().remove("pg")
        try fixture.expectOrder()
        withExtendedLifetime(disk) {}
    }

    @Test("a store that may not be entered is said to be another user's", .enabled(if: Environment.isRoot))
    func permission() throws {
        let fixture = try StoreFixture()
        _ = try fixture.open()
        try Tool.run("chmod", "711", fixture.directory.path).check()
        let probe = try Tool.script(
            "cp \"$1\" /tmp/.holdfast-probe-$$; chmod 755 /tmp/.holdfast-probe-$$; "
                + "setpriv --reuid 65534 --regid 65534 --clear-groups /tmp/.holdfast-probe-$$ open \"$2\" || status=$?; "
                + "rm /tmp/.holdfast-probe-$$; exit ${status:-0}",
            StoreProbe.program, fixture.root)
        #expect(probe.status == 1, "\(probe)")
        #expect(probe.text.hasPrefix("permission-denied"))
        #expect(probe.text.contains("HOLDFAST_ROOT"))
    }

    @Test("the store is where the environment says")
    func environment() throws {
        let directory = try TemporaryDirectory("environment")
        let chosen = directory("chosen")
        let byVariable = try StoreProbe.run("open", "-", environment: ["HOLDFAST_ROOT": chosen]).check()
        #expect(byVariable.text == "\(chosen) 0\n")
        let relative = try StoreProbe.run("open", "-", environment: ["HOLDFAST_ROOT": "chosen"])
        #expect(relative.text.hasPrefix("invalid-input"))
        #expect(relative.text.contains("HOLDFAST_ROOT"))
        let option = try StoreProbe.run("open", directory("option"), environment: ["HOLDFAST_ROOT": chosen]).check()
        #expect(option.text == "\(directory("option")) 0\n")
    }
}
