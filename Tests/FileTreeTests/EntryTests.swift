import FileTree
import StorageModel
import TestSupport
import Testing

/// Goal: what is read of an entry is what is there, and what is set is what others read. Method: stat, getfattr, getfacl.
@Suite("Entries") struct EntryTests {
    @Test("The status agrees with stat(1) for every kind of entry")
    func agreesWithStat() throws {
        let place = try Place()
        let tree = try place.builder("tree")
        try tree.fill(seed: 4711, RandomTreeOptions(entries: 60))
        let root = try Descriptor.openDirectory(atHostPath: tree.root)
        for entry in try root.entries() {
            let status = try root.status(of: entry.name)
            let host = Array(tree.root.utf8) + [UInt8(ascii: "/")] + entry.name
            let printed = try ChildProcess([name("stat"), name("-c"), name("%a %u %g %s %b %i %d %h %.9Y"), host])
                .wait()
                .check()
            let words = printed.text.split(whereSeparator: \.isWhitespace).map(String.init)
            let time = "\(status.modifiedAt.seconds)"
            let mine = [
                String(status.mode, radix: 8), "\(status.uid)", "\(status.gid)", "\(status.sizeBytes)",
                "\(status.allocatedBytes / 512)", "\(status.inode)", "\(status.device)", "\(status.linkCount)",
            ]
            #expect(mine == Array(words.prefix(8)))
            if status.modifiedAt.seconds >= 0 { #expect(words[8].hasPrefix(time)) }
            if let hint = entry.kindHint { #expect(hint == status.kind) }
        }
    }

    @Test("Attributes of files, directories and links come back, sorted and whole")
    func readsAttributes() throws {
        let place = try Place()
        let tree = try place.builder("tree")
        try tree.file("plain", "")
        try tree.file("many", "")
        let large = [UInt8](repeating: 7, count: 1500)
        var wanted = [
            ExtendedAttribute(name: "user.large", value: large), ExtendedAttribute(name: "user.empty", value: []),
        ]
        for index in 0..<18 {
            let text = "user.attribute-with-a-long-name-\(index)-\(String(repeating: "x", count: 40))"
            wanted.append(ExtendedAttribute(name: text, value: name("\(index)")))
        }
        for attribute in wanted.shuffled() { try tree.attribute(name("many"), attribute.name, attribute.value) }
        wanted.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        let root = try Descriptor.openDirectory(atHostPath: tree.root)
        #expect(try root.openFile(name("plain"), for: .reading).extendedAttributes().isEmpty)
        #expect(try root.openFile(name("many"), for: .reading).extendedAttributes() == wanted)
        #expect(try root.extendedAttributes(of: name("many")) == wanted)
    }

    @Test("Attributes of a link are its own", .enabled(if: Environment.isRoot, "trusted attributes need root"))
    func keepsLinkAttributes() throws {
        let place = try Place()
        let tree = try place.builder("tree")
        try tree.file("file", "")
        try tree.symbolicLink("link", to: "file")
        let root = try Descriptor.openDirectory(atHostPath: tree.root)
        let attribute = ExtendedAttribute(name: "trusted.note", value: name("of the link"))
        try root.setExtendedAttribute(attribute, of: name("link"))
        #expect(try root.extendedAttributes(of: name("link")) == [attribute])
        #expect(try root.extendedAttributes(of: name("file")).isEmpty)
        let shown = try Tool.run("getfattr", "-h", "-d", "-m", "-", "\(tree.root)/link").check()
        #expect(shown.text.contains("trusted.note=\"of the link\""))
        try root.removeExtendedAttribute("trusted.note", of: name("link"))
        #expect(try root.extendedAttributes(of: name("link")).isEmpty)
    }

    @Test(
        "Owner, capability, set-id bits, ACL and time all survive being set together", .enabled(if: Environment.isRoot))
    func appliesMetadata() throws {
        let place = try Place()
        let tree = try place.builder("tree")
        try tree.file("model", "x")
        try tree.accessControlList("model", "u:1234:rw")
        try Tool.run("setcap", "cap_net_bind_service=ep", "\(tree.root)/model").check()
        let root = try Descriptor.openDirectory(atHostPath: tree.root)
        let attributes = try root.openFile(name("model"), for: .reading).extendedAttributes()
        #expect(attributes.map(\.name) == ["security.capability", "system.posix_acl_access"])
        let wanted = EntryMetadata(
            mode: 0o6664, uid: 1234, gid: 4321, modifiedAt: Timestamp(seconds: -5, nanoseconds: 123_456_789))
        let copy = try root.createFile(name("copy"))
        try copy.applyMetadata(wanted, xattrs: attributes, ownership: true)
        #expect(try copy.status().metadata == wanted)
        #expect(try copy.extendedAttributes() == attributes)
        #expect(try Tool.run("getcap", "\(tree.root)/copy").text.contains("cap_net_bind_service=ep"))
        #expect(try Tool.run("getfacl", "-c", "\(tree.root)/copy").text.contains("user:1234:rw-"))
        try root.makeSymbolicLink(name("link"), target: name("copy"))
        try root.makeFifo(name("fifo"))
        let other = EntryMetadata(mode: 0o4711, uid: 7, gid: 8, modifiedAt: Timestamp(seconds: 9, nanoseconds: 10))
        try root.applyMetadata(other, xattrs: [], ownership: true, of: name("link"), kind: .symbolicLink)
        try root.applyMetadata(other, xattrs: [], ownership: true, of: name("fifo"), kind: .fifo)
        #expect(try root.status(of: name("fifo")).metadata == other)
        #expect(try root.status(of: name("link")).modifiedAt == other.modifiedAt)
        #expect(try root.status(of: name("link")).uid == 7)
        #expect(try copy.status().metadata == wanted)
    }

    @Test("Data extents leave the holes out")
    func findsHoles() throws {
        let place = try Place()
        let tree = try place.builder("tree")
        let piece = [UInt8](repeating: 1, count: 4096)
        try tree.sparseFile(name("sparse"), sizeBytes: 1 << 22, pieces: [(65_536, piece), (1 << 21, piece)])
        try tree.sparseFile(name("hole"), sizeBytes: 1 << 20, pieces: [])
        let root = try Descriptor.openDirectory(atHostPath: tree.root)
        let sparse = try root.openFile(name("sparse"), for: .reading).dataExtents(sizeBytes: 1 << 22)
        let wanted: [Range<UInt64>] = [65_536..<69_632, 2_097_152..<2_101_248]
        #expect(sparse == wanted)
        #expect(try root.openFile(name("hole"), for: .reading).dataExtents(sizeBytes: 1 << 20).isEmpty)
    }

    @Test("Renaming replaces, refuses or exchanges")
    func renames() throws {
        let place = try Place()
        let tree = try place.builder("tree")
        try tree.file("one", "1")
        try tree.file("two", "22")
        let root = try Descriptor.openDirectory(atHostPath: tree.root)
        let refused = errorNumber { () throws(FileError) in
            try root.rename(name("one"), to: root, name("two"), mode: .noReplace)
        }
        #expect(refused == .exists)
        try root.rename(name("one"), to: root, name("two"), mode: .exchange)
        #expect(try root.status(of: name("one")).sizeBytes == 2)
        try root.rename(name("one"), to: root, name("two"), mode: .replace)
        #expect(try root.status(of: name("two")).sizeBytes == 2)
        #expect(try root.entries().count == 1)
    }

    @Test("A link's target of any length is read whole")
    func readsLinks() throws {
        let place = try Place()
        let tree = try place.builder("tree")
        let root = try Descriptor.openDirectory(atHostPath: tree.root)
        for length in [1, 255, 256, 257, 1023] {
            let target = [UInt8](repeating: 0xfe, count: length)
            try root.makeSymbolicLink(name("l\(length)"), target: target)
            #expect(try root.readLink(name("l\(length)")) == target)
        }
    }
}
