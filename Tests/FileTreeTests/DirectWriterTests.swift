import StorageModel
import TestSupport
import Testing

@testable import FileTree

private let isPossible: Bool = {
    guard let place = try? TemporaryDirectory("direct"),
        let directory = try? Descriptor.openDirectory(atHostPath: place.path),
        let file = try? directory.createFile(Array("probe".utf8))
    else { return false }
    return DirectWriter(SharedDescriptor(file)) != nil
}()

/// Goal: what goes past the page cache is in the file, byte for byte, in order, or a failure is told. Method: random runs of writes
/// and copies at all alignments against the bytes in memory; every call made to fail, or to write half.
@Suite("Writing past the page cache", .enabled(if: isPossible, "needs ext4 or XFS below $TMPDIR"))
struct DirectWriterTests {
    private let place: TemporaryDirectory
    private let source: SharedDescriptor
    private let sourceBytes: [UInt8]

    init() throws {
        place = try TemporaryDirectory("direct")
        var generator = SeededGenerator(seed: 5)
        sourceBytes = generator.bytes(9_000_001)
        try Tool.run("tee", place("source"), input: .bytes(sourceBytes)).check()
        source = SharedDescriptor(try Descriptor.openFile(atHostPath: place("source")))
    }

    private func make(_ name: String) throws -> SharedDescriptor {
        SharedDescriptor(try Descriptor.openDirectory(atHostPath: place.path).createFile(Array(name.utf8)))
    }

    private func content(_ name: String) throws -> [UInt8] { try Tool.run("cat", place(name)).check().output }

    private func write(_ bytes: ArraySlice<UInt8>, _ writer: DirectWriter) throws {
        try Array(bytes).withUnsafeBytes { try writer.write($0) }
    }

    @Test("random runs of writes, copies, flushes and gaps", arguments: 1...12)
    func runs(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let file = try make("out")
        let writer = try #require(DirectWriter(file))
        var expected: [UInt8] = []
        for _ in 0..<30 {
            let length = [1, 511, 4096, 70_000, 200_000, 1 << 20, 3_333_333].randomElement(using: &generator) ?? 1
            var start = Int.random(in: 0...(sourceBytes.count - length), using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0:
                try writer.flush()
                let gap = Int.random(in: 0..<3, using: &generator) * 4096
                writer.skip(UInt64(gap))
                expected += [UInt8](repeating: 0, count: gap)
            case 1, 2:
                try write(sourceBytes[start..<(start + length)], writer)
                expected += sourceBytes[start..<(start + length)]
            default:
                // Half of them at the same place within a block, as frames of an archive are.
                if Bool.random(using: &generator) {
                    start = min(start / 4096 * 4096 + expected.count % 4096, sourceBytes.count - length)
                }
                try writer.copy(UInt64(start)..<UInt64(start + length), of: source)
                expected += sourceBytes[start..<(start + length)]
            }
            #expect(writer.offset == UInt64(expected.count))
        }
        try write([7], writer)
        expected.append(7)
        try writer.flush()
        let isSame = try content("out") == expected
        #expect(isSame)
    }

    /// Three pieces and a half, a copy of four blocks and more than a piece, and what is left.
    private func example(_ writer: DirectWriter) throws {
        try write(sourceBytes[..<3_600_000], writer)
        let start = 3_600_000 % 4096
        try writer.copy(UInt64(start)..<UInt64(start + 2_500_000), of: source)
        try write(sourceBytes[..<1000], writer)
        try writer.flush()
    }

    private var exampleBytes: [UInt8] {
        let start = 3_600_000 % 4096
        return Array(sourceBytes[..<3_600_000]) + sourceBytes[start..<(start + 2_500_000)] + sourceBytes[..<1000]
    }

    @Test("every write that is cut short is continued, at whatever byte")
    func short() throws {
        let counting = FaultPlan(ordinal: 0, .short)
        try FaultPlan.$current.withValue(counting) {
            try example(try #require(DirectWriter(try make("counted"))))
        }
        #expect(counting.log.count { $0 == "pwrite" } >= 7)
        for ordinal in 1...counting.log.count {
            try FaultPlan.$current.withValue(FaultPlan(ordinal: ordinal, .short)) {
                try example(try #require(DirectWriter(try make("short\(ordinal)"))))
            }
            let isSame = try content("short\(ordinal)") == exampleBytes
            #expect(isSame, "\(ordinal)")
        }
    }

    @Test(
        "a disk that is full, or fails, is told: by a later call, or by the flush",
        arguments: [Errno.noSpace, .inputOutput])
    func failure(_ error: Errno) throws {
        for ordinal in 1...8 {
            let file = try make("failed\(ordinal)")
            try FaultPlan.$current.withValue(FaultPlan(ordinal: ordinal, .fail(error))) {
                let thrown = #expect(throws: FileError.self) { try example(try #require(DirectWriter(file))) }
                #expect(thrown?.errno == error)
            }
        }
    }

    @Test("a file system that refuses a write this way gets it the ordinary way")
    func refused() throws {
        for ordinal in 1...7 {
            let file = try make("refused\(ordinal)")
            try FaultPlan.$current.withValue(FaultPlan(ordinal: ordinal, .fail(.invalidArgument))) {
                try example(try #require(DirectWriter(file)))
            }
            let isSame = try content("refused\(ordinal)") == exampleBytes
            #expect(isSame, "\(ordinal)")
        }
    }

    @Test("a source that is shorter than what is copied is told", arguments: [100, 2_000_000])
    func ended(_ count: Int) throws {
        let writer = try #require(DirectWriter(try make("ended")))
        let end = UInt64(sourceBytes.count)
        let thrown = #expect(throws: FileError.self) {
            try writer.copy((end / 4096 * 4096)..<(end + UInt64(count)), of: source)
            try writer.flush()
        }
        #expect(thrown?.errno == .stale)
    }

    @Test("elsewhere than on ext4 and XFS there is none") func elsewhere() throws {
        let memory = SharedDescriptor(try Descriptor.openFile(atHostPath: "/proc/self/status"))
        #expect(DirectWriter(memory) == nil)
    }
}
