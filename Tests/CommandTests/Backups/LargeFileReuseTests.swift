import TestSupport
import Testing

/// Goal: of a large file that changed in place, just the slices that changed are made anew. Method: as ``ReuseTests``.
@Suite("Frame reuse in large files") struct LargeFileReuseTests {
    private let store: StoreFixture
    private let data: TreeBuilder

    init() throws {
        store = try StoreFixture("reuse")
        data = try TreeBuilder(store("data"))
    }

    /// What is done to a file of 150 MB, which has 36 slices of 4 MiB, and how many frames are made anew: of the file, its
    /// header's among them, and of the group behind it.
    private static let largeChanges: [(script: String, newFrames: ClosedRange<Int>)] = [
        ("printf x | dd of=big bs=1 seek=9000000 conv=notrunc status=none", 2...3),
        ("for i in 5 70 134 149; do printf x | dd of=big bs=1000000 seek=$i conv=notrunc status=none; done", 5...6),
        ("head -c 9000000 /dev/urandom >> big", 4...6),
        ("truncate -s 149500000 big", 2...4), ("truncate -s 70000000 big", 2...4), ("truncate -s 60000000 big", 2...4),
        ("truncate -s 190M big", 1...14),
        ("fallocate --punch-hole --offset 20M --length 8M big", 1...40),
        ("printf x | cat - big > other; mv other big", 37...40),
        ("rm big; head -c 70000000 /dev/urandom > big", 18...20),
        ("chmod 600 big; touch big", 1...3),
    ]

    @Test("a large file that changed in place gives every slice that is the same", arguments: 0..<largeChanges.count)
    func largeFile(_ number: Int) throws {
        let (script, newFrames) = Self.largeChanges[number]
        let content = "{ seq 1 99999999 || true; } | head -c 150000000 > big; echo > small"
        try Tool.script("cd \"$1\"; \(content)", data.root).check()
        try store.backUp(data, ["--to", store("b")])
        try Tool.script("cd \"$1\" && eval \"$2\"", data.root, script).check()
        let report = try store.expectSameAsFull(data, script)
        #expect(newFrames.contains(report["newFrames"].integer ?? -1), "\(report["newFrames"]) after: \(script)")
    }

    @Test("a slice that rotted in the archive, and is looked at, is read from the large file again")
    func rottenSlice() throws {
        try Tool.script("cd \"$1\"; head -c 80000000 /dev/urandom > big", data.root).check()
        let archive = try #require(try store.backUp(data, ["--to", store("b")])["archive"].text)
        // 30,000,000 is in the middle of the eighth slice: the data does not compress.
        try Tool.script(
            "printf rot | dd of=\"$1\" bs=1 seek=30000000 conv=notrunc status=none; echo >> \"$2/big\"", archive,
            data.root
        ).check()
        let report = try store.expectSameAsFull(data, "rot", ["--paranoid", "100%"])
        #expect(report["newFrames"].integer == 4, "the header, the rotten slice, the last, and the end")
        #expect(report["reusedFrames"].integer == 19, "18 slices and the root")
    }
}
