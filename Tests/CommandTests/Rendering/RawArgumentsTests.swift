import StorageModel
import Testing

@testable import HoldfastCLI

/// Goal: every byte of an argument reaches the engine. Method: there and back again, for valid and invalid UTF-8.
@Suite("Arguments as bytes") struct RawArgumentsTests {
    @Test(
        "bytes survive",
        arguments: [
            Array("plain/ünïcödé🗄".utf8), [0xff, 0xfe, 0x41], [0x41, 0xc3], [0xe2, 0x82],
            [0xf0, 0x9f, 0x97, 0x41, 0x80], [],
            [0xc3, 0xa9, 0xff, 0xc3, 0xa9], [0xed, 0xa0, 0x80],
        ] as [[UInt8]])
    func roundTrip(bytes: [UInt8]) {
        #expect(RawArguments.bytes(of: RawArguments.escape(bytes)) == bytes)
    }

    @Test("valid UTF-8 is left alone")
    func leavesTextAlone() { #expect(RawArguments.escape(Array("é漢".utf8)) == "é漢") }

    @Test("paths that leave the archive are refused", arguments: ["/etc/passwd", "a/../../b", ".."])
    func refuses(path: String) {
        #expect(throws: StorageError.self) { try EntryPath(argument: path) }
    }
}
