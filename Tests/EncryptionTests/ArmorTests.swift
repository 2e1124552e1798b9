import StorageModel
import TestSupport
import Testing

@testable import Encryption

/// Goal: armored files are read if they are of the strict form, and only then. Method: `base64` of coreutils makes them.
@Suite("Armor of age") struct ArmorTests {
    private static let begin = "-----BEGIN AGE ENCRYPTED FILE-----\n"
    private static let end = "-----END AGE ENCRYPTED FILE-----\n"

    private func body(_ bytes: [UInt8]) throws -> String {
        try Tool.run("base64", "-w", "64", input: .bytes(bytes)).check().text
    }

    private func read(_ text: String, partBytes: Int = 1000) throws -> [UInt8] {
        try AgeFixture.readAll(Armor(PartStream(Array(text.utf8), partBytes: partBytes), name: "f"))
    }

    @Test(
        "every length is read, in parts of any length", arguments: [1, 47, 48, 49, 95, 96, 5000], [1, 7, 64, 100_000])
    func lengths(count: Int, partBytes: Int) throws {
        let text = Self.begin + (try body(AgeFixture.content(count))) + Self.end
        #expect(try read(text, partBytes: partBytes) == AgeFixture.content(count))
        let windows = String(text.flatMap { $0 == "\n" ? "\r\n" : String($0) })
        #expect(try read(" \n\t\n" + windows + "\n \n", partBytes: partBytes) == AgeFixture.content(count))
        #expect(try read(String(text.dropLast()), partBytes: partBytes) == AgeFixture.content(count))
    }

    @Test("an armored file is decrypted")
    func decrypts() throws {
        let text = Self.begin + (try body(AgeFixture.encrypt(AgeFixture.content(100_000)))) + Self.end
        #expect(AgeFile.Form.detect(Array(text.utf8)) == .armored)
        let stream = try DecryptingStream(
            Armor(PartStream(Array(text.utf8)), name: "f"), name: "f", keys: AgeFixture.keys())
        #expect(try AgeFixture.readAll(stream) == AgeFixture.content(100_000))
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", "x\n", "-----begin age encrypted file-----\nAAAA\n\(end)", " \(begin)AAAA\n\(end)",
            "\(begin)AAAA\n", "\(begin)AAAA", "\(begin)AAAA\n\(end)x", "\(begin)\nAAAA\n\(end)",
            "\(begin)AAAA\n\n\(end)",
            "\(begin)AAAA\nAAAA\n\(end)", "\(begin)AAA\n\(end)", "\(begin)AB==\n\(end)", "\(begin)AA =\n\(end)",
            "\(begin) AAAA\n\(end)", "\(begin)AAAA \n\(end)", "\(begin)AA=\n=\n\(end)", "\(begin)AAAA\n=AAAA\n\(end)",
            "\(begin)Comment: x\n\nAAAA\n\(end)", "\(begin)\(String(repeating: "A", count: 68))\n\(end)",
            "\(begin)AAAA\n-----END AGE ENCRYPTED FILE----\n", "\(begin)AAAA\n\(end)\(begin)AAAA\n\(end)",
            "\(begin)\(String(repeating: "A", count: 70_000))",
        ])
    func refused(text: String) throws {
        #expect(try AgeFixture.failure { _ = try read(text) } == .damaged)
    }
}
