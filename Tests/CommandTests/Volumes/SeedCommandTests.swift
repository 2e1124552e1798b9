import Glibc
import TestSupport
import Testing

/// Goal: `volume seed` does what its help says, with the promised outputs and statuses. Method: the built binary, images built
/// in code, the kernel's own answers.
@Suite("volume seed", .enabled(if: Environment.isRoot, "owners and overlay marks need root"))
struct SeedCommandTests {
    private let store: StoreFixture

    init() throws {
        store = try StoreFixture("seed")
        try load(
            "app:1",
            [
                .directory("d", mode: 0o750).owned(by: 3, 4), .file("d/a", "1"), .file("d/b", "2"), .directory("d/e"),
                .file("d/e/f", "3"), .file("plain", "x"), .symbolicLink("l", to: "d"),
            ])
        try load(
            "app:2",
            [
                .directory("d", mode: 0o755).owned(by: 3, 4), .file("d/a", "other"), .file("d/b", "2"),
                .directory("d/g"),
                .file("d/g/h", "4"),
            ])
    }

    private func load(_ name: String, _ members: [TarMember]) throws {
        let path = store("image.tar")
        try ImageLayout.docker25.write([try ImageFixture([members], names: [name])], to: path)
        try store.holdfast("image", "load", "-i", path).check()
    }

    @Test("a missing volume is made, an empty one filled, and the origin is shown")
    func seeds() throws {
        #expect(try store.holdfast("volume", "seed", "v", "--image", "app:1", "--path", "/d").check().text == "v\n")
        _ = try store.makeVolume("w")
        let json = try JSON(
            parsing: store.holdfast("volume", "seed", "w", "--image", "app:1", "--path", "/l/", "--json").check().text)
        #expect(json["change"].text == "filled" && json["populatedPath"].text == "/l" && json["volume"].text == "w")
        #expect(json["entries"].integer == 5 && json["copiedBytes"].integer == 3)
        try expectSameTree(store.mountpoint("w"), store.mountpoint("v"))
        #expect(try Tool.run("stat", "-c", "%a %u:%g", store.mountpoint("v")).check().text == "750 3:4\n")
        let details = try store.inspect("v")
        #expect(details["populatedFrom"].text == "app:1" && details["populatedPath"].text == "/d")
        #expect(details["populatedImageId"].text?.hasPrefix("sha256:") == true)
    }

    struct Refusal: CustomTestStringConvertible, Sendable {
        let arguments: [String]
        let status: Int32
        let message: String
        var testDescription: String { arguments.joined(separator: " ") }
    }

    static let refusals: [Refusal] = [
        Refusal(
            arguments: ["full", "--image", "app:1", "--path", "/d"], status: 5, message: "volume 'full' is not empty"),
        Refusal(arguments: ["new", "--image", "app:1", "--path", "/no"], status: 4, message: "has no directory '/no'"),
        Refusal(arguments: ["new", "--image", "app:1", "--path", "/plain"], status: 5, message: "has a file there"),
        Refusal(arguments: ["new", "--image", "no:1", "--path", "/d"], status: 4, message: "there is no image 'no:1'"),
        Refusal(arguments: ["new", "--image", "app:1", "--path", "d"], status: 2, message: "not an absolute path"),
        Refusal(arguments: ["../x", "--image", "app:1", "--path", "/d"], status: 2, message: "'../x'"),
        Refusal(arguments: ["new"], status: 2, message: "never populated"),
        Refusal(
            arguments: ["new", "--diff", "--image", "app:1", "--path", "/d"], status: 4, message: "no volume 'new'"),
        Refusal(arguments: ["full", "--force", "--diff"], status: 2, message: "--"),
    ]

    @Test("what is refused leaves everything as it was", arguments: refusals)
    func refuses(_ refusal: Refusal) throws {
        try store.makeVolume("full").file("own", "mine")
        let result = try store.holdfast.run(["volume", "seed"] + refusal.arguments)
        #expect(result.status == refusal.status && result.errorText.contains(refusal.message), "\(result)")
        #expect(try store.names() == ["full"])
        #expect(try Tool.run("cat", store.mountpoint("full") + "/own").check().text == "mine")
        #expect(try store.leftovers(in: "staging").isEmpty)
    }

