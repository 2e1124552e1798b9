/// One entry of a tar that a test builds byte by byte: a writer that is independent of the code under test, and that can also
/// write what no honest tool writes.
package struct TarMember: Sendable {
    package var name: [UInt8]
    /// The type flag of the header: `0` a file, `1` a hard link, `2` a symbolic link, `3` and `4` devices, `5` a directory.
    package var type: Character
    package var content: [UInt8] = []
    package var link: [UInt8] = []
    package var mode = 0o644
    package var uid = 0
    package var gid = 0
    /// Seconds since 1970.
    package var modified = 1_700_000_000
    package var deviceMajor = 0
    package var deviceMinor = 0
    /// Records of a pax extended header before the entry.
    package var records: [(keyword: String, value: [UInt8])] = []
    /// What the header says instead of the content's size.
    package var claimedSize: Int?

    package init(_ name: [UInt8], type: Character) {
        self.name = name
        self.type = type
    }

    package static func file(_ name: String, _ content: String = "", mode: Int = 0o644) -> TarMember {
        file(name, Array(content.utf8), mode: mode)
    }

    package static func file(_ name: String, _ content: [UInt8], mode: Int = 0o644) -> TarMember {
        var member = TarMember(Array(name.utf8), type: "0")
        member.content = content
        member.mode = mode
        return member
    }

    package static func directory(_ name: String, mode: Int = 0o755) -> TarMember {
        var member = TarMember(Array(name.utf8) + [UInt8(ascii: "/")], type: "5")
        member.mode = mode
        return member
    }

    package static func symbolicLink(_ name: String, to target: String) -> TarMember {
        var member = TarMember(Array(name.utf8), type: "2")
        member.link = Array(target.utf8)
        member.mode = 0o777
        return member
    }

    package static func hardLink(_ name: String, to target: String) -> TarMember {
        var member = TarMember(Array(name.utf8), type: "1")
        member.link = Array(target.utf8)
        return member
    }

    package static func fifo(_ name: String) -> TarMember { TarMember(Array(name.utf8), type: "6") }

    package static func device(_ name: String, isBlock: Bool = false, major: Int, minor: Int) -> TarMember {
        var member = TarMember(Array(name.utf8), type: isBlock ? "4" : "3")
        member.deviceMajor = major
        member.deviceMinor = minor
        return member
    }

    /// The mark that `path` of the layers below is gone (OCI image specification, "Whiteouts").
    package static func whiteout(of path: String) -> TarMember {
        let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        return file(path[..<slash] + ".wh." + path[slash...])
    }

    /// The mark that nothing of the layers below is seen in a directory ("Opaque Whiteout").
    package static func opaque(in directory: String) -> TarMember { file(directory + "/.wh..wh..opq") }

    /// The same with another owner.
    package func owned(by uid: Int, _ gid: Int) -> TarMember { with { ($0.uid, $0.gid) = (uid, gid) } }

    /// The same with an extended attribute, as `SCHILY.xattr` has it.
    package func attribute(_ name: String, _ value: [UInt8]) -> TarMember { record("SCHILY.xattr." + name, value) }

    /// The same with one more pax record.
    package func record(_ keyword: String, _ value: [UInt8]) -> TarMember {
        with { $0.records.append((keyword, value)) }
    }

    /// The same after a change.
    package func with(_ change: (inout TarMember) -> Void) -> TarMember {
        var member = self
        change(&member)
        return member
    }
}

extension TarMember {
    /// Headers, content and padding.
    package var bytes: [UInt8] {
        var records = records
        if name.count > 100 { records.append(("path", name)) }
        if link.count > 100 { records.append(("linkpath", link)) }
        var result: [UInt8] = []
        if !records.isEmpty {
            let body = records.flatMap { Self.encoded($0.keyword, $0.value) }
            var header = TarMember(Array("pax".utf8), type: "x")
            header.content = body
            result += header.header + Self.padded(body)
        }
        return result + header + Self.padded(content)
    }

    private static func padded(_ bytes: [UInt8]) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
    }

    /// `LENGTH KEYWORD=VALUE\n`, the length counting itself.
    private static func encoded(_ keyword: String, _ value: [UInt8]) -> [UInt8] {
        let rest = keyword.utf8.count + value.count + 3
        var length = rest + 1
        while length != rest + String(length).count { length = rest + String(length).count }
        return Array("\(length) \(keyword)=".utf8) + value + [UInt8(ascii: "\n")]
    }

    /// The ustar block.
    private var header: [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ bytes: some Sequence<UInt8>, _ offset: Int) {
            for (index, byte) in bytes.enumerated() { block[offset + index] = byte }
        }
        func octal(_ value: Int, _ offset: Int, digits: Int) {
            let text = String(value, radix: 8)
            put((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8, offset)
        }
        put(name.prefix(100), 0)
        octal(mode, 100, digits: 7)
        octal(uid, 108, digits: 7)
        octal(gid, 116, digits: 7)
        octal(claimedSize ?? content.count, 124, digits: 11)
        octal(modified, 136, digits: 11)
        put("        ".utf8, 148)
        put(String(type).utf8, 156)
        put(link.prefix(100), 157)
        put("ustar\u{0}00".utf8, 257)
        octal(deviceMajor, 329, digits: 7)
        octal(deviceMinor, 337, digits: 7)
        octal(block.reduce(0) { $0 + Int($1) }, 148, digits: 6)
        block[154] = 0
        return block
    }
}

extension [TarMember] {
    /// The whole tar, with its end.
    package var tar: [UInt8] { flatMap(\.bytes) + [UInt8](repeating: 0, count: 1024) }
}
