import StorageModel
import TestSupport
import Testing

@testable import Encryption

/// Goal: a header that is not exactly of the grammar is refused, whoever made it. Method: headers made by hand, each with a
/// code that fits, so that it is the grammar which refuses them.
@Suite("Headers of age") struct HeaderTests {
    private let key = FileKey()

    /// A whole file with these stanzas' text.
    private func file(_ stanzas: String, codeSuffix: String = "") throws -> [UInt8] {
        let authenticated = Array("age-encryption.org/v1\n\(stanzas)---".utf8)
        let code = CanonicalBase64.encode(key.authenticationCode(of: authenticated))
        let header = authenticated + [0x20] + code + Array(codeSuffix.utf8) + [0x0a]
        return try AgeFixture.encrypt([1], key, header: header)
    }

    private func stanza() throws -> Stanza { try X25519Recipient(AgeFixture.recipientText).wrap(key) }

    private func text(_ stanza: Stanza) -> String { String(decoding: stanza.encoded(), as: UTF8.self) }

    @Test(
        "stanzas of other kinds stand beside ours, with bodies of any length", arguments: [0, 1, 47, 48, 49, 96, 500])
    func others(bodyBytes: Int) throws {
        let other = Stanza(type: "other", arguments: ["!\"#$%&'", "~"], body: AgeFixture.content(bodyBytes))
        let made = try self.file(text(other) + text(stanza()) + text(other))
        #expect(try AgeFixture.decrypt(made) == [1])
        #expect(try AgeFixture.decrypt(made, partBytes: 7) == [1])
        #expect(try #require(try AgeHeader.parse(made, isWhole: true)).stanzas.first == other)
    }

    /// What is done to the text of a good stanza.
    private static let faults: [(String, @Sendable (String) -> String)] = [
        ("no stanza", { _ in "" }),
        ("no arguments", { "->\n\n" + $0 }), ("an empty argument", { "-> a  b\n\n" + $0 }),
        ("a blank at the end", { "-> a \n\n" + $0 }), ("a tab", { "-> a\tb\n\n" + $0 }),
        ("no blank", { "->a\n\n" + $0 }), ("a character that is not ASCII", { "-> ä\n\n" + $0 }),
        ("no body", { "-> a\n" + $0 }), ("a carriage return", { "-> a\r\n\n" + $0 }),
        ("a carriage return in the body", { "-> a\n\r\n" + $0 }), ("padding", { "-> a\nAA==\n" + $0 }),
        ("base64 that is not canonical", { "-> a\nAB\n" + $0 }),
        ("a long line", { "-> a\n\(String(repeating: "A", count: 68))\n" + $0 }),
        ("a full line without a last one", { $0 + "-> a\n\(String(repeating: "A", count: 64))\n" }),
        ("short lines", { "-> a\nAAAA\nAAAA\n" + $0 }),
        ("a wrong beginning", { "> a\n\n" + $0 }), ("an empty line", { "\n" + $0 }),
    ]

    @Test("what is not of the grammar is refused", arguments: faults.map(\.0))
    func grammar(name: String) throws {
        let fault = try #require(Self.faults.first { $0.0 == name })
        let made = try self.file(fault.1(text(stanza())))
        #expect(try AgeFixture.failure { _ = try AgeFixture.decrypt(made) } == .damaged)
    }

    @Test("the code must be there, whole, canonical, and ours")
    func code() throws {
        let good = try text(stanza())
        #expect(try AgeFixture.decrypt(file(good)) == [1])
        for suffix in [" ", "A", "=", "\r", " x"] {
            #expect(try AgeFixture.failure { _ = try AgeFixture.decrypt(file(good, codeSuffix: suffix)) } == .damaged)
        }
        let other = AgeHeader.encode([try stanza()], FileKey())
        let made = try AgeFixture.encrypt([1], key, header: other)
        #expect(try AgeFixture.failure { _ = try AgeFixture.decrypt(made) } == .damaged)
    }

    @Test("a newer version, and a header without an end, are told as such")
    func versions() throws {
        for text in ["age-encryption.org/v2\n-> a\n\n", "age-encryption.org/v1", "age-encryption.org/v1\n-> a"] {
            #expect(try AgeFixture.failure { _ = try AgeFixture.decrypt(Array(text.utf8)) } == .damaged)
        }
        let endless = Array("age-encryption.org/v1\n".utf8) + [UInt8](repeating: 0x2d, count: 3 << 20)
        #expect(try AgeFixture.failure { _ = try AgeFixture.decrypt(endless) } == .damaged)
    }

    @Test("malformed X25519 stanzas are refused, and a point of low order")
    func x25519() throws {
        let good = try stanza()
        let low = String(decoding: CanonicalBase64.encode([UInt8](repeating: 0, count: 32)), as: UTF8.self)
        for (arguments, body) in [
            (good.arguments + ["more"], good.body), ([], good.body), (["AAAA"], good.body),
            ([good.arguments[0] + "A"], good.body), (good.arguments, good.body + [0]),
            (good.arguments, Array(good.body.dropLast())), ([low], good.body),
        ] {
            let made = try self.file(text(Stanza(type: "X25519", arguments: arguments, body: body)))
            #expect(try AgeFixture.failure { _ = try AgeFixture.decrypt(made) } == .damaged)
        }
        let lower = try file(text(Stanza(type: "x25519", arguments: good.arguments, body: good.body)))
        #expect(try AgeFixture.failure { _ = try AgeFixture.decrypt(lower) } == .permissionDenied)
    }

    @Test("a passphrase opens what it closed, another does not, and too much work is refused before it is done")
    func scrypt() throws {
        let passphrase = Passphrase(Array("correct horse".utf8))
        let keys = DecryptionKeys(identities: [], passphrase: passphrase)
        let good = try passphrase.wrap(key, workFactor: 4)
        #expect(try AgeFixture.decrypt(file(text(good)), keys) == [1])
        let other = DecryptionKeys(identities: [], passphrase: Passphrase(Array("correct hors".utf8)))
        #expect(try AgeFixture.failure { _ = try AgeFixture.decrypt(file(text(good)), other) } == .permissionDenied)
        #expect(try AgeFixture.failure { _ = try AgeFixture.decrypt(file(text(good))) } == .permissionDenied)
        for factor in ["23", "64", "99999999999999999999", "0", "04", "+4", "-4", "4 ", "0x4", "", "4a"] {
            let stanza = Stanza(type: "scrypt", arguments: [good.arguments[0], factor], body: good.body)
            #expect(try AgeFixture.failure { _ = try AgeFixture.decrypt(file(text(stanza)), keys) } == .damaged)
        }
        for arguments in [[good.arguments[0]], good.arguments + ["x"], ["AAAA", "4"], [good.arguments[0] + "A", "4"]] {
            let stanza = Stanza(type: "scrypt", arguments: arguments, body: good.body)
            #expect(try AgeFixture.failure { _ = try AgeFixture.decrypt(file(text(stanza)), keys) } == .damaged)
        }
        for beside in [try stanza(), good] {
            let both = try file(text(good) + text(beside))
            #expect(try AgeFixture.failure { _ = try AgeFixture.decrypt(both, keys) } == .damaged)
            #expect(try AgeFixture.failure { _ = try AgeFixture.decrypt(both) } == .damaged)
        }
    }
}
