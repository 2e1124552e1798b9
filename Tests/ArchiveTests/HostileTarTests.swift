import StorageModel
import TestSupport
import Testing

@testable import Archive

/// Goal: a stream that is not what it should be is refused, and nothing outside of the target is ever touched.
/// Method: build bad streams block by block; extract them beside a canary.
@Suite("Hostile tar streams") struct HostileTarTests {
    /// A block with the given fields, its checksum right.
    static func header(
        _ name: String, type: Character = "0", size: String = "00000000000", link: String = "",
        magic: String = "ustar\u{0}00"
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ offset: Int) {
            for (index, byte) in text.utf8.enumerated() { block[offset + index] = byte }
        }
        put(name, 0)
        put("0000644", 100)
        put("0000000", 108)
        put("0000000", 116)
        put(size, 124)
        put("00000000000", 136)
        put("        ", 148)
        put(String(type), 156)
        put(link, 157)
        put(magic, 257)
        let sum = block.reduce(0) { $0 + Int($1) }
        let digits = String(sum, radix: 8)
        put(String(repeating: "0", count: 6 - digits.count) + digits + "\u{0} ", 148)
        return block
    }

    static func pax(_ records: String) -> [UInt8] {
        let body = Array(records.utf8)
        let size = String(body.count, radix: 8)
        return header("pax", type: "x", size: String(repeating: "0", count: 11 - size.count) + size) + body
            + [UInt8](repeating: 0, count: TarBlock.padding(after: body.count))
    }

    static func record(_ keyword: String, _ value: String) -> String {
        var length = keyword.utf8.count + value.utf8.count + 3
        length += String(length + 2).count
        return "\(length) \(keyword)=\(value)\n"
    }

    struct Attack: Sendable, CustomTestStringConvertible {
        let name: String
        let tar: [UInt8]
        var code = StorageError.Code.damaged
        var testDescription: String { name }
    }

    static let end = TarBlock.endOfArchive

    static let attacks: [Attack] = [
        Attack(name: "a name that climbs out", tar: header("../canary") + end),
        Attack(name: "a name that climbs out in the middle", tar: header("a/../../canary") + end),
        Attack(name: "a hard link to outside", tar: header("x", type: "1", link: "../canary") + end),
        Attack(name: "a pax path that climbs out", tar: pax(record("path", "../canary")) + header("x") + end),
        Attack(
            name: "a pax link that climbs out",
            tar: pax(record("linkpath", "../../etc/passwd")) + header("x", type: "1", link: "y") + end),
        Attack(name: "an entry behind a link", tar: header("d", type: "2", link: "..") + header("d/canary") + end),
        Attack(
            name: "an entry behind an absolute link",
            tar: header("d", type: "2", link: "/tmp") + header("d/canary") + end),
        Attack(
            name: "a wrong checksum",
            tar: {
                var block = header("x"); block[0] = 0x79; return block + end
            }()),
        Attack(name: "a size that is no number", tar: header("x", size: "0000000000z") + end),
        Attack(name: "a size that is negative", tar: header("x", size: "\u{ff}\u{ff}") + end),
        Attack(name: "an unknown type", tar: header("x", type: "Z") + end),
        Attack(name: "a record whose length is too large", tar: pax("99 path=x\n") + header("x") + end),
        Attack(name: "a record whose length is too small", tar: pax("6 path=xyz\n") + header("x") + end),
        Attack(name: "a record without a newline", tar: pax("9 path=xy") + header("x") + end),
        Attack(name: "a record without a keyword", tar: pax("5 =x\n") + header("x") + end),
        Attack(name: "a NUL in a path", tar: pax(record("path", "a\u{0}b")) + header("x") + end),
        Attack(name: "a pax header without an entry", tar: pax(record("path", "a")) + end),
        Attack(
            name: "a pax size beyond the range", tar: pax(record("size", "99999999999999999999")) + header("x") + end),
        Attack(
            name: "a huge pax header", tar: header("pax", type: "x", size: "07777777777") + end, code: .limitExceeded),
        Attack(
            name: "a huge long name", tar: header("long", type: "L", size: "07777777777") + end, code: .limitExceeded),
        Attack(
            name: "a sparse map that overlaps",
            tar: pax(record("GNU.sparse.map", "0,10,5,10") + record("GNU.sparse.size", "30"))
                + header("x", size: "00000000024") + [UInt8](repeating: 0, count: 512) + end),
        Attack(
            name: "a sparse map beyond the file",
            tar: pax(record("GNU.sparse.map", "0,10,50,10") + record("GNU.sparse.size", "30"))
                + header("x", size: "00000000024") + [UInt8](repeating: 0, count: 512) + end),
        Attack(
            name: "a sparse map of too many extents",
            tar: pax(
                record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") + record("GNU.sparse.realsize", "30"))
                + header("x", size: "00000001000") + Array("9999999999\n".utf8) + [UInt8](repeating: 0, count: 501)
                + end, code: .limitExceeded),
        Attack(
            name: "a name of 256 bytes",
            tar: pax(record("path", String(repeating: "n", count: 256))) + header("x") + end),
        Attack(name: "a root that is a file", tar: header("./") + end),
        Attack(name: "a lone block of zeros", tar: [UInt8](repeating: 0, count: 512) + header("x") + end),
        Attack(name: "a file that ends early", tar: header("x", size: "00000010000") + [1, 2, 3], code: .truncated),
        Attack(name: "a header that ends early", tar: Array(header("x").prefix(100)), code: .damaged),
    ]

    @Test("are refused with the right code and touch nothing outside", arguments: attacks)
    func refused(_ attack: Attack) throws {
        let place = try TemporaryDirectory("hostile")
        let target = try place.makeDirectory("target")
        try TreeBuilder(place.path).file("canary", "alive")
        try ArchiveFixture.store(attack.tar, at: place("bad.tar"))
        let before = try TreeFingerprint(place.path, .ignoringRoot).entries.filter { !$0.key.contains("target") }
        let error = #expect(throws: StorageError.self) { try ArchiveFixture.extract(place("bad.tar"), to: target) }
        #expect(error?.code == attack.code, "\(error?.message ?? "")")
        #expect(error.map { !$0.message.isEmpty } == true)
        let after = try TreeFingerprint(place.path, .ignoringRoot).entries.filter { !$0.key.contains("target") }
        #expect(before == after)
    }

    @Test("absolute names are made relative, as tar does") func absoluteNames() throws {
        let place = try TemporaryDirectory("absolute")
        let target = try place.makeDirectory("target")
        try ArchiveFixture.store(Self.header("/etc/x") + Self.end, at: place("a.tar"))
        #expect(try ArchiveFixture.extract(place("a.tar"), to: target).entries == 1)
        #expect(try Tool.run("test", "-f", "\(target)/etc/x").status == 0)
    }

    @Test("of two entries of one name the later one wins") func duplicates() throws {
        let place = try TemporaryDirectory("twice")
        let target = try place.makeDirectory("target")
        let data = { (text: String) in Array(text.utf8) + [UInt8](repeating: 0, count: 512 - text.utf8.count) }
        let tar =
            Self.header("z", size: "00000000003") + data("old") + Self.header("a")
            + Self.header("z", size: "00000000003") + data("new")
            + Self.header("link", type: "2", link: "/nowhere") + Self.header("link", size: "00000000004") + data("file")
            + Self.end
        try ArchiveFixture.store(tar, at: place("a.tar"))
        try ArchiveFixture.extract(place("a.tar"), to: target)
        #expect(try Tool.run("cat", "\(target)/z").output == Array("new".utf8))
        #expect(try Tool.run("cat", "\(target)/link").output == Array("file".utf8))
    }

    @Test("trusted.overlay attributes are not set") func overlayAttributes() throws {
        let place = try TemporaryDirectory("overlay")
        let target = try place.makeDirectory("target")
        try ArchiveFixture.store(
            Self.pax(Self.record("SCHILY.xattr.trusted.overlay.opaque", "y")) + Self.header("d", type: "5") + Self.end,
            at: place("a.tar"))
        let outcome = try ArchiveFixture.extract(place("a.tar"), to: target)
        #expect(outcome.skipped.map(\.path.description) == ["d"])
        #expect(try Tool.run("getfattr", "-m", "-", "-d", "\(target)/d").output.isEmpty)
    }
}
