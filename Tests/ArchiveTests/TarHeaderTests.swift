import StorageModel
import TestSupport
import Testing

@testable import Archive

/// Goal: a header says everything of an entry, and says it as other tools read it.
/// Method: encode entries of every kind and odd value, decode them again whole and byte by byte; `tar` and `bsdtar` as oracles.
@Suite("Tar headers") struct TarHeaderTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var entry: TarEntry
        var testDescription: String { name }

        init(
            _ name: String, path: String = "a/b", kind: EntryKind = .file, mode: UInt16 = 0o644, uid: UInt32 = 0,
            seconds: Int64 = 1_600_000_000, nanoseconds: UInt32 = 0, _ change: (inout TarEntry) -> Void = { _ in }
        ) {
            self.name = name
            let metadata = EntryMetadata(
                mode: mode, uid: uid, gid: uid, modifiedAt: Timestamp(seconds: seconds, nanoseconds: nanoseconds))
            entry = TarEntry(path: EntryPath(trusted: Array(path.utf8)), kind: kind, metadata: metadata)
            change(&entry)
        }
    }

    static let cases: [Case] = [
        Case("a plain file"),
        Case("the root", path: "", kind: .directory, mode: 0o1777),
        Case("a name of exactly 100 bytes", path: String(repeating: "n", count: 98)),
        Case(
            "a name that splits into prefix and name",
            path: String(repeating: "d", count: 80) + "/" + String(repeating: "n", count: 60)),
        Case("a name that cannot be split", path: String(repeating: "n", count: 255)),
        Case(
            "a path of 1,000 bytes",
            path: (0..<10).map { _ in String(repeating: "p", count: 99) }.joined(separator: "/")),
        Case(
            "a directory whose slash makes the name too long", path: String(repeating: "d", count: 98), kind: .directory
        ),
        Case("bytes that are not UTF-8") { $0.path = EntryPath(trusted: [0x66, 0xff, 0x0a, 0x3d]) },
        Case("set-id bits", mode: 0o6755),
        Case("an owner beyond octal", uid: 4_000_000_000),
        Case("nanoseconds", nanoseconds: 123_456_789),
        Case("one nanosecond", nanoseconds: 1),
        Case("a time before 1970", seconds: -5, nanoseconds: 250_000_000),
        Case("a whole second before 1970", seconds: -1),
        Case("a time far ahead", seconds: 99_999_999_999),
        Case("an empty file's neighbour of 9 GiB") { $0.sizeBytes = 9 << 30 },
        Case("a symbolic link", kind: .symbolicLink, mode: 0o777) { $0.linkTarget = Array("../x".utf8) },
        Case("a long link target", kind: .symbolicLink, mode: 0o777) {
            $0.linkTarget = [UInt8](repeating: 0x78, count: 3000)
        },
        Case("a hard link", kind: .hardLink) { $0.linkTarget = Array("a/a".utf8) },
        Case("a device", kind: .blockDevice) { ($0.deviceMajor, $0.deviceMinor) = (259, 70_000) },
        Case("a fifo", kind: .fifo),
        Case("attributes") {
            $0.extendedAttributes = [
                ExtendedAttribute(name: "security.capability", value: [1, 0, 0, 2, 0, 4, 0, 0]),
                ExtendedAttribute(name: "user.empty", value: []),
                ExtendedAttribute(name: "user.odd=name \u{e9}", value: [0, 10, 61, 255]),
                ExtendedAttribute(name: "user.text", value: Array("a\nb=c".utf8)),
            ]
        },
        Case("an ACL") {
            $0.extendedAttributes = [
                ExtendedAttribute(
                    name: "system.posix_acl_access",
                    value: [2, 0, 0, 0] + [1, 0, 6, 0, 255, 255, 255, 255] + [2, 0, 4, 0, 232, 3, 0, 0]
                        + [4, 0, 4, 0, 255, 255, 255, 255] + [16, 0, 4, 0, 255, 255, 255, 255]
                        + [32, 0, 0, 0, 255, 255, 255, 255])
            ]
        },
        Case("holes") {
            $0.sizeBytes = 1_000_000
            $0.sparseMap = SparseMap(extents: [4096..<8192, 500_000..<500_001])
        },
        Case("nothing but a hole") {
            $0.sizeBytes = 1 << 40
            $0.sparseMap = SparseMap(extents: [])
        },
    ]

    @Test("every kind of entry comes back as it was", arguments: cases) func roundTrip(_ example: Case) throws {
        var tar: [UInt8] = []
        TarHeaderEncoder.append(example.entry, to: &tar)
        #expect(tar.count % TarBlock.sizeBytes == 0)
        let stored = min(example.entry.storedBytes, 1 << 20)
        guard stored == example.entry.storedBytes else {
            // Larger than memory: the header alone.
            var reader = TarReader(ChunkFeed(tar), limits: ArchiveLimits())
            #expect(try reader.nextEntry() == example.entry)
            return
        }
        tar += [UInt8](repeating: 7, count: Int(stored) + TarBlock.padding(after: stored)) + TarBlock.endOfArchive
        for chunkBytes in [Int.max, 1, 511, 513] {
            #expect(try ArchiveFixture.readEntries(tar, chunkBytes: chunkBytes) == [example.entry])
        }
    }

    @Test("equal entries have equal headers, whatever came before") func determinism() {
        var first: [UInt8] = []
        var second: [UInt8] = []
        for example in Self.cases { TarHeaderEncoder.append(example.entry, to: &first) }
        for example in Self.cases { TarHeaderEncoder.append(example.entry, to: &second) }
        #expect(first == second)
    }

    @Test(
        "times are written and read as pax says",
        arguments: [
            (Timestamp(seconds: -2, nanoseconds: 500_000_000), "-1.5"),
            (Timestamp(seconds: -1, nanoseconds: 999_999_999), "-0.000000001"),
            (Timestamp(seconds: 0, nanoseconds: 1), "0.000000001"),
            (Timestamp(seconds: 1, nanoseconds: 100_000_000), "1.1"),
            (Timestamp(seconds: -7), "-7"), (Timestamp(seconds: 8), "8"),
        ]) func paxTimes(_ time: Timestamp, _ text: String)
    {
        #expect(PaxRecords.decimal(time) == text)
        #expect(PaxRecords.time(Array(text.utf8)) == time)
    }

    @Test(
        "ACL text of other tools is understood",
        arguments: [
            ("user::rw-,user:1000:r--,group::r--,mask::r--,other::---", true),
            ("user::rw-\nuser:joe:r--:1000\ngroup::r--\nmask::r--\nother::---\n", true),
            ("u::rw-,u:1000:r--,g::r--,m::r--,o::---", true),
            ("user::rw-,group::r--,other:r--", true),
            ("user::rw-,user:joe:r--,group::r--,other::r--", false), ("nonsense", false), ("", false),
            ("user::rwq,group::r--,other::r--", false),
        ]) func aclText(_ text: String, _ isValid: Bool) throws
    {
        let binary = AccessControlList.kernelForm(fromText: text)
        #expect((binary != nil) == isValid)
        guard let binary else { return }
        let canonical = try #require(AccessControlList.text(fromKernelForm: binary))
        #expect(AccessControlList.kernelForm(fromText: canonical) == binary)
    }

    @Test("XXH64 gives the values of its specification") func hashes() {
        #expect(XXH64.hash([]) == 0xEF46_DB37_51D8_E999)
        #expect(XXH64.hash([UInt8]("a")) == 0xD24E_C4F1_A98C_6E5B)
        #expect(XXH64.hash([UInt8]("abc")) == 0x44BC_2CF5_AD77_0999)
        #expect(XXH64.hash([UInt8]("Nobody inspects the spammish repetition")) == 0xFBCE_A83C_8A37_8BF1)
    }

    @Test("base64 and percent encoding are undone exactly") func encodings() {
        for count in 0..<20 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
        #expect(Base64.encode([UInt8]("any carnal pleas")) == [UInt8]("YW55IGNhcm5hbCBwbGVhcw"))
        #expect("a=b é/".percentEncoded.percentDecoded == "a=b é/")
        #expect("%zz".percentDecoded == nil)
    }
}