    @Test("--diff tells what differs, as container diff does, and changes nothing")
    func differences() throws {
        try store.holdfast("volume", "seed", "v", "--image", "app:1", "--path", "/d").check()
        #expect(try store.holdfast("volume", "seed", "v", "--diff").check().text == "")
        let newer = try store.holdfast("volume", "seed", "v", "--diff", "--image", "app:2").check()
        #expect(newer.text == "C /\nC /a\nA /e\nA /e/f\nD /g\n")
        try Tool.script(
            """
            cd "$1"; touch -d @1 a; rm b; ln -s a b; chown 9 e/f; mkdir -p n/m; setfattr -n user.x -v 1 e; chmod 700 .
            """, store.mountpoint("v")
        ).check()
        let before = try TreeFingerprint(store.mountpoint("v"))
        let own = try store.holdfast("volume", "seed", "v", "--diff").check()
        #expect(own.text == "C /\nC /a\nC /b\nC /e\nC /e/f\nA /n\nA /n/m\n")
        let json = try JSON(parsing: store.holdfast("volume", "seed", "v", "--diff", "--json").check().text)
        #expect(json.elements.count == 7 && json[1]["kind"].text == "C" && json[1]["path"].text == "/a")
        #expect(try TreeFingerprint(store.mountpoint("v")) == before)
    }

    @Test("--force exchanges everything for the image's directory; labels and name stay")
    func force() throws {
        try store.makeVolume("v", "--label", "a=b").file("own", "mine")
        let json = try JSON(
            parsing: store.holdfast("volume", "seed", "v", "--image", "app:2", "--path", "/d", "--force", "--json")
                .check().text)
        #expect(json["change"].text == "replaced")
        try store.holdfast("volume", "seed", "other", "--image", "app:2", "--path", "/d").check()
        try expectSameTree(store.mountpoint("v"), store.mountpoint("other"))
        #expect(try store.inspect("v")["labels"]["a"].text == "b")
        #expect(try store.inspect("v")["populatedFrom"].text == "app:2")
        #expect(try store.leftovers(in: "staging").isEmpty)
        try store.holdfast("volume", "seed", "v", "--image", "app:1", "--force").check()
        #expect(
            try store.inspect("v")["populatedPath"].text == "/d" && store.inspect("v")["populatedFrom"].text == "app:1")
    }

    @Test("--force names who uses the volume, and changes nothing")
    func inUse() throws {
        try store.makeVolume("v").file("own", "mine")
        let elsewhere = try store.directory.makeDirectory("elsewhere")
        try Tool.run("mount", "--bind", store.mountpoint("v"), elsewhere).check()
        defer { _ = try? Tool.run("umount", elsewhere) }
        let result = try store.holdfast("volume", "seed", "v", "--image", "app:1", "--path", "/d", "--force")
        #expect(result.status == 5 && result.errorText.contains(elsewhere), "\(result)")
        #expect(try Tool.run("cat", elsewhere + "/own").check().text == "mine")
    }

    @Test("of eight processes one seeds; the others find it done")
    func eight() throws {
        for round in 0..<3 {
            if round > 0 { _ = try store.makeVolume("v\(round)") }
            let line = ["volume", "seed", "v\(round)", "--image", "app:1", "--path", "/d"].map { Array($0.utf8) }
            let results = try (0..<8).map { _ in try store.holdfast.start(line) }.map { try $0.wait() }
            #expect(results.count { $0.status == 0 } == 1, "\(results)")
            #expect(results.count { $0.status == 5 } == 7, "\(results)")
            #expect(try store.holdfast("volume", "seed", "v\(round)", "--diff").check().text == "")
        }
        #expect(try store.leftovers(in: "staging").isEmpty)
    }

    @Test("killed at any time, the volume is empty or whole, and the next seed completes it", arguments: 0..<6)
    func killed(_ round: Int) throws {
        try load("big:1", [.directory("d")] + (0..<1500).map { .file("d/f\($0)", "content \($0)") })
        _ = try store.makeVolume("v")
        let line = ["volume", "seed", "v", "--image", "big:1", "--path", "/d"].map { Array($0.utf8) }
        let child = try store.holdfast.start(line)
        usleep(useconds_t(5000 + round * 15_000))
        child.send(SIGKILL)
        _ = try child.wait()
        let names = try Tool.run("ls", "-A", store.mountpoint("v")).check().lines
        #expect(names.isEmpty || names.count == 1500)
        #expect(try (store.inspect("v")["populatedFrom"].text == "big:1") == !names.isEmpty)
        #expect(try store.leftovers(in: "staging").isEmpty)
        if names.isEmpty { try store.holdfast("volume", "seed", "v", "--image", "big:1", "--path", "/d").check() }
        #expect(try store.holdfast("volume", "seed", "v", "--diff").check().text == "")
    }
}
