import TestSupport
import Testing

/// Goal: no damage goes unseen, and none becomes a wrong file. Method: one archive, harmed in many ways.
@Suite("Damaged archives") struct DamagedArchiveTests {
    private let store: StoreFixture
    private let archive: [UInt8]
    private let tarEnd: Int

    init() throws {
        store = try StoreFixture("damaged")
        let builder = try TreeBuilder(store("data"))
        var generator = SeededGenerator(seed: 21)
        for index in 0..<40 { try builder.file(Array("f\(index)".utf8), generator.bytes(index * 700)) }
        try builder.file(Array("large".utf8), generator.bytes(2_500_000))
        let path = store("a.tar.zst")
        try store.holdfast("backup", "create", "dir:" + store("data"), "--to", path).check()
        let text = try Tool.run("cat", path).check()
        archive = text.output
        // The first frame of the trailer: a skippable frame's magic number, followed by nothing but others.
        let report = try JSON(parsing: store.holdfast("backup", "verify", path, "--json").check().text)[0]
        tarEnd = report["validBytes"].integer ?? 0
    }

    private func verify(_ bytes: [UInt8]) throws -> ProcessResult {
        try TreeBuilder(store.directory.path).file(Array("b.tar.zst".utf8), bytes)
        return try store.holdfast("backup", "verify", store("b.tar.zst"), "--json")
    }

    @Test("the whole archive is intact to its last byte")
    func intact() throws {
        let result = try verify(archive).check()
        let report = try JSON(parsing: result.text)[0]
        #expect(report["verdict"] == "intact")
        #expect(report["validBytes"].integer == archive.count)
        #expect(tarEnd == archive.count)
    }

    @Test("one flipped bit anywhere is found", arguments: 0..<24)
    func flippedBit(index: Int) throws {
        var generator = SeededGenerator(seed: UInt64(index))
        var bytes = archive
        // The last kilobyte, with table, footer and seek table, gets a third of them.
        let range = index % 3 == 0 ? (bytes.count - 1024)..<bytes.count : 0..<bytes.count
        let position = Int.random(in: range, using: &generator)
        bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        let result = try verify(bytes)
        #expect(result.status == 7 || (result.status == 3 && index % 3 == 0), "bit in byte \(position): \(result)")
        #expect(try JSON(parsing: result.text)[0]["verdict"].text != "intact")
    }

    @Test("a cut archive is never whole", arguments: [1, 100, 5000, 100_000, 2_000_000])
    func cut(bytes count: Int) throws {
        let result = try verify(Array(archive.dropLast(count)))
        #expect([3, 7].contains(result.status), "\(result)")
        let report = try JSON(parsing: result.text)[0]
        #expect(["truncated", "damaged", "no-table"].contains(report["verdict"].text))
        if let good = report["validBytes"].integer { #expect(good <= archive.count - count) }
    }

    @Test("bytes behind the end are found")
    func appended() throws { #expect(try verify(archive + Array("extra".utf8)).status == 7) }

    @Test("a restore of damaged data fails with 7 and makes nothing")
    func restoreFails() throws {
        var bytes = archive
        bytes[archive.count / 2] ^= 0x40
        try TreeBuilder(store.directory.path).file(Array("b.tar.zst".utf8), bytes)
        let result = try store.holdfast("backup", "restore", store("b.tar.zst"), "--to", "w")
        #expect(result.status == 7, "\(result)")
        #expect(try store.names().isEmpty)
        #expect(try store.holdfast("backup", "restore", store("b.tar.zst"), "--to", "dir:" + store("out")).status == 7)
        #expect(try Tool.run("find", store("out"), "-type", "f").output.isEmpty)
    }

    @Test("a truncated archive is not restored as if it were whole", arguments: [true, false])
    func restoreOfTruncated(fromStandardInput: Bool) throws {
        let bytes = Array(archive.prefix(archive.count / 2))
        try TreeBuilder(store.directory.path).file(Array("b.tar.zst".utf8), bytes)
        let result =
            fromStandardInput
            ? try store.holdfast("backup", "restore", "-", "--to", "w", input: .bytes(bytes))
            : try store.holdfast("backup", "restore", store("b.tar.zst"), "--to", "w")
        #expect(result.status == 7, "\(result)")
        #expect(try store.names().isEmpty)
    }

    @Test("something that is no archive is said to be none", arguments: ["", "x", "hello world, this is no archive\n"])
    func noArchive(content: String) throws {
        try TreeBuilder(store.directory.path).file("b.tar.zst", content)
        for command in [["verify"], ["contents"], ["restore"]] {
            let target = command == ["restore"] ? ["--to", "w"] : []
            let result = try store.holdfast.run(["backup"] + command + [store("b.tar.zst")] + target)
            #expect(result.status == 7, "\(result)")
        }
        #expect(try store.names().isEmpty)
    }
}
