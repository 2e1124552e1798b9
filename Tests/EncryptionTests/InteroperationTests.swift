import StorageModel
import TestSupport
import Testing

@testable import Encryption

/// Goal: age opens what we write, and we what age writes. Method: Debian's `age` and `age-keygen`.
@Suite("Interoperation with age", .enabled(if: Tool.exists("age") && Tool.exists("age-keygen"), "age is not installed"))
struct InteroperationTests {
    private let directory: TemporaryDirectory
    private let recipient: String
    private let keys: DecryptionKeys

    init() throws {
        directory = try TemporaryDirectory("age")
        try Tool.run("age-keygen", "-o", directory("key.txt")).check()
        recipient = try Tool.run("age-keygen", "-y", directory("key.txt")).check().lines[0]
        keys = try DecryptionKeys(DecryptionRequest(identityFiles: [directory("key.txt")]))
    }

    @Test("age-keygen finds the same public key for age's own secret one")
    func publicKey() throws {
        try TreeBuilder(directory.path).file("fixed.txt", AgeFixture.identityText + "\n")
        #expect(try Tool.run("age-keygen", "-y", directory("fixed.txt")).check().lines == [AgeFixture.recipientText])
    }

    @Test("age decrypts ours", arguments: AgeFixture.boundaries)
    func ours(count: Int) throws {
        let keys = try EncryptionKeys(EncryptionRequest(recipients: [AgeFixture.recipientText, recipient]))
        let file = try AgeFixture.encrypt(AgeFixture.content(count), keys)
        let result = try Tool.run("age", "-d", "-i", directory("key.txt"), input: .bytes(file)).check()
        #expect(result.output == AgeFixture.content(count))
    }

    @Test("we decrypt age's, armored or not", arguments: AgeFixture.boundaries)
    func theirs(count: Int) throws {
        let content = AgeFixture.content(count)
        let file = try Tool.run("age", "-r", recipient, input: .bytes(content)).check().output
        #expect(try AgeFixture.decrypt(file, keys) == content)
        let armored = try Tool.run("age", "-a", "-r", recipient, input: .bytes(content)).check().output
        #expect(AgeFile.Form.detect(armored) == .armored)
        let stream = try DecryptingStream(Armor(PartStream(armored), name: "f"), name: "f", keys: keys)
        #expect(try AgeFixture.readAll(stream) == content)
    }

    /// `age` asks a terminal for passphrases: `script` is one.
    @Test("passphrases work in both directions", .enabled(if: Tool.exists("script"), "script is not installed"))
    func passphrases() throws {
        let builder = try TreeBuilder(directory.path)
        try builder.file("plain", "by age\n")
        try builder.file("pass", "correct horse\n")
        let phrase = DecryptionRequest(passphraseFile: directory("pass"))
        let keys = try DecryptionKeys(phrase)
        let typed = "correct horse\ncorrect horse\n"
        try Tool.run(
            ["script", "-qec", "age -p -o \(directory("theirs.age")) \(directory("plain"))", "/dev/null"],
            input: .bytes(Array(typed.utf8))
        ).check()
        let theirs = try Tool.run("cat", directory("theirs.age")).check().output
        #expect(try AgeFixture.decrypt(theirs, keys) == Array("by age\n".utf8))

        let ours = try AgeFixture.encrypt(
            Array("by us\n".utf8), EncryptionKeys(EncryptionRequest(passphraseFile: directory("pass"))))
        try TreeBuilder(directory.path).file(Array("ours.age".utf8), ours)
        try Tool.run(
            ["script", "-qec", "age -d -o \(directory("out")) \(directory("ours.age"))", "/dev/null"],
            input: .bytes(Array("correct horse\n".utf8))
        ).check()
        #expect(try Tool.run("cat", directory("out")).check().text == "by us\n")
    }
}
