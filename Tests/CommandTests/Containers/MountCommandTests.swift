import TestSupport
import Testing

/// Goal: mounting, which runtimes do for every container, is the same command however it is written.
@Suite("mount commands", .enabled(if: Environment.isRoot, "mounting needs root")) struct MountCommandTests {
    private let store: StoreFixture
    private let merged: [String]

    init() throws {
        store = try StoreFixture("mount")
        let image = try ImageFixture([[.file("hello", "hello\n")]], names: ["app:1"])
        try ImageLayout.docker25.write([image], to: store("app.tar"))
        try store.holdfast("image", "load", "-i", store("app.tar")).check()
        merged = try ["a", "b"].map { [holdfast = store.holdfast, root = store("store")] name in
            let id = try holdfast("container", "create", "--name", name, "app:1").check().lines[0]
            return "\(root)/containers/\(id)/merged"
        }
    }

    private static let spellings: [[String]] = [
        ["a", "b"], ["--root", "STORE", "a", "b"], ["a", "--root", "STORE", "b"], ["a", "b", "--root", "STORE"],
        ["--root=STORE", "a", "b"], ["--root", "STORE", "--", "a", "b"],
        ["--root", "/nowhere", "--root", "STORE", "a", "b"],
    ]

    @Test("names and the store's root, in any order", arguments: spellings)
    func spelling(_ arguments: [String]) throws {
        let arguments = arguments.map { $0.replacing("STORE", with: store("store")) }
        #expect(try store.holdfast.run(["container", "mount"] + arguments).check().lines == merged)
        #expect(try Tool.run("cat", merged[1] + "/hello").check().text == "hello\n")
        for name in ["unmount", "umount"] {
            #expect(try store.holdfast.run(["container", name] + arguments).check().output.isEmpty)
        }
        for path in merged { #expect(try Tool.run("ls", "-A", path).check().output.isEmpty) }
    }

    private static let mistakes: [(arguments: [String], status: Int32, says: String)] = [
        ([], 2, "container"), (["--root"], 2, "root"), (["a", "--root"], 2, "root"), (["a", "--nix"], 2, "nix"),
        (["--root", "relative", "a"], 2, "relative"), (["nix"], 4, "nix"), (["../a"], 4, "../a"), ([""], 4, "''"),
        (["--help"], 0, "EXAMPLES"),
    ]

    @Test("mistakes and help", arguments: mistakes)
    func mistake(_ arguments: [String], _ status: Int32, _ says: String) throws {
        for name in ["mount", "unmount"] {
            let run = try store.holdfast.run(["container", name] + arguments)
            #expect(run.status == status, "\(run)")
            let text = status == 0 ? run.text : run.errorText
            #expect(text.contains(says), "\(run)")
        }
    }

    @Test("of several containers, the others are mounted where one is missing")
    func several() throws {
        let run = try store.holdfast("container", "mount", "a", "nix", "b")
        #expect(run.status == 4 && run.lines == merged && run.errorText.contains("nix"), "\(run)")
        try store.holdfast("container", "unmount", "a", "b").check()
    }

    @Test("what a crash left is swept by other commands, not at each mount")
    func leavesSweeping() throws {
        try Tool.run("mkdir", store("store/layers/left"), store("store/containers/left")).check()
        try store.holdfast("container", "mount", "a").check()
        try store.holdfast("container", "unmount", "a").check()
        #expect(try store.leftovers(in: "layers").contains("left"))
        try store.holdfast("container", "ls").check()
        #expect(try !store.leftovers(in: "layers").contains("left"))
        #expect(try !store.leftovers(in: "containers").contains("left"))
    }
}
