internal import StorageModel

/// One entry of an archive as `backup contents` prints it.
enum ContentsRow {
    /// The keys are a promise to scripts. A name that is not UTF-8 has its bytes in `pathHex` too, in hexadecimal.
    static func json(_ entry: ArchiveListing) -> JSONValue {
        var members: [String: JSONValue] = [
            "type": .string(entry.kind.word),
            "sizeBytes": .unsigned(entry.sizeBytes), "mode": .string(octal(entry.metadata.mode)),
            "uid": .unsigned(UInt64(entry.metadata.uid)), "gid": .unsigned(UInt64(entry.metadata.gid)),
            "modifiedAt": .string(entry.metadata.modifiedAt.description),
            "linkTarget": .optional(entry.linkTarget.map { String(decoding: $0, as: UTF8.self) }),
            "digest": .optional(entry.digest),
        ]
        members.merge(entry.path.jsonMembers) { own, _ in own }
        if entry.changedDuringRead { members["changedDuringRead"] = .boolean(true) }
        return .object(members)
    }

    /// A line such as `ls -ln` prints.
    static func line(_ entry: ArchiveListing) -> String {
        let metadata = entry.metadata
        let owner = "\(metadata.uid)/\(metadata.gid)"
        let size = entry.sizeBytes.description
        let padding = String(repeating: " ", count: max(1, 20 - owner.count - size.count))
        let time = Timestamp(seconds: metadata.modifiedAt.seconds).description
        var line =
            "\(letters(entry.kind, metadata.mode)) \(owner)\(padding)\(size) \(time) \(entry.path.description.printable())"
        if let target = entry.linkTarget {
            let arrow = entry.kind == .hardLink ? " link to " : " -> "
            line += arrow + String(decoding: target, as: UTF8.self).printable()
        }
        return line + (entry.changedDuringRead ? " (changed while it was read)" : "") + "\n"
    }

    private static func octal(_ mode: UInt16) -> String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// `-rwxr-sr-t`, as `ls` writes kind and permission bits.
    private static func letters(_ kind: EntryKind, _ mode: UInt16) -> String {
        let first: Character =
            switch kind {
            case .file: "-"
            case .directory: "d"
            case .symbolicLink: "l"
            case .hardLink: "h"
            case .characterDevice: "c"
            case .blockDevice: "b"
            case .fifo: "p"
            case .socket: "s"
            }
        var text: [Character] = [first]
        for (index, letter) in "rwxrwxrwx".enumerated() {
            text.append(mode & (0o400 >> UInt16(index)) != 0 ? letter : "-")
        }
        for (bit, position, letter) in [(0o4000, 3, "s"), (0o2000, 6, "s"), (0o1000, 9, "t")] as [(UInt16, Int, String)]
        where mode & bit != 0 {
            text[position] = Character(text[position] == "x" ? letter : letter.uppercased())
        }
        return String(text)
    }
}
