import TestSupport
import Testing

/// Goal: owners and modes come back exactly, whatever new entries get of the process and of the directory that they are made
/// in. Method: the binary under several umasks, into directories that pass something on, and as another user than root.
@Suite("modes that are restored", .enabled(if: Environment.isRoot, "other owners need root")) struct RestoredModeTests {
    private let store: StoreFixture

    init() throws { store = try StoreFixture("modes") }

    private static let scripts = [
        "mkdir \"$1\"",
        "mkdir \"$1\"; setfacl -d -m u:99:rwx,g::r,o::- \"$1\"",
        "mkdir \"$1\"; chgrp 77 \"$1\"; chmod 2775 \"$1\"",
        "mkdir \"$1\"; mount -t tmpfs -o mode=2777,gid=77 tmpfs \"$1\"",
    ]

    @Test("under every umask, below every directory", arguments: ["000", "022", "077"], scripts)
    func exact(umask: String, preparation: String) throws {
        let data = try TreeBuilder(store("data"))
        for mode: UInt32 in [0o000, 0o400, 0o444, 0o600, 0o644, 0o664, 0o777, 0o2755, 0o4755, 0o6777] {
            try data.file("f" + String(mode, radix: 8), "x", mode: mode)
        }
        try data.file("other", "x", mode: 0o640)
        try Tool.script("cd \"$1\"; chown 5:6 other; mkdir -m 2775 d; mkdir -m 1777 d/x; mkdir -m 500 d/x/y", data.root)
            .check()
        try store.holdfast("backup", "create", "dir:" + data.root, "--to", store("a.tar.zst")).check()
        let place = store("place")
        try Tool.script(preparation, place).check()
        let isMounted = preparation.contains("mount")
        defer { if isMounted { _ = try? Tool.run("umount", place) } }
        let target = isMounted ? place : place + "/new"
        try Tool.script(
            "umask \"$1\"; exec \"$2\" backup restore \"$3\" --to \"dir:$4\"", umask, CommandRunner.binary,
            store("a.tar.zst"), target
        ).check()
        // Which access control lists a directory passes on is not the archive's to say.
        try expectSameTree(target, data.root, [.ignoringRoot, .ignoringAttributes])
    }

    @Test("a user restores read-only files with attributes")
    func readOnlyWithAttributes() throws {
        let (asNobody, own) = try store.asNobody()
        try Tool.script(
            "cd \"$1\"; mkdir d; echo 1 > d/f; setfattr -n user.note -v hi d/f; setfacl -m u:5:r d/f; chmod 440 d/f; "
                + "chown -R 65534:65534 d", own
        ).check()
        try Tool.run(asNobody + ["backup", "create", "dir:\(own)/d", "--to", own + "/a.tar.zst"]).check()
        try Tool.run(asNobody + ["backup", "restore", own + "/a.tar.zst", "--to", "dir:\(own)/new"]).check()
        try expectSameTree(own + "/new", own + "/d")
    }
}
