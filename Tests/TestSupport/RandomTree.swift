internal import Glibc

/// What a random tree may hold.
package struct RandomTreeOptions: Sendable {
    package var entries: Int
    package var largestFileBytes: Int
    /// Owners other than the caller's, devices, capabilities: only root may make them.
    package var isPrivileged: Bool
    package var hasAttributes: Bool
    /// Times before 1970, which not every tar reads rightly.
    package var hasNegativeTimes: Bool

    package init(
        entries: Int = 120, largestFileBytes: Int = 200_000, isPrivileged: Bool = Environment.isRoot,
        hasAttributes: Bool = true, hasNegativeTimes: Bool = true
    ) {
        self.entries = entries
        self.largestFileBytes = largestFileBytes
        self.isPrivileged = isPrivileged
        self.hasAttributes = hasAttributes
        self.hasNegativeTimes = hasNegativeTimes
    }
}

extension TreeBuilder {
    /// Fills the tree with entries of every kind, odd names, owners, modes, links, holes, attributes and times.
    ///
    /// The same seed gives the same tree. Every kind is there at least once if there are 40 entries or more.
    package func fill(seed: UInt64, _ options: RandomTreeOptions = RandomTreeOptions()) throws {
        var maker = RandomTree(builder: self, options: options, generator: SeededGenerator(seed: seed))
        try maker.make()
    }
}

/// The state of making one random tree.
private struct RandomTree {
    let builder: TreeBuilder
    let options: RandomTreeOptions
    var generator: SeededGenerator
    var directories: [[UInt8]] = [[]]
    var files: [[UInt8]] = []
    var all: [[UInt8]] = []

    private static let oddNames: [[UInt8]] = [
        Array("new\nline".utf8), Array(" leading and trailing ".utf8), [0xff, 0xfe, 0x80], Array("-dash".utf8),
        Array("tab\tquote'\"".utf8), Array("back\\slash".utf8), Array("ünïcödé 🗄".utf8),
        [UInt8](repeating: 0x78, count: 255),
        Array("star*?[]".utf8), Array("\u{1b}[31mred".utf8), Array("...".utf8), Array(".hidden".utf8),
        Array("%41%".utf8),
        Array("a=b".utf8), Array("#hash~".utf8),
    ]

    init(builder: TreeBuilder, options: RandomTreeOptions, generator: SeededGenerator) {
        self.builder = builder
        self.options = options
        self.generator = generator
    }

    mutating func make() throws {
        for index in 0..<options.entries { try makeEntry(index) }
        for name in all where generator.chance(25) { try decorate(name) }
        try builder.attributeIfSupported(files.first, options)
        for name in (all + [[]]).reversed() { try stamp(name) }
    }

    private mutating func makeEntry(_ index: Int) throws {
        let name = uniqueName(index)
        let size = fileSize(index)
        // The first rounds go through every kind in turn, the rest is chance with files in the majority.
        switch index < 20 ? index % 10 : Int.random(in: 0..<24, using: &generator) {
        case 0, 1:
            try builder.directory(name, mode: generator.chance(20) ? 0o2775 : 0o755)
            directories.append(name)
        case 2: try builder.symbolicLink(name, to: generator.chance(50) ? Array("../no/such".utf8) : name.suffix(40))
        case 3 where !files.isEmpty:
            try builder.hardLink(name, to: files[Int.random(in: 0..<files.count, using: &generator)])
        case 4: try builder.fifo(name)
        case 5 where options.isPrivileged:
            try builder.device(name, block: generator.chance(50), major: 7, minor: UInt32(index))
        case 6:
            let piece = generator.bytes(4096)
            try builder.sparseFile(name, sizeBytes: 1 << 20, pieces: [(65_536, piece), (917_504, piece)])
            files.append(name)
        default:
            try builder.file(name, generator.bytes(size), mode: UInt32([0o644, 0o600, 0o755, 0o444][index % 4]))
            files.append(name)
        }
        all.append(name)
    }

    private mutating func fileSize(_ index: Int) -> Int {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0: 0
        case 1: 512 * Int.random(in: 1...8, using: &generator)
        case 2: Int.random(in: 1...options.largestFileBytes, using: &generator)
        default: Int.random(in: 1...9000, using: &generator)
        }
    }

    private mutating func uniqueName(_ index: Int) -> [UInt8] {
        let parent = directories[Int.random(in: 0..<directories.count, using: &generator)]
        var name = Array("e\(index)".utf8)
        if index % 4 == 3 {
            let odd = Self.oddNames[(index / 4) % Self.oddNames.count]
            // Beyond the first use an odd name gets a number; the longest name is not used again.
            name = index / 4 < Self.oddNames.count ? odd : Array(odd.prefix(200)) + name
        }
        return parent.isEmpty ? name : parent + [UInt8(ascii: "/")] + name
    }

    private mutating func decorate(_ name: [UInt8]) throws {
        if options.isPrivileged && generator.chance(60) {
            try builder.owner(
                name, uid_t.random(in: 0...70_000, using: &generator), gid_t.random(in: 0...70_000, using: &generator))
        }
        guard files.contains(name) else { return }
        // After the owner, which clears them.
        if generator.chance(30) { try builder.mode(name, generator.chance(50) ? 0o4755 : 0o2711) }
        if options.hasAttributes && generator.chance(60) {
            try builder.attribute(name, "user.note", generator.bytes(Int.random(in: 0...300, using: &generator)))
        }
    }

    private mutating func stamp(_ name: [UInt8]) throws {
        let seconds =
            generator.chance(10) && options.hasNegativeTimes
            ? -Int.random(in: 1...1_000_000_000, using: &generator)
            : Int.random(in: 1...2_000_000_000, using: &generator)
        try builder.modified(name, seconds: seconds, nanoseconds: Int.random(in: 0...999_999_999, using: &generator))
    }
}

extension TreeBuilder {
    /// One file with an access control list and, for root, a file capability.
    fileprivate func attributeIfSupported(_ name: [UInt8]?, _ options: RandomTreeOptions) throws {
        guard let name, options.hasAttributes else { return }
        try file("with-acl", "acl")
        try accessControlList("with-acl", "u:1234:rw,g:99:r")
        try directory("with-default-acl")
        try accessControlList("with-default-acl", "u:1234:rwx", isDefault: true)
        guard options.isPrivileged else { return }
        try file("with-capability", "cap", mode: 0o755)
        // VFS_CAP_REVISION_2 with CAP_NET_BIND_SERVICE permitted and effective (linux/capability.h).
        try attribute(
            Array("with-capability".utf8), "security.capability",
            [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        _ = name
    }
}
