import StorageModel
import TestSupport
import Testing

@testable import Encryption

/// Goal: keys are read exactly, and nothing that is read of them is ever shown. Method: BIP 173's strings, age's own key.
@Suite("Keys of age") struct KeyTests {
    @Test(
        "bech32 is what BIP 173 says",
        arguments: [
            ("A12UEL5L", "A", ""), ("a12uel5l", "a", ""), ("?1ezyfcl", "?", ""),
            (
                "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
                "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio", ""
            ),
            (
                "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "abcdef",
                "00443214c74254b635cf84653a56d7c675be77df"
            ),
            (
                "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w", "split",
                "c5f38b70305f519bf66d85fb6cf03058f3dde463ecd7918f2dc743918f2d"
            ),
        ])
    func bech32(text: String, prefix: String, hex: String) throws {
        let decoded = try #require(Bech32.decode(text))
        #expect(decoded.prefix == prefix)
        #expect(decoded.bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() == hex)
        #expect(Bech32.encode(prefix.lowercased(), decoded.bytes) == text.lowercased())
    }

    @Test(
        "what is not bech32 is refused",
        arguments: [
            "", "1", "pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v", "li1dgmt3", "A1G7SGD8", "10a06t8", "1qzzfhee",
            "A12uEL5L", "de1lg7wt\u{ff}", "\u{20}1nwldj5", "\u{7f}1axkwrx", "a12uel5m",
        ])
    func notBech32(text: String) { #expect(Bech32.decode(text) == nil) }

    @Test("bech32 has no limit of length, and one wrong character anywhere is found")
    func longBech32() throws {
        let text = Bech32.encode("age", AgeFixture.content(500))
        #expect(try #require(Bech32.decode(text)).bytes == AgeFixture.content(500))
        for position in stride(from: 4, to: text.utf8.count, by: 7) {
            var bytes = Array(text.utf8)
            bytes[position] = bytes[position] == UInt8(ascii: "q") ? UInt8(ascii: "p") : UInt8(ascii: "q")
            #expect(Bech32.decode(String(decoding: bytes, as: UTF8.self)) == nil)
        }
    }

    @Test(
        "base64 has one form",
        arguments: [
            ("", [] as [UInt8]), ("AA", [0]), ("AAA", [0, 0]), ("AAAA", [0, 0, 0]), ("+/9h", [0xfb, 0xff, 0x61]),
        ])
    func base64(text: String, bytes: [UInt8]) {
        #expect(CanonicalBase64.decode(Array(text.utf8)) == bytes)
        #expect(CanonicalBase64.encode(bytes) == Array(text.utf8))
    }

    @Test(
        "any other form is refused",
        arguments: ["A", "AB", "AAB", "AA==", "AAA=", "AA A", "AA\n", "A-_A", "AAAAA", "AÄ", "=", "AAAA="])
    func otherBase64(text: String) { #expect(CanonicalBase64.decode(Array(text.utf8)) == nil) }

    @Test(
        "padding, where there is any, is whole",
        arguments: [
            ("", true), ("AA==", true), ("AAA=", true), ("AAAA", true), ("AA=", false), ("A===", false),
            ("====", false),
            ("AB==", false), ("AAAA====", false), ("AA=A", false), ("AAA", false),
        ])
    func padding(text: String, isGood: Bool) {
        #expect((CanonicalBase64.decodePadded(Array(text.utf8)) != nil) == isGood)
    }

    @Test("a secret key yields the public key that age-keygen yields")
    func pair() throws {
        let identity = try X25519Identity(AgeFixture.identityText)
        #expect(identity.recipient.description == AgeFixture.recipientText)
        #expect(try X25519Recipient(AgeFixture.recipientText) == identity.recipient)
    }

    @Test(
        "what is not a key is refused, and not repeated",
        arguments: [
            "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX",
            "age-secret-key-1gfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpq4egaex",
            "AGE1ZVKYG2LQZRAA2LNJVQEJ32NKUU0UES2S82HZRYE869XEEXVN73EQUNUJWJ",
            "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujw", "age1", "",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN",
            Bech32.encode("age", [UInt8](repeating: 0, count: 32)), Bech32.encode("age", [1, 2, 3]),
            Bech32.encode("age1yubikey", [UInt8](repeating: 7, count: 33)),
        ])
    func notRecipient(text: String) throws {
        let fault = #expect(throws: KeyFault.self) { try X25519Recipient(text) }
        let said = "\(fault?.reason ?? "") \(fault?.hint ?? "")"
        #expect(text.count < 8 || !said.contains(text.dropFirst(4)))
    }

    @Test("secrets neither print nor reflect")
    func hidden() throws {
        let secrets: [Any] = [
            try X25519Identity(AgeFixture.identityText), Passphrase(Array("opensesame".utf8)), FileKey(),
            try AgeFixture.keys(),
            DecryptionKeys(identities: [], passphrase: Passphrase(Array("opensesame".utf8))),
        ]
        for secret in secrets {
            var dumped = ""
            dump(secret, to: &dumped)
            let shown = "\(secret) \(String(reflecting: secret)) \(dumped)"
            for needle in ["opensesame", "GFPYY", "66, 66", "424242", "0x42"] {
                #expect(!shown.contains(needle), "\(shown)")
            }
        }
    }
}

/// Goal: files of keys are read as age reads them; messages name the file and the line, never what is on it.
@Suite("Files of keys") struct KeyFileTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory("keys") }

