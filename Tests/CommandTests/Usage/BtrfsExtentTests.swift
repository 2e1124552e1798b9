import TestSupport
import Testing

/// Goal: what is shared by reflinks and snapshots on btrfs is counted as the file system's own tool counts it. Method: a real
/// btrfs with subvolumes; `btrfs filesystem du` as oracle, which asks for extents too but adds them up by itself.
@Suite(
    "usage --extents on btrfs",
    .enabled(if: ReflinkDisk.formats.contains("btrfs") && Tool.exists("btrfs"), "btrfs cannot be mounted"))
struct BtrfsExtentTests {
    private let store: StoreFixture
    private let disk: ReflinkDisk
    /// Two subvolumes, `a` and `b`, and nothing else.
    private let place: String

    init() throws {
        store = try StoreFixture("extents")
        disk = try ReflinkDisk("btrfs", in: store.directory)
        place = disk.path + "/place"
        try Tool.script("mkdir \"$1\"; cd \"$1\"; btrfs subvolume create a; btrfs subvolume create b", place).check()
    }

    private struct Extents: Equatable {
        var exclusive: Int
        var shared: Int
    }

    /// What `btrfs filesystem du` says of everything below a path: bytes of its own, and of those that are shared each once.
    private func oracle(_ path: String) throws -> Extents {
        try Tool.run("sync", "-f", disk.path).check()
        let lines = try Tool.run("btrfs", "filesystem", "du", "-s", "--raw", path).check().lines
        let numbers = try #require(lines.last).split(separator: " ").prefix(3).compactMap { Int($0) }
        try #require(numbers.count == 3, "\(lines)")
        return Extents(exclusive: numbers[1], shared: numbers[2])
    }

    private func usage(_ sources: String...) throws -> [JSON] {
        try Tool.run("sync", "-f", disk.path).check()
        let arguments = ["usage", "--extents", "--json"] + sources.map { "dir:\(place)/\($0)" }
        return try JSON(parsing: store.holdfast.run(arguments).check().text).elements.map { $0["extents"] }
    }

    private func extents(_ json: JSON) -> Extents {
        Extents(exclusive: json["exclusiveBytes"].integer ?? -1, shared: json["sharedBytes"].integer ?? -1)
    }

    private func fill(_ script: String) throws { try Tool.script("cd \"$1\"; " + script, place).check() }

    @Test("extents that are whole, partly cloned, cloned twice and partly overwritten")
    func reflinks() throws {
        try fill(
            """
            head -c 1000000 /dev/urandom > a/own; head -c 3000000 /dev/urandom > a/common
            cp --reflink=always a/common b/common; cp --reflink=always a/common a/again; head -c 70000 /dev/urandom > b/own
            head -c 2000000 /dev/urandom > a/half
            python3 - <<'END'
            import fcntl, struct
            with open("a/half") as source, open("b/half", "w") as target:
                fcntl.ioctl(target, 0x4020940d, struct.pack("qQQQ", source.fileno(), 262144, 524288, 0))
            END
            sync -f .; dd if=/dev/urandom of=b/common bs=4096 seek=10 count=50 conv=notrunc status=none
            """)
        let found = try usage("a", "b")
        let (a, b, both) = (try oracle(place + "/a"), try oracle(place + "/b"), try oracle(place))
        #expect(extents(found[0]) == a && extents(found[1]) == b)
        #expect(a.exclusive >= 1_000_000 && a.shared > 3_000_000 && b.exclusive > 270_000)
        // What both have is in the sum of the two twice.
        for source in found { #expect(source["betweenSourcesBytes"].integer == a.shared + b.shared - both.shared) }
        #expect(found.allSatisfy { $0["encoded"].boolean == false })
        // Alone, what is shared is the same; nobody was asked for the other.
        let alone = try usage("b")[0]
        #expect(extents(alone) == b && alone["betweenSourcesBytes"].integer == 0)
        // A volume of the store is no different.
        try store.holdfast(
            "volume", "create", "v", "--opt", "type=none", "--opt", "o=bind", "--opt", "device=\(place)/b"
        )
        .check()
        let volume = try JSON(parsing: store.holdfast("usage", "v", "--extents", "--json").check().text)[0]["extents"]
        #expect(extents(volume) == b)
    }

    @Test("a snapshot has everything in common with its subvolume until one of them changes")
    func snapshots() throws {
        try fill("head -c 4000000 /dev/urandom > a/f; sync -f .; btrfs subvolume snapshot a c")
        let same = try usage("a", "c")
        #expect(try extents(same[0]) == oracle(place + "/a") && extents(same[1]) == oracle(place + "/c"))
        #expect(same[0]["exclusiveBytes"].integer == 0 && same[0]["betweenSourcesBytes"] == same[0]["sharedBytes"])
        try fill("head -c 500000 /dev/urandom > c/new; rm a/f; head -c 300000 /dev/urandom > a/g; sync -f .")
        try Tool.run("btrfs", "subvolume", "sync", disk.path).check()
        let changed = try usage("a", "c")
        #expect(try extents(changed[0]) == oracle(place + "/a") && extents(changed[1]) == oracle(place + "/c"))
        #expect(changed.allSatisfy { $0["betweenSourcesBytes"].integer == 0 })
    }

    @Test("compressed extents count by their data, each of them, and are told")
    func compressed() throws {
        try fill(
            """
            btrfs property set a compression zstd; btrfs property set b compression zstd
            head -c 4194304 /dev/zero | tr "\\0" x > a/text; sync -f .
            cp --reflink=always a/text b/text; head -c 1048576 /dev/zero | tr "\\0" y > b/own; sync -f .
            """)
        let found = try usage("a", "b")
        // The oracle takes compressed extents for as long on disk as their data, and merges what overlaps by that.
        #expect(found.allSatisfy { $0["encoded"].boolean == true })
        #expect(found.allSatisfy { $0["sharedBytes"].integer == 4_194_304 })
        #expect(found.allSatisfy { $0["betweenSourcesBytes"].integer == 4_194_304 })
        #expect(try found[1]["exclusiveBytes"].integer == oracle(place + "/b").exclusive)
        #expect(found[0]["exclusiveBytes"].integer == 0 && found[1]["exclusiveBytes"].integer == 1_048_576)
        // They take much less: the account of blocks knows nothing of compression.
        let sizes = try JSON(parsing: store.holdfast("usage", "dir:\(place)/b", "--json").check().text)[0]
        #expect((sizes["allocatedBytes"].integer ?? 0) >= 5_242_880)
    }

    @Test("data in inodes and in unwritten space is a source's own, and holes are nothing")
    func inline() throws {
        try fill(
            """
            for i in 1 2 3 4 5; do printf "%0100d" $i > a/small$i; done; cp --reflink=always a/small1 b/clone
            truncate -s 1G a/sparse; fallocate -l 300000 a/ahead; : > a/empty; sync -f .
            """)
        let found = try usage("a", "b")
        // The oracle leaves inline data out. It is given in blocks, as stat gives it.
        let inline = try Tool.script(
            "stat -c '%b %n' \"$1\"/a/small* | awk '{ s += $1 * 512 } END { print s }'", place
        ).check().lines[0]
        #expect(try found[0]["exclusiveBytes"].integer == oracle(place + "/a").exclusive + (#require(Int(inline))))
        #expect(found.allSatisfy { $0["sharedBytes"].integer == 0 && $0["betweenSourcesBytes"].integer == 0 })
    }
}
