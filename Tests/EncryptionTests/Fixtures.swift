import FileTree
import StorageModel
import TestSupport
import Testing

@testable import Encryption

/// A stream of prepared parts.
final class PartStream: ByteStream, @unchecked Sendable {
    private var parts: ArraySlice<[UInt8]>

    init(_ bytes: [UInt8], partBytes: Int = 50_000) {
        parts =
            stride(from: 0, to: bytes.count, by: partBytes).map { start in
                Array(bytes[start..<min(start + partBytes, bytes.count)])
            }[...]
    }

    func next() -> [UInt8]? { parts.popFirst() }
}

/// Keys and files for the tests of the format.
enum AgeFixture {
    /// The key that age's own tests use: 32 bytes of 0x42.
    static let identityText = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
    static let recipientText = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"

    static func keys() throws -> DecryptionKeys {
        DecryptionKeys(identities: [try X25519Identity(identityText)], passphrase: nil)
    }

    /// An age file for the fixture's recipient.
    static func encrypt(_ content: [UInt8], partBytes: Int = 100_000) throws -> [UInt8] {
        try encrypt(content, EncryptionKeys([try X25519Recipient(recipientText)]), partBytes: partBytes)
    }

    static func encrypt(_ content: [UInt8], _ keys: EncryptionKeys, partBytes: Int = 100_000) throws -> [UInt8] {
        var file: [UInt8] = []
        let stream = try EncryptingStream(keys) { file += $0 }
        try write(content, to: stream, partBytes)
        #expect(stream.sizeBytes == UInt64(file.count))
        return file
    }

    /// An age file whose stanzas are given, whatever they are, around a key that is given too.
    static func encrypt(_ content: [UInt8], _ key: FileKey, header: [UInt8]) throws -> [UInt8] {
        var file: [UInt8] = []
        try write(content, to: EncryptingStream(key, header: header) { file += $0 }, 100_000)
        return file
    }

    private static func write(_ content: [UInt8], to stream: EncryptingStream, _ partBytes: Int) throws {
        for start in stride(from: 0, to: content.count, by: partBytes) {
            try content[start..<min(start + partBytes, content.count)].withUnsafeBytes { try stream.write($0) }
        }
        try stream.finish()
    }

    /// Reads an age file as a stream.
    static func decrypt(_ file: [UInt8], partBytes: Int = 50_000) throws -> [UInt8] {
        try decrypt(file, keys(), partBytes: partBytes)
    }

    static func decrypt(_ file: [UInt8], _ keys: DecryptionKeys, partBytes: Int = 50_000) throws -> [UInt8] {
        let stream = try DecryptingStream(PartStream(file, partBytes: partBytes), name: "f", keys: keys)
        return try readAll(stream)
    }

    static func readAll(_ stream: any ByteStream) throws -> [UInt8] {
        var content: [UInt8] = []
        while let part = try stream.next() {
            #expect(!part.isEmpty)
            content += part
        }
        return content
    }

    /// Opens an age file that lies in a directory.
    static func open(_ file: [UInt8], in directory: TemporaryDirectory) throws -> EncryptedFile {
        try TreeBuilder(directory.path).file(Array("f.age".utf8), file)
        let descriptor = SharedDescriptor(try Descriptor.openFile(atHostPath: directory("f.age")))
        return try EncryptedFile(descriptor, name: "f.age", keys: keys(), interruption: Interruption())
    }

    /// The code with which reading fails; `nil` if it does not.
    static func failure(_ body: () throws -> Void) throws -> StorageError.Code? {
        do {
            try body()
            return nil
        } catch let error as StorageError {
            return error.code
        }
    }

    static func content(_ count: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: UInt64(count) + 1)
        return generator.bytes(count)
    }

    static let boundaries = [0, 1, 65535, 65536, 65537, 131_071, 131_072, 131_073, 3_000_000]
}
