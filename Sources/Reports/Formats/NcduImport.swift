package import StorageModel

/// Reads ncdu's JSON export, of whatever program wrote it: ncdu 1 and 2, gdu, Holdfast.
///
/// Memory: the file, and as much as the tree again.
package struct NcduImport {
    package let tree: UsageTree
    /// What the export calls its root: a path.
    package let name: [UInt8]
    /// When it was made, if it says so.
    package let exportedAt: Timestamp?

    /// - Throws: ``StorageModel/StorageError/Code/damaged`` saying where, for what is not such an export.
    package init(parsing bytes: [UInt8], of object: String) throws(StorageError) {
        var reader = NcduReader(bytes, object)
        let nodes = try reader.readDocument()
        (name, exportedAt) = (nodes.names.first ?? [], reader.exportedAt)
        tree = nodes.tree()
    }
}

/// The entries of an export in the order in which they are there: each directory before what is in it.
private struct NcduNodes {
    var names: [[UInt8]] = []
    var entries: [UsageTree.Entry] = []
    var links: [UsageTree.LinkedInode?] = []
    var parents: [Int] = []

    /// The tree. An inode with several names is counted once.
    func tree() -> UsageTree {
        var children: [[Int]] = Array(repeating: [], count: entries.count)
        for index in entries.indices.dropFirst() { children[parents[index]].append(index) }
        var seen: Set<UsageTree.LinkedInode> = []
        var tree = UsageTree(root: entries[0])
        var queue = [(node: 0, place: 0)]
        var next = 0
        while next < queue.count {
            let (node, place) = queue[next]
            next += 1
            var batch = UsageTree.Children()
            for child in children[node] {
                var entry = entries[child]
                if let link = links[child], !seen.insert(link).inserted {
                    entry.flags.insert(.countedElsewhere)
                    (entry.allocatedBytes, entry.apparentBytes) = (0, 0)
                }
                batch.append(names[child], entry, link: links[child])
            }
            // An export is never longer than what a tree holds: its names are bounded by the file's size.
            guard let first = tree.append(batch, to: place) else { continue }
            for (offset, child) in children[node].enumerated() where !children[child].isEmpty {
                queue.append((child, first + offset))
            }
        }
        tree.settleLinks()
        return tree
    }
}

/// A reader of JSON that takes names as bytes and any depth.
private struct NcduReader {
    private let bytes: [UInt8]
    private let object: String
    private var position = 0
    private(set) var exportedAt: Timestamp?

    init(_ bytes: [UInt8], _ object: String) {
        self.bytes = bytes
        self.object = object
    }

    /// `[major, minor, {metadata}, [root, …]]`.
    mutating func readDocument() throws(StorageError) -> NcduNodes {
        try expect("[")
        guard try number() == 1 else { throw fault("the export is not of version 1") }
        try expect(",")
        _ = try number()
        try expect(",")
        try readMetadata()
        try expect(",")
        let nodes = try readTree()
        // Newer versions may have more behind it.
        while take(",") { try skipValue() }
        try expect("]")
        skipBlanks()
        guard position == bytes.count else { throw fault("something follows the export") }
        return nodes
    }

    private mutating func readMetadata() throws(StorageError) {
        try readObject { (reader, key) throws(StorageError) in
            guard key.elementsEqual("timestamp".utf8) else { return try reader.skipValue() }
            reader.exportedAt = Timestamp(seconds: Int64(clamping: try reader.number()))
        }
    }

    private mutating func readTree() throws(StorageError) -> NcduNodes {
        var nodes = NcduNodes()
        try expect("[")
        try readEntry(into: &nodes, parent: 0, device: 0, isDirectory: true)
        var open: [(node: Int, device: UInt64)] = [(0, lastDevice)]
        while let (parent, device) = open.last {
            if take("]") {
                open.removeLast()
                continue
            }
            try expect(",")
            let isDirectory = take("[")
            try readEntry(into: &nodes, parent: parent, device: device, isDirectory: isDirectory)
            if isDirectory { open.append((nodes.entries.count - 1, lastDevice)) }
        }
        return nodes
    }

    private var lastDevice: UInt64 = 0

