package import StorageModel

/// Writes a scan as ncdu's JSON export, version 1.2, which `ncdu -f` and gdu show.
///
/// Names are raw bytes, as ncdu writes and reads them: such a file is JSON for names that are UTF-8. Source:
/// https://dev.yorhel.nl/ncdu/jsonfmt
package enum NcduExport {
    /// - Parameters:
    ///   - name: what the root is called, usually its path.
    ///   - write: takes the next piece of the document; what it throws ends the export.
    package static func write<Failure: Error>(
        _ tree: UsageTree, named name: [UInt8], scannedAt: Timestamp, version: String,
        _ write: ([UInt8]) throws(Failure) -> Void
    ) throws(Failure) {
        var text = Array(
            "[1,2,{\"progname\":\"holdfast\",\"progver\":\"\(version)\",\"timestamp\":\(scannedAt.seconds)},\n".utf8)
        // Directories whose children are being written: which child is next.
        var open: [Range<Int>] = []
        text.append(UInt8(ascii: "["))
        append(tree, 0, name[...], to: &text)
        open.append(tree.children(of: 0))
        while var rest = open.popLast() {
            guard let index = rest.popFirst() else {
                text.append(UInt8(ascii: "]"))
                continue
            }
            open.append(rest)
            text.append(contentsOf: ",\n".utf8)
            let isDirectory = tree[index].kind == .directory
            if isDirectory { text.append(UInt8(ascii: "[")) }
            append(tree, index, tree.name(of: index), to: &text)
            if isDirectory { open.append(tree.children(of: index)) }
            if text.count >= 1 << 16 {
                try write(text)
                text.removeAll(keepingCapacity: true)
            }
        }
        text.append(contentsOf: "]\n".utf8)
        try write(text)
    }

    private static func append(_ tree: UsageTree, _ index: Int, _ name: ArraySlice<UInt8>, to text: inout [UInt8]) {
        let entry = tree[index]
        let link = tree.linkedInode(of: index)
        text.append(contentsOf: "{\"name\":\"".utf8)
        appendEscaped(name, to: &text)
        text.append(UInt8(ascii: "\""))
        let apparentBytes = link?.apparentBytes ?? entry.apparentBytes
        let allocatedBytes = link?.allocatedBytes ?? entry.allocatedBytes
        if apparentBytes > 0 { text.append(contentsOf: ",\"asize\":\(apparentBytes)".utf8) }
        if allocatedBytes > 0 { text.append(contentsOf: ",\"dsize\":\(allocatedBytes)".utf8) }
        if let link {
            text.append(contentsOf: ",\"ino\":\(link.inode),\"hlnkc\":true,\"nlink\":\(link.linkCount)".utf8)
        }
        if entry.flags.contains(.unreadable) { text.append(contentsOf: ",\"read_error\":true".utf8) }
        if entry.flags.contains(.otherFileSystem) { text.append(contentsOf: ",\"excluded\":\"othfs\"".utf8) }
        if entry.kind != .file && entry.kind != .directory { text.append(contentsOf: ",\"notreg\":true".utf8) }
        text.append(contentsOf: ",\"uid\":\(entry.uid),\"gid\":\(entry.gid),\"mtime\":\(entry.modifiedAtSeconds)}".utf8)
    }

    private static func appendEscaped(_ name: ArraySlice<UInt8>, to text: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        for byte in name {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
            case ..<0x20, 0x7f:
                text.append(contentsOf: "\\u00".utf8)
                text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: text.append(byte)
            }
        }
    }
}
