/// Checks the options of the driver `local` as Docker does, before anything is made.
struct LocalOptionParser {
    let options: [String: String]
    /// The volume's name, for errors.
    let object: String

    private static let keys = ["type", "device", "o", "size"]

    func parse() throws(StorageError) -> LocalDriverOptions {
        try checkKeys()
        let words = options["o"].map { $0.split(separator: ",").map(String.init) } ?? []
        switch (options["type"], options["device"]) {
        case (let type?, let source?): return try parseDevice(.init(type: type, source: source, options: words))
        case (nil, nil): return try parseDirectory(words)
        case (let type?, nil):
            throw refusal(
                "type", "missing required option 'device'",
                "add --opt device=\(type == "tmpfs" ? "tmpfs" : "WHAT-TO-MOUNT")")
        case (nil, _?):
            throw refusal(
                "device", "missing required option 'type'",
                "add --opt type=nfs, cifs, tmpfs, ext4 …, or --opt type=none --opt o=bind for a directory of this host")
        }
    }

    private func checkKeys() throws(StorageError) {
        for key in options.keys.sorted() where !Self.keys.contains(key) {
            let shown = key.printable(limit: 80)
            throw StorageError(
                .invalidInput, object: object, "--opt \(shown): driver 'local' has no option '\(shown)'",
                hint: "its options are type, device, o and size")
        }
        for key in Self.keys {
            if options[key]?.isEmpty == true {
                throw refusal(key, "it has no value", "leave it out, or write --opt \(key)=VALUE")
            }
            if options[key]?.utf8.contains(0) == true { throw refusal(key, "it has a NUL byte in it", "leave it out") }
        }
    }

    // MARK: Devices

    private func parseDevice(_ device: LocalDriverOptions.Device) throws(StorageError) -> LocalDriverOptions {
        if device.isBind {
            guard device.source.hasPrefix("/") else {
                throw refusal("device", "a directory of this host is named by its absolute path", "begin it with /")
            }
            if let word = device.options.first(where: { $0.hasPrefix("uid=") || $0.hasPrefix("gid=") }) {
                throw refusal(
                    "o", "'\(word)' has no meaning for a directory of this host, which keeps its owner",
                    "change the owner of the directory: chown")
            }
        } else if device.type == "none" {
            throw refusal("type", "'none' mounts nothing by itself", "add --opt o=bind, or name a file system")
        }
        if device.options.contains("remount") {
            throw refusal("o", "'remount' mounts nothing", "leave it out")
        }
        if device.type == "cifs" || device.type == "smb3" { try checkShare(device.source) }
        let size: UInt64? = if let text = options["size"] { try size(text, of: "size") } else { nil }
        guard size == nil || device.isMemory else {
            throw refusal(
                "size", "what lies on a device of its own cannot be limited here",
                "leave it out, or limit it where the data is")
        }
        return LocalDriverOptions(device: device, sizeBytes: size, uid: nil, gid: nil)
    }

    private func checkShare(_ source: String) throws(StorageError) {
        let isShare = source.hasPrefix("//") || source.hasPrefix("\\\\")
        guard isShare, let host = source.dropFirst(2).split(separator: "/", maxSplits: 1).first else {
            throw refusal("device", "it is not of the form //HOST/SHARE", "write it as in //nas/backups")
        }
        let address = host.split(separator: "@").last ?? host
        if !address.hasPrefix("["), let colon = address.lastIndex(of: ":"),
            address[address.index(after: colon)...].allSatisfy(\.isNumber)
        {
            throw refusal("device", "it has a port in it", "leave the port out and add it to o: --opt o=port=…")
        }
    }

    // MARK: Directories

    /// Without a device `o` takes what Podman takes.
    private func parseDirectory(_ words: [String]) throws(StorageError) -> LocalDriverOptions {
        var (uid, gid): (UInt32?, UInt32?) = (nil, nil)
        var sizes: [UInt64?] = []
        if let text = options["size"] { sizes.append(try size(text, of: "size")) }
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            switch (parts[0], parts.count) {
            case ("uid", 2): uid = try identity(parts[1], word)
            case ("gid", 2): gid = try identity(parts[1], word)
            case ("size", 2): sizes.append(try size(parts[1], of: "o"))
            default:
                throw refusal(
                    "o",
                    "missing required options 'type' and 'device': '\(parts[0].printable(limit: 80))' concerns a mount",
                    "add --opt type=… and --opt device=…; alone, o takes uid=, gid= and size=")
            }
        }
        guard Set(sizes).count < 2 else { throw refusal("size", "the size in 'o' is another one", "give it once") }
        return LocalDriverOptions(device: nil, sizeBytes: sizes.first ?? nil, uid: uid, gid: gid)
    }

    private func identity(_ text: String, _ word: String) throws(StorageError) -> UInt32 {
        guard let number = UInt32(text), number != .max else {
            throw refusal("o", "'\(word.printable(limit: 80))' is not a numeric id", "use the number, as in uid=1000")
        }
        return number
    }

    /// - Returns: `nil` for no limit, which Docker writes as -1 or 0.
    private func size(_ text: String, of key: String) throws(StorageError) -> UInt64? {
        if text == "-1" || text == "0" { return nil }
        guard let size = ByteCount(parsing: text) else {
            throw refusal(
                key, "'\(text.printable(limit: 80))' is not a size",
                "write a number with its unit, as in 512m or 10g (powers of 1024)")
        }
        return size.bytes
    }

    /// Of `o` and `device` the value is not shown: there may be a password in it.
    private func refusal(_ key: String, _ reason: String, _ hint: String) -> StorageError {
        let value = options[key].map { "=\($0.printable(limit: 120))" } ?? ""
        let shown = key == "type" || key == "size" ? value : ""
        return StorageError(.invalidInput, object: object, "--opt \(key)\(shown): \(reason)", hint: hint)
    }
}
