internal import StorageModel

/// Writes the header of an entry: a POSIX pax extended header where ustar cannot say it, then the ustar header, then
/// the sparse map of a file with holes.
///
/// The bytes depend on nothing but the entry: no time of day, no process id, no names of users or groups, records in a
/// fixed order. Equal entries have equal headers, so that their frames can be used again.
///
/// Source: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Extended Header"; GNU tar manual, "PAX 1.0" sparse.
package enum TarHeaderEncoder {
    /// Appends the header of `entry` to `output`; a whole number of 512-byte blocks.
    ///
    /// - Parameter leading: what stands in front of every name, that of a hard link's target too.
    package static func append(_ entry: TarEntry, to output: inout [UInt8], leading: String = "./") {
        let map = entry.sparseMap.map { $0.encoded(sizeBytes: entry.sizeBytes) } ?? []
        let name = archiveName(of: entry, leading: leading)
        let memberBytes = UInt64(map.count) + entry.storedBytes
        var records = PaxRecords()
        let fields = plan(entry, name: name, leading: leading, memberBytes: memberBytes, into: &records)
        if !records.isEmpty { appendExtendedHeader(records.encoded, to: &output) }
        appendUstar(fields, to: &output)
        output.append(contentsOf: map)
    }

    /// The name in the archive: `./` for the root, `./a/b` for others, a slash behind directories.
    static func archiveName(of entry: TarEntry, leading: String = "./") -> [UInt8] {
        var name = Array((entry.path.isRoot ? "./" : leading).utf8)
        name.append(contentsOf: entry.path.bytes)
        if entry.kind == .directory && !entry.path.isRoot { name.append(UInt8(ascii: "/")) }
        return name
    }

    /// What the ustar header itself holds, after everything that does not fit went to pax records.
    private struct Fields {
        var name: [UInt8] = []
        var prefix: [UInt8] = []
        var typeFlag: UInt8
        var mode: UInt64
        var uid: UInt64 = 0
        var gid: UInt64 = 0
        var size: UInt64 = 0
        var mtime: UInt64 = 0
        var linkName: [UInt8] = []
        var deviceMajor: UInt64 = 0
        var deviceMinor: UInt64 = 0
    }

    private static let limit12 = UInt64(0o77777777777)
    private static let limit8 = UInt64(0o7777777)

    private static func plan(
        _ entry: TarEntry, name: [UInt8], leading: String, memberBytes: UInt64, into records: inout PaxRecords
    ) -> Fields {
        var fields = Fields(typeFlag: typeFlag(entry.kind), mode: UInt64(entry.metadata.mode))
        let link = entry.kind == .hardLink ? Array(leading.utf8) + entry.linkTarget : entry.linkTarget
        if !name.isValidUTF8 || !link.isValidUTF8 { records.add("hdrcharset", "BINARY".utf8) }
        place(name, sparse: entry.sparseMap != nil, fields: &fields, records: &records)
        if link.count > 100 { records.add("linkpath", link) }
        fields.linkName = Array(link.prefix(100))
        if memberBytes > limit12 { records.add("size", "\(memberBytes)".utf8) }
        fields.size = min(memberBytes, limit12)
        let metadata = entry.metadata
        if UInt64(metadata.uid) > limit8 { records.add("uid", "\(metadata.uid)".utf8) }
        if UInt64(metadata.gid) > limit8 { records.add("gid", "\(metadata.gid)".utf8) }
        fields.uid = min(UInt64(metadata.uid), limit8)
        fields.gid = min(UInt64(metadata.gid), limit8)
        let time = metadata.modifiedAt
        if time.nanoseconds != 0 || time.seconds < 0 || time.seconds > Int64(limit12) {
            records.add("mtime", PaxRecords.decimal(time).utf8)
        }
        fields.mtime = UInt64(max(0, min(time.seconds, Int64(limit12))))
        if entry.sparseMap != nil {
            records.add("GNU.sparse.major", "1".utf8)
            records.add("GNU.sparse.minor", "0".utf8)
            records.add("GNU.sparse.name", name)
            records.add("GNU.sparse.realsize", "\(entry.sizeBytes)".utf8)
        }
        addAttributes(entry.extendedAttributes, to: &records)
        fields.deviceMajor = UInt64(entry.deviceMajor)
        fields.deviceMinor = UInt64(entry.deviceMinor)
        return fields
    }

    /// Puts the name into the ustar fields if it fits there whole, else into a `path` record.
    private static func place(_ name: [UInt8], sparse: Bool, fields: inout Fields, records: inout PaxRecords) {
        if sparse {
            fields.name = Array("./GNUSparseFile.0".utf8)
            return
        }
        if name.count <= 100 {
            fields.name = name
            return
        }
        // A slash splits a long name into prefix (155) and name (100); the slash itself is not stored.
        let earliest = name.count - 101
        if let slash = name[earliest...].dropLast().firstIndex(of: UInt8(ascii: "/")), slash <= 155, slash > 0 {
            fields.prefix = Array(name[..<slash])
            fields.name = Array(name[(slash + 1)...])
            return
        }
        records.add("path", name)
        fields.name = Array(name.prefix(100))
    }

    private static func addAttributes(_ attributes: [ExtendedAttribute], to records: inout PaxRecords) {
        for (attribute, keyword) in AccessControlList.keywords {
            guard let value = attributes.first(where: { $0.name == attribute })?.value,
                let text = AccessControlList.text(fromKernelForm: value)
            else { continue }
            records.add(keyword, text.utf8)
        }
        for attribute in attributes {
            let isWrittenAsText =
                AccessControlList.keywords.contains { $0.attribute == attribute.name }
                && AccessControlList.text(fromKernelForm: attribute.value) != nil
            if isWrittenAsText { continue }
            if attribute.name.utf8.isPlain {
                records.add("SCHILY.xattr." + attribute.name, attribute.value)
            } else {
                records.add("LIBARCHIVE.xattr." + attribute.name.percentEncoded, Base64.encode(attribute.value))
            }
        }
    }

    private static func typeFlag(_ kind: EntryKind) -> UInt8 {
        switch kind {
        case .file: UInt8(ascii: "0")
        case .hardLink: UInt8(ascii: "1")
        case .symbolicLink: UInt8(ascii: "2")
        case .characterDevice: UInt8(ascii: "3")
        case .blockDevice: UInt8(ascii: "4")
        case .directory: UInt8(ascii: "5")
        case .fifo, .socket: UInt8(ascii: "6")
        }
    }

    private static func appendExtendedHeader(_ body: [UInt8], to output: inout [UInt8]) {
        var fields = Fields(typeFlag: UInt8(ascii: "x"), mode: 0o644)
        fields.name = Array("././@PaxHeader".utf8)
        fields.size = UInt64(body.count)
        appendUstar(fields, to: &output)
        output.append(contentsOf: body)
        output.append(contentsOf: repeatElement(0, count: TarBlock.padding(after: body.count)))
    }

    private static func appendUstar(_ fields: Fields, to output: inout [UInt8]) {
        let start = output.count
        output.append(contentsOf: repeatElement(0, count: TarBlock.sizeBytes))
        func put(_ bytes: some Sequence<UInt8>, at offset: Int) {
            for (index, byte) in bytes.enumerated() { output[start + offset + index] = byte }
        }
        func octal(_ value: UInt64, at offset: Int, digits: Int) {
            var rest = value
            for index in stride(from: digits - 1, through: 0, by: -1) {
                output[start + offset + index] = UInt8(ascii: "0") + UInt8(rest & 7)
                rest >>= 3
            }
        }
        put(fields.name, at: 0)
        octal(fields.mode, at: 100, digits: 7)
        octal(fields.uid, at: 108, digits: 7)
        octal(fields.gid, at: 116, digits: 7)
        octal(fields.size, at: 124, digits: 11)
        octal(fields.mtime, at: 136, digits: 11)
        put(repeatElement(UInt8(ascii: " "), count: 8), at: 148)
        output[start + 156] = fields.typeFlag
        put(fields.linkName, at: 157)
        put("ustar\u{0}00".utf8, at: 257)
        octal(fields.deviceMajor, at: 329, digits: 7)
        octal(fields.deviceMinor, at: 337, digits: 7)
        put(fields.prefix, at: 345)
        var sum: UInt64 = 0
        for index in start..<(start + TarBlock.sizeBytes) { sum += UInt64(output[index]) }
        octal(sum, at: 148, digits: 6)
        output[start + 154] = 0
        output[start + 155] = UInt8(ascii: " ")
    }
}

extension Collection<UInt8> {
    /// Whether the bytes are text that a pax header may hold without `hdrcharset`.
    var isValidUTF8: Bool { String(validating: self, as: UTF8.self) != nil }

    /// Whether every byte is printable ASCII other than `=`: the names that a pax keyword can carry.
    var isPlain: Bool { allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "=") } }
}