    private mutating func readEntry(
        into nodes: inout NcduNodes, parent: Int, device: UInt64, isDirectory: Bool
    ) throws(StorageError) {
        var name: [UInt8]?
        var entry = UsageTree.Entry(
            kind: isDirectory ? .directory : .file, allocatedBytes: 0, apparentBytes: 0, modifiedAtSeconds: 0, uid: 0,
            gid: 0)
        var (inode, linkCount, isLinked): (UInt64, UInt32, Bool) = (0, 0, false)
        lastDevice = device
        try readObject { (reader, key) throws(StorageError) in
            switch String(decoding: key, as: UTF8.self) {
            case "name": name = try reader.string()
            case "asize": entry.apparentBytes = isDirectory ? try reader.ignoredNumber() : try reader.number()
            case "dsize": entry.allocatedBytes = try reader.number()
            case "dev": reader.lastDevice = try reader.number()
            case "ino": inode = try reader.number()
            case "nlink": linkCount = UInt32(clamping: try reader.number())
            case "hlnkc": isLinked = try reader.boolean()
            case "uid": entry.uid = UInt32(clamping: try reader.number())
            case "gid": entry.gid = UInt32(clamping: try reader.number())
            case "mtime": entry.modifiedAtSeconds = try reader.signedNumber()
            case "read_error": if try reader.boolean() { entry.flags.insert(.unreadable) }
            case "excluded":
                let reason = try reader.string()
                if reason.elementsEqual("othfs".utf8) || reason.elementsEqual("otherfs".utf8) {
                    entry.flags.insert(.otherFileSystem)
                }
            case "notreg": if try reader.boolean(), !isDirectory { entry.kind = .socket }
            default: try reader.skipValue()
            }
        }
        guard let name, !name.isEmpty, nodes.entries.isEmpty || !name.contains(UInt8(ascii: "/")), !name.contains(0)
        else { throw fault("an entry has no name, or one that no entry can have") }
        isLinked = (isLinked || linkCount > 1) && inode != 0 && !isDirectory
        if isLinked { entry.flags.insert(.hasOtherNames) }
        nodes.names.append(name)
        nodes.entries.append(entry)
        nodes.parents.append(parent)
        nodes.links.append(
            isLinked
                ? UsageTree.LinkedInode(
                    device: lastDevice, inode: inode, linkCount: max(2, linkCount),
                    allocatedBytes: entry.allocatedBytes, apparentBytes: entry.apparentBytes)
                : nil)
    }

    // MARK: JSON

    private func fault(_ reason: String) -> StorageError {
        StorageError(
            .damaged, object: object, "'\(object.printable(limit: 200))' is not an export of ncdu: \(reason)",
            hint: "make one with 'ncdu -o FILE DIR' or 'holdfast usage --ncdu FILE SOURCE'",
            causes: ["at byte \(position) of \(bytes.count)"])
    }

    private mutating func skipBlanks() {
        while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(StorageError) {
        guard take(character) else { throw fault("'\(character)' is missing") }
    }

    private mutating func readObject(
        _ member: (inout NcduReader, [UInt8]) throws(StorageError) -> Void
    ) throws(StorageError) {
        try expect("{")
        if take("}") { return }
        repeat {
            let key = try string()
            try expect(":")
            try member(&self, key)
        } while take(",")
        try expect("}")
    }

    private mutating func word() -> ArraySlice<UInt8> {
        skipBlanks()
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case 0x30...0x39, 0x61...0x7a, 0x41...0x5a, 0x2b, 0x2d, 0x2e: position += 1
            default: return bytes[start..<position]
            }
        }
        return bytes[start..<position]
    }

    private mutating func number() throws(StorageError) -> UInt64 {
        guard let value = UInt64(String(decoding: word(), as: UTF8.self)) else { throw fault("a number is missing") }
        return value
    }

    private mutating func ignoredNumber() throws(StorageError) -> UInt64 {
        _ = try number()
        return 0
    }

    private mutating func signedNumber() throws(StorageError) -> Int64 {
        let text = String(decoding: word(), as: UTF8.self)
        if let value = Int64(text) { return value }
        // ncdu writes times with a fraction where it has one.
        guard let value = Double(text), abs(value) < 9e18 else { throw fault("a number is missing") }
        return Int64(value)
    }

    private mutating func boolean() throws(StorageError) -> Bool {
        let word = String(decoding: word(), as: UTF8.self)
        guard word == "true" || word == "false" else { throw fault("'true' or 'false' is missing") }
        return word == "true"
    }

    private mutating func string() throws(StorageError) -> [UInt8] {
        try expect("\"")
        var result: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { return result }
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            guard position < bytes.count else { break }
            let escape = bytes[position]
            position += 1
            switch escape {
            case UInt8(ascii: "n"): result.append(0x0a)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "r"): result.append(0x0d)
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0c)
            case UInt8(ascii: "u"): try appendCharacter(to: &result)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(escape)
            default: throw fault("an escape is wrong")
            }
        }
        throw fault("a text has no end")
    }

    /// `\uXXXX`, also as half of a surrogate pair.
    private mutating func appendCharacter(to result: inout [UInt8]) throws(StorageError) {
        let first = try hexadecimal()
        var value = UInt32(first)
        if (0xd800..<0xdc00).contains(first), bytes[position...].starts(with: "\\u".utf8) {
            position += 2
            let second = try hexadecimal()
            guard (0xdc00..<0xe000).contains(second) else { throw fault("an escape is wrong") }
            value = 0x10000 + (UInt32(first) - 0xd800) << 10 + (UInt32(second) - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw fault("an escape is wrong") }
        result.append(contentsOf: String(Character(scalar)).utf8)
    }

    private mutating func hexadecimal() throws(StorageError) -> UInt16 {
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4, let value = UInt16(String(decoding: digits, as: UTF8.self), radix: 16) else {
            throw fault("an escape is wrong")
        }
        position += 4
        return value
    }

    /// A value of any kind and depth.
    private mutating func skipValue() throws(StorageError) {
        var depth = 0
        repeat {
            skipBlanks()
            guard position < bytes.count else { throw fault("it ends in the middle") }
            switch bytes[position] {
            case UInt8(ascii: "\""): _ = try string()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                position += 1
                if depth < 0 { throw fault("a value is missing") }
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard depth > 0 else { throw fault("a value is missing") }
                position += 1
                continue
            default: if word().isEmpty { throw fault("a value is missing") }
            }
        } while depth > 0
    }
}
