import FileTree
import Foundation
import StorageModel
import TestSupport
import Testing

@testable import Archive

/// Goal: what is compressed here is gzip to everybody, and the digests are those of both sides. Method: gzip, bsdtar
/// and sha256sum look at it.
@Suite("Gzip")
struct GzipSinkTests {
    /// Half of it is random, half repeats; the period is longer than what deflate looks back.
    private static func content(_ count: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: 5)
        let block =
            (0..<50_001).map { _ in UInt8(truncatingIfNeeded: generator.next()) } + Array(repeating: 7, count: 50_000)
        var content: [UInt8] = []
        while content.count < count { content += block }
        return Array(content[..<count])
    }

    private func compress(
        _ bytes: [UInt8], level: Int = GzipSink.defaultLevel, threads: Int = 2, partBytes: Int = 100_000,
        _ checkpoint: Checkpoint = Checkpoint()
    ) throws -> (bytes: [UInt8], outcome: GzipSink.Outcome) {
        let memory = MemorySink()
        let sink = try GzipSink(to: memory, level: level, threads: threads, checkpoint: checkpoint)
        for start in stride(from: 0, to: bytes.count, by: partBytes) {
            try Array(bytes[start..<min(start + partBytes, bytes.count)]).withBytes { (part) throws(StorageError) in
                try sink.write(part)
            }
        }
        let outcome = try sink.finish()
        return (memory.bytes, outcome)
    }

    @Test("gzip agrees with every length", arguments: [0, 1, 1_000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 6 << 20])
    func lengths(count: Int) throws {
        let bytes = Self.content(count)
        let (compressed, outcome) = try compress(bytes)
        try Tool.run("gzip", "-t", input: .bytes(compressed)).check()
        let back = try Tool.run("gzip", "-dc", input: .bytes(compressed)).check().output
        #expect(back.count == count && ContentHasher.digest(back) == ContentHasher.digest(bytes))
        #expect(outcome.contentBytes == UInt64(count) && outcome.sizeBytes == UInt64(compressed.count))
        for (digest, side) in [(outcome.contentDigest, bytes), (outcome.digest, compressed)] {
            #expect(try Tool.run("sha256sum", input: .bytes(side)).check().text.hasPrefix(digest.hex))
        }
    }

    @Test("neither the threads nor the parts that come change the bytes")
    func determinism() throws {
        let bytes = Self.content(5_000_000)
        let first = try compress(bytes, threads: 1, partBytes: 5_000_000).outcome
        #expect(try compress(bytes, threads: 4, partBytes: 777).outcome == first)
    }

    @Test("it is about as small as gzip's own, at every level", arguments: 1...9)
    func size(level: Int) throws {
        let bytes = Array((0..<300_000).map { "line \($0) of a log, \($0 &* 7919 % 1000)\n" }.joined().utf8)
        let (compressed, _) = try compress(bytes, level: level)
        let theirs = try Tool.run("gzip", "-nc", "-\(level)", input: .bytes(bytes)).check().output
        #expect(Double(compressed.count) < Double(theirs.count) * 1.02)
        let back = try Tool.run("gzip", "-dc", input: .bytes(compressed)).check().output
        #expect(ContentHasher.digest(back) == ContentHasher.digest(bytes))
    }

    @Test("a tar in it is listed by bsdtar and tar, and read by our own reader")
    func tar() throws {
        let directory = try TemporaryDirectory("gzip")
        let tree = try TreeBuilder(directory("tree"))
        for index in 0..<5 { try tree.file("file\(index)", String(repeating: "content \(index) ", count: 80_000)) }
        let tar = try Tool.run("tar", "-cf", "-", "-C", directory("tree"), ".").check().output
        let (compressed, outcome) = try compress(tar)
        try TreeBuilder(directory.path).file(Array("layer.tar.gz".utf8), compressed)
        for tool in ["bsdtar", "tar"] {
            #expect(try Tool.run(tool, "-tzf", directory("layer.tar.gz")).check().lines.count == 6)
        }
        #expect(outcome.contentDigest == ContentHasher.digest(tar))
    }

    @Test("levels that gzip has not are refused", arguments: [0, 10, -1])
    func levels(level: Int) {
        #expect(throws: StorageError.self) { try compress([1], level: level) }
    }

    @Test("a sink that fails, and an interruption, end it", arguments: [true, false])
    func failure(isInterruption: Bool) throws {
        struct FullSink: ArchiveSink {
            func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
                throw StorageError(.noSpace, "full")
            }
        }
        let interruption = Interruption()
        if isInterruption { interruption.request() }
        let sink = try GzipSink(
            to: FullSink(), threads: 2, checkpoint: Checkpoint(interruption: interruption))
        let bytes = Self.content(8 << 20)
        do throws(StorageError) {
            try bytes.withBytes { (bytes) throws(StorageError) in try sink.write(bytes) }
            _ = try sink.finish()
            Issue.record("nothing was thrown")
        } catch {
            #expect(error.code == (isInterruption ? .interrupted : .noSpace))
        }
    }
}