    private func write(_ text: String) throws -> String {
        try TreeBuilder(directory.path).file("keys", text)
        return directory("keys")
    }

    @Test("comments and empty lines do not count, carriage returns neither", arguments: ["\n", "\r\n"])
    func comments(lineEnd: String) throws {
        let lines = ["# created: today", "", AgeFixture.identityText, "# end"]
        let path = try write(lines.joined(separator: lineEnd))
        let keys = try DecryptionKeys(DecryptionRequest(identityFiles: [path]))
        #expect(try AgeFixture.decrypt(AgeFixture.encrypt([1, 2, 3]), keys) == [1, 2, 3])
    }

    @Test(
        "a bad line is named by its number",
        arguments: [
            "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEY", "SECRETSTUFF",
            "AGE-SECRET-KEY-1GFPYY", AgeFixture.recipientText, " \(AgeFixture.identityText)",
        ])
    func badLine(line: String) throws {
        let path = try write("# one\n\n\(line)\n")
        let error = #expect(throws: StorageError.self) {
            try DecryptionKeys(DecryptionRequest(identityFiles: [path]))
        }
        let text = error?.description ?? ""
        #expect(error?.code == .invalidInput)
        #expect(text.contains("line 3 of identity file '\(path)'"), "\(text)")
        #expect(!text.contains("GFPYY") && !text.contains("STUFF") && !text.contains("zvkyg"), "\(text)")
    }

    @Test("files without a key, too large, missing or encrypted are refused")
    func badFiles() throws {
        let encrypted = String(decoding: AgeHeader.version, as: UTF8.self) + "\n-> X25519 a\n"
        for (text, code) in [
            ("# nothing\n", StorageError.Code.invalidInput), ("", .invalidInput), (encrypted, .invalidInput),
            (String(repeating: "#\n", count: 600_000), .limitExceeded),
        ] {
            let path = try write(text)
            #expect(
                try AgeFixture.failure { _ = try DecryptionKeys(DecryptionRequest(identityFiles: [path])) } == code)
        }
        #expect(
            try AgeFixture.failure {
                _ = try DecryptionKeys(DecryptionRequest(passphraseFile: directory("none")))
            } == .notFound)
        let path = try write("\nsecond line")
        #expect(
            try AgeFixture.failure { _ = try DecryptionKeys(DecryptionRequest(passphraseFile: path)) } == .invalidInput)
    }

    @Test(
        "recipients of several files and arguments all open the archive; recipients and a passphrase exclude each other"
    )
    func recipients() throws {
        let path = try write("# for us\n\(AgeFixture.recipientText)\n")
        let other = try X25519Identity(Bech32.encode("age-secret-key-", AgeFixture.content(32)).uppercased())
        let keys = try EncryptionKeys(
            EncryptionRequest(recipients: [other.recipient.description], recipientFiles: [path]))
        let file = try AgeFixture.encrypt([7], keys)
        #expect(try AgeFixture.decrypt(file) == [7])
        #expect(try AgeFixture.decrypt(file, DecryptionKeys(identities: [other], passphrase: nil)) == [7])
        #expect(
            try AgeFixture.failure {
                _ = try EncryptionKeys(EncryptionRequest(recipientFiles: [path], passphraseFile: path))
            } == .invalidInput)
        #expect(try AgeFixture.failure { _ = try EncryptionKeys(EncryptionRequest()) } == .invalidInput)
    }
}
