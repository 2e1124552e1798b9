import FileTree
import TestSupport
import Testing

/// Goal: a large file that is written does not fill the page cache, and is whole. Method: the kernel's word on what it holds
/// (mincore(2)).
@Suite("Writing out behind a writer", .enabled(if: forgets, "the file system of temporary files is in memory"))
struct TrailingWritebackTests {
    private static let cachedBytes = """
        import ctypes, mmap, os, sys
        size = os.path.getsize(sys.argv[1])
        with open(sys.argv[1], "r+b") as file:
            area = mmap.mmap(file.fileno(), size)
            pages = (size + mmap.PAGESIZE - 1) // mmap.PAGESIZE
            known = (ctypes.c_ubyte * pages)()
            start = ctypes.addressof(ctypes.c_char.from_buffer(area))
            if ctypes.CDLL(None, use_errno=True).mincore(ctypes.c_void_p(start), ctypes.c_size_t(size), known):
                sys.exit(os.strerror(ctypes.get_errno()))
            print(sum(page & 1 for page in known) * mmap.PAGESIZE)
        """

    private func cachedBytes(_ path: String) throws -> Int {
        try #require(Int(Tool.run("python3", "-c", Self.cachedBytes, path).check().lines[0]))
    }

    @Test("no more than a window of it stays in memory", arguments: [true, false])
    func window(_ isNoted: Bool) throws {
        let place = try Place("writeback")
        let file = try place.shared.descriptor.createFile(name("file"))
        var writeback = TrailingWriteback()
        let piece = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for number in 1...128 {
            try file.writeAll(piece, at: UInt64((number - 1) << 20))
            // On disk each time, so that the result does not depend on how fast the disk is.
            if number % 8 == 0 { try file.sync() }
            if isNoted { writeback.note(UInt64(number << 20), of: file) }
        }
        let cached = try cachedBytes(place.directory("file"))
        #expect(isNoted ? cached <= 48 << 20 : cached > 64 << 20, "\(cached)")
        let script = "head -c 1M \"$1\" > \"$1.piece\"; for i in $(seq 128); do cat \"$1.piece\"; done | cmp - \"$1\""
        try Tool.script(script, place.directory("file")).check()
    }
}

private let forgets: Bool = {
    guard let place = try? Place("writeback") else { return false }
    let type = try? Tool.run("stat", "-f", "-c", "%T", place.directory.path).lines.first
    return type != nil && type != "tmpfs" && type != "ramfs"
}()
