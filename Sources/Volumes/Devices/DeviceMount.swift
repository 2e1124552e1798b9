internal import FileTree
internal import StorageModel

/// Mounts what a volume's driver options name on its data directory, as Docker's driver `local` does.
struct DeviceMount {
    private let device: LocalDriverOptions.Device
    private let volume: Volume

    init(_ device: LocalDriverOptions.Device, _ volume: Volume) {
        self.device = device
        self.volume = volume
    }

    /// - Parameter directory: `volumes/<name>`.
    func mount(in directory: borrowing Descriptor) throws(StorageError) {
        var options = MountOptions(try kernelWords())
        do throws(FileError) {
            if device.isBind {
                options.makeBind()
                let source = try Descriptor.openDirectory(atHostPath: device.source)
                // The descriptor and not the path, which may lead elsewhere in a moment.
                try MountCall.mount(
                    "none", from: "/proc/self/fd/\(source.rawValue)", options, on: Volumes.dataName, in: directory)
            } else {
                try MountCall.mount(device.type, from: device.source, options, on: Volumes.dataName, in: directory)
            }
            guard try directory.status(of: Volumes.dataName).isMountRoot else {
                throw FileError("mount", errno: .invalidArgument)
            }
        } catch {
            throw failure(error)
        }
    }

    /// The words for the kernel: names of hosts resolved, as only mount(8) and its helpers do otherwise, and the volume's size.
    private func kernelWords() throws(StorageError) -> [String] {
        var words = device.options
        if device.isMemory, let size = volume.options["size"], let bytes = ByteCount(parsing: size)?.bytes,
            !words.contains(where: { $0.hasPrefix("size=") })
        {
            words.append("size=\(bytes)")
        }
        guard let host = serverInSource else { return try words.map(resolvingAddress) }
        if !words.contains(where: { $0.hasPrefix("addr=") || $0.hasPrefix("ip=") }) { words.append("addr=\(host)") }
        return try words.map(resolvingAddress)
    }

    /// The host that the source of a network file system names.
    private var serverInSource: String? {
        switch device.type {
        case "nfs", "nfs4":
            // HOST:/path; an IPv6 address is in brackets.
            guard let end = device.source.range(of: ":/") else { return nil }
            let host = device.source[..<end.lowerBound]
            return host.isEmpty ? nil : String(host).withoutBrackets
        case "cifs", "smb3":
            let path = device.source.drop { $0 == "/" || $0 == "\\" }
            let host = path.prefix { $0 != "/" && $0 != "\\" }.split(separator: "@").last ?? ""
            return host.isEmpty ? nil : String(host).withoutBrackets
        default: return nil
        }
    }

    private func resolvingAddress(_ word: String) throws(StorageError) -> String {
        guard word.hasPrefix("addr="), device.type == "nfs" || device.type == "nfs4" || isShare else { return word }
        let name = String(word.dropFirst(5))
        let (address, reason) = HostAddress.resolve(name)
        guard let address else {
            throw StorageError(
                .system, object: volume.name.rawValue,
                "cannot mount volume '\(volume.name)': the host '\(name.printable(limit: 120))' cannot be found: \(reason)",
                hint: "check its name in the volume's options, and the resolver of this host", causes: [about])
        }
        return "addr=\(address)"
    }

    private var isShare: Bool { device.type == "cifs" || device.type == "smb3" }

    private var about: String { "its driver options are \(device.description.printable(limit: 400))" }

    private func failure(_ error: FileError) -> StorageError {
        let plain = StorageError(error, doing: "mount volume '\(volume.name)'", object: volume.name.rawValue)
        return StorageError(
            plain.code, object: plain.object, plain.message, errno: error.errno, hint: hint(error.errno) ?? plain.hint,
            causes: [about])
    }

    private func hint(_ errno: Errno) -> String? {
        switch errno {
        case .noSuchDevice: "the kernel has no file system '\(device.type)'; perhaps: modprobe \(device.type)"
        case .noEntry: "what its option 'device' names does not exist"
        case .notDirectory: "its option 'device' must name a directory"
        case .invalidArgument:
            "the kernel refuses the options, or finds no such file system there; its log says more (dmesg)"
        case .notPermitted, .accessDenied: "mounting needs root, and the server's permission"
        case .busy: "the device is in use, or is mounted with other options"
        default:
            device.isBind ? nil : "check that the device or the server is there; the kernel's log may say more (dmesg)"
        }
    }
}

extension String {
    fileprivate var withoutBrackets: String { hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self }

    /// Where the first occurrence of a short text is.
    fileprivate func range(of text: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
