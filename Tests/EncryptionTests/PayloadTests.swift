import StorageModel
import TestSupport
import Testing

@testable import Encryption

/// Goal: what comes out is what went in, in order and at any place; what was changed or cut does not come out at all.
@Suite("Payloads of age") struct PayloadTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory("payload") }

    @Test(
        "every size comes back, however it is cut into parts", arguments: AgeFixture.boundaries, [1000, 65536, 1 << 20])
    func roundTrip(count: Int, partBytes: Int) throws {
        let content = AgeFixture.content(count)
        let file = try AgeFixture.encrypt(content, partBytes: partBytes)
        #expect(try AgeFixture.decrypt(file, partBytes: partBytes + 13) == content)
        let opened = try AgeFixture.open(file, in: directory)
        #expect(opened.sizeBytes == UInt64(count) && opened.fileBytes == UInt64(file.count))
        #expect(try AgeFixture.readAll(opened.stream(interruption: Interruption())) == content)
    }

    @Test("any place can be read by itself", arguments: AgeFixture.boundaries)
    func places(count: Int) throws {
        let content = AgeFixture.content(count)
        let file = try AgeFixture.open(AgeFixture.encrypt(content), in: directory)
        var generator = SeededGenerator(seed: 3)
        let places = [0, 1, 65535, 65536, 65537, max(0, count - 1), count, count + 5]
        for start in places + (0..<20).map({ _ in Int.random(in: 0...count, using: &generator) }) {
            for length in [1, 16, 65536, 65537, start < 2 ? 2_500_000 : 150_000] {
                var buffer = [UInt8](repeating: 0, count: length)
                let read = try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: UInt64(start)) }
                let expected = start < count ? content[start..<min(start + length, count)] : []
                #expect(buffer[..<read].elementsEqual(expected), "\(length) bytes at \(start) of \(count)")
            }
        }
    }

    @Test("two files of the same content have nothing in common but their first line")
    func fresh() throws {
        let (one, two) = (try AgeFixture.encrypt([1, 2, 3]), try AgeFixture.encrypt([1, 2, 3]))
        #expect(one != two)
        #expect(one.count == two.count)
        #expect(zip(one, two).prefix { $0 == $1 }.count == AgeHeader.version.count + "\n-> X25519 ".utf8.count)
    }

    /// Every byte of a small file, and bytes of every region of one with three chunks.
    @Test("one flipped bit anywhere fails closed", arguments: [10, 140_000])
    func flipped(count: Int) throws {
        let content = AgeFixture.content(count)
        let file = try AgeFixture.encrypt(content)
        let headerBytes = 230
        let positions =
            count < 100
            ? Array(file.indices)
            : Array(stride(from: 0, to: headerBytes, by: 9)) + stride(from: headerBytes, to: file.count, by: 9973)
                + [file.count - 1, file.count - 16, file.count - 17]
        for position in positions {
            var changed = file
            changed[position] ^= 1 << UInt8(position % 8)
            let inOrder = try AgeFixture.failure { _ = try AgeFixture.decrypt(changed) }
            #expect(
                [.damaged, .truncated, .permissionDenied].contains(inOrder), "bit in byte \(position) of \(file.count)")
            let atPlaces = try AgeFixture.failure {
                let opened = try AgeFixture.open(changed, in: directory)
                var buffer = [UInt8](repeating: 0, count: count)
                _ = try buffer.withUnsafeMutableBytes { try opened.read(into: $0, at: 0) }
            }
            #expect(
                [.damaged, .truncated, .permissionDenied].contains(atPlaces), "bit in byte \(position) of \(file.count)"
            )
        }
    }

    @Test("a file that was cut anywhere does not open, and yields no end in order", arguments: [10, 65536, 140_000])
    func cut(count: Int) throws {
        let file = try AgeFixture.encrypt(AgeFixture.content(count))
        let start = file.count - (count + (count / 65536 + (count.isMultiple(of: 65536) ? 0 : 1)) * 16)
        for length in [
            0, 10, 100, start - 1, start, start + 15, start + 16, start + 65552, file.count - 17, file.count - 1,
        ]
        where length >= 0 && length < file.count {
            let part = Array(file[..<length])
            let inOrder = try AgeFixture.failure { _ = try AgeFixture.decrypt(part) }
            #expect([.damaged, .truncated].contains(inOrder), "\(length) of \(file.count)")
            #expect(
                [.damaged, .truncated].contains(
                    try AgeFixture.failure { _ = try AgeFixture.open(part, in: directory) }),
                "\(length) of \(file.count)")
        }
    }

    @Test("a cut at the end of a chunk is called a cut")
    func cutBetweenChunks() throws {
        let file = try AgeFixture.encrypt(AgeFixture.content(140_000))
        let part = Array(file.dropLast(140_000 - 131_072 + 16))
        #expect(try AgeFixture.failure { _ = try AgeFixture.decrypt(part) } == .truncated)
        #expect(try AgeFixture.failure { _ = try AgeFixture.open(part, in: directory) } == .truncated)
    }

    @Test("what follows behind the end is found", arguments: [1, 16, 65536, 200_000])
    func appended(count: Int) throws {
        for size in [10, 65536] {
            let file = try AgeFixture.encrypt(AgeFixture.content(size)) + AgeFixture.content(count)
            #expect([.damaged, .truncated].contains(try AgeFixture.failure { _ = try AgeFixture.decrypt(file) }))
            #expect(
                [.damaged, .truncated].contains(
                    try AgeFixture.failure { _ = try AgeFixture.open(file, in: directory) }))
        }
    }

    /// Chunks sealed by hand: what a writer of the format would never make.
    @Test(
        "chunks in another order, twice, without the last or with an empty last are refused",
        arguments: [[1, 0, 2], [0, 1, 1, 2], [0, 1], [0, 2], [2], [0, 1, 3]])
    func arranged(order: [Int]) throws {
        let key = FileKey()
        let header = AgeHeader.encode([try X25519Recipient(AgeFixture.recipientText).wrap(key)], key)
        let nonce = PayloadCipher.makeNonce()
        let cipher = PayloadCipher(key, nonce: nonce)
        var chunks: [[UInt8]] = []
        for (ordinal, content) in [AgeFixture.content(65536), AgeFixture.content(65536), [1, 2, 3], []].enumerated() {
            var sealed: [UInt8] = []
            try content.withUnsafeBytes {
                try cipher.seal($0, UInt64(min(ordinal, 2)), isLast: ordinal > 1, to: &sealed)
            }
            chunks.append(sealed)
        }
        let whole = header + nonce + chunks[0] + chunks[1] + chunks[2]
        #expect(try AgeFixture.decrypt(whole).count == 2 * 65536 + 3)
        let file = header + nonce + order.flatMap { chunks[$0] }
        #expect([.damaged, .truncated].contains(try AgeFixture.failure { _ = try AgeFixture.decrypt(file) }))
        let atPlaces = try AgeFixture.failure {
            let opened = try AgeFixture.open(file, in: directory)
            var buffer = [UInt8](repeating: 0, count: 200_000)
            _ = try buffer.withUnsafeMutableBytes { try opened.read(into: $0, at: 0) }
        }
        #expect([.damaged, .truncated].contains(atPlaces))
    }

    @Test("what was opened before a fault is given before the fault is told")
    func prefix() throws {
        var file = try AgeFixture.encrypt(AgeFixture.content(200_000))
        file[file.count - 1] ^= 1
        let stream = try DecryptingStream(PartStream(file), name: "f", keys: AgeFixture.keys())
        var count = 0
        let code = try AgeFixture.failure {
            while let part = try stream.next() { count += part.count }
        }
        #expect(count == 196_608 && code == .truncated)
        #expect(try AgeFixture.failure { _ = try stream.next() } != nil)
    }
}
