import Testing

@testable import FileTree

/// Goal: mount tables and paths are read as the kernel means them. Method: lines as `proc_pid_mountinfo(5)` shows them.
@Suite("Reading mount tables") struct MountTableTests {
    @Test("a line is taken apart, escapes are undone, optional fields do not matter")
    func parse() {
        let text = """
            22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
            36 22 98:0 /mnt\\0401 /a\\011b\\134c\\012 rw,noatime master:1 propagate_from:2 - ext3 /dev/root rw,errors=continue
            nonsense
            40 22 0:45 /x//deleted /y rw - tmpfs none rw

            """
        let mounts = MountTable.parse(Array(text.utf8))
        #expect(mounts.map(\.id) == [22, 36, 40])
        #expect(mounts[1].device == "98:0")
        #expect(mounts[1].root == Array("/mnt 1".utf8))
        #expect(mounts[1].mountpoint == Array("/a\tb\\c\n".utf8))
        #expect(mounts.map(\.type) == ["ext4", "ext3", "tmpfs"])
        #expect(mounts.map(\.options) == [["rw", "relatime"], ["rw", "noatime"], ["rw"]])
        #expect(mounts[1].source == Array("/dev/root".utf8))
        #expect(mounts[1].fileSystemOptions == ["rw", "errors=continue"])
    }

    @Test("a line without the part about the file system is read as far as it goes")
    func shortLine() {
        let mounts = MountTable.parse(Array("22 1 8:1 / /mnt\n23 1 8:1 / /mnt2 ro -\n".utf8))
        #expect(mounts.map(\.id) == [22, 23])
        #expect(mounts.map(\.type) == [nil, nil])
        #expect(mounts.map(\.options) == [[], ["ro"]])
    }

    @Test("the table of this process has the mount of /proc")
    func ofThisProcess() throws {
        let proc = try MountTable.ofThisProcess().first { $0.mountpoint == Array("/proc".utf8) }
        #expect(proc?.type == "proc")
    }

    @Test("a backslash that begins no escape stays", arguments: ["\\", "a\\04", "\\9zz", "\\400"])
    func literalBackslash(text: String) {
        #expect(MountTable.unescaped(Array(text.utf8)[...]) == Array(text.utf8))
    }

    @Test(
        "a path lies beneath another only at a component's border",
        arguments: [
            ("/a/b", "/a", "b"), ("/a", "/a", ""), ("/a/b", "/", "a/b"), ("/", "/", ""), ("/ab", "/a", nil),
            ("/a", "/a/b", nil),
            ("/a/b (deleted)", "/a/b", nil),
        ] as [(String, String, String?)])
    func beneath(path: String, base: String, rest: String?) {
        #expect(AbsolutePath.remainder(of: Array(path.utf8), beneath: Array(base.utf8)) == rest.map { Array($0.utf8) })
    }
}
