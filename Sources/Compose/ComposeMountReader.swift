internal import StorageModel

/// Reads a mount of a service in the long syntax.
struct ComposeMountReader {
    let node: ComposeNode
    let path: String
    let service: ComposeServiceReader

    private static let keys = [
        "type", "source", "target", "read_only", "consistency", "bind", "volume", "tmpfs", "image",
    ]
    private static let kinds = ["volume", "bind", "tmpfs", "image"]

    func read(_ notes: inout [String]) throws(StorageError) -> MountSpec {
        _ = try node.entries(path, keys: Self.keys)
        guard let type = node["type"] else {
            throw node.place.fault("\(path) has no type", hint: "write type: volume, bind, tmpfs or image")
        }
        let kind = try type.text("\(path).type")
        guard Self.kinds.contains(kind) else { throw unknown(kind, type.place) }
        for other in Self.kinds where other != kind {
            guard let foreign = node[other] else { continue }
            throw foreign.place.fault(
                "\(path) is a \(kind), and has options of a \(other)", hint: "leave out '\(other)'")
        }
        if let consistency = node["consistency"] { _ = try consistency.text("\(path).consistency") }
        let content: MountSpec.Content =
            switch kind {
            case "volume": .volume(try volume())
            case "bind": .bind(try bind())
            case "tmpfs": .tmpfs(try tmpfs(&notes))
            default: .image(try image())
            }
        let isReadOnly = try node["read_only"]?.flag("\(path).read_only") ?? false
        return MountSpec(
            destination: try destination(), content: content, isReadOnly: isReadOnly || kind == "image",
            // As `--tmpfs` has it.
            restrictions: kind == "tmpfs" ? [.noSetID, .noDevices, .noExecution] : [])
    }

    private func unknown(_ kind: String, _ place: ComposePlace) -> StorageError {
        let hint =
            switch kind {
            case "cluster": "cluster volumes are of Docker's swarm mode; use type: volume"
            case "npipe": "named pipes are of Windows"
            default: "the types are volume, bind, tmpfs and image"
            }
        return place.fault("\(path) has a type '\(kind.printable(limit: 80))' that there is not", hint: hint)
    }

    private func destination() throws(StorageError) -> ContainerPath {
        guard let target = node["target"] else {
            throw node.place.fault("\(path) has no target", hint: "write target: /path/in/container")
        }
        do throws(StorageError) {
            let found = try ContainerPath(try target.text("\(path).target"))
            if !found.isRoot { return found }
        } catch {
            throw target.place.fault("\(path).target: \(error.message)", hint: error.hint)
        }
        throw target.place.fault("\(path).target is the container's root, which cannot be mounted over")
    }

    // MARK: Kinds

    private func volume() throws(StorageError) -> VolumeMount {
        let options = node["volume"]
        _ = try options?.entries("\(path).volume", keys: ["nocopy", "subpath", "labels"])
        var mount = VolumeMount(name: nil)
        if let source = node["source"] {
            let key = try source.text("\(path).source")
            guard let volume = service.volumes[key] else { throw undeclared(key, source.place) }
            mount = VolumeMount(name: try VolumeName(volume.name))
        }
        mount.isPopulated = try !(options?["nocopy"]?.flag("\(path).volume.nocopy") ?? false)
        mount.labels = try options?["labels"]?.pairs("\(path).volume.labels") ?? [:]
        if let subpath = options?["subpath"] { mount.subpath = try self.subpath(subpath, "\(path).volume.subpath") }
        return mount
    }

    private func undeclared(_ key: String, _ place: ComposePlace) -> StorageError {
        let shown = key.printable(limit: 80)
        return place.fault(
            "\(path) names the volume '\(shown)', which the file does not declare",
            hint: key.contains("/") || key.hasPrefix(".")
                ? "a path of the host is of type: bind" : "declare it at the top: volumes: {\(shown): {}}")
    }

    private func bind() throws(StorageError) -> BindMount {
        guard let source = node["source"] else {
            throw node.place.fault("\(path) has no source", hint: "write source: /path/on/host")
        }
        let options = node["bind"]
        _ = try options?.entries("\(path).bind", keys: ["propagation", "create_host_path", "selinux", "recursive"])
        // A mount that says nothing of `bind` makes nothing, one that does makes the directory unless it says otherwise.
        let creates = try options.map { options throws(StorageError) in
            try options["create_host_path"]?.flag("\(path).bind.create_host_path") ?? true
        }
        var mount = BindMount(source: try hostPath(source), createsSource: creates ?? false)
        if let propagation = options?["propagation"] {
            mount.propagation = try self.propagation(propagation)
        }
        if let recursive = options?["recursive"] {
            let text = try recursive.text("\(path).bind.recursive")
            guard let recursion = BindMount.Recursion(rawValue: text) else {
                throw recursive.place.fault(
                    "\(path).bind.recursive is '\(text.printable(limit: 80))'",
                    hint: "write enabled, disabled, writable or readonly")
            }
            mount.recursion = recursion
        }
        if let label = options?["selinux"] {
            let text = try label.text("\(path).bind.selinux")
            guard text == "z" || text == "Z" else {
                throw label.place.fault("\(path).bind.selinux is neither z nor Z")
            }
            mount.access.label = text == "z" ? .shared : .private
        }
        return mount
    }

    private func hostPath(_ source: ComposeNode) throws(StorageError) -> String {
        let text = service.atHome(try source.text("\(path).source"))
        let absolute = text.hasPrefix("/") ? text : "\(source.place.source.directory ?? service.directory)/\(text)"
        do throws(StorageError) { return try ContainerPath(absolute).rawValue } catch {
            throw source.place.fault("\(path).source is not a path: \(error.message)")
        }
    }

    private func propagation(_ node: ComposeNode) throws(StorageError) -> MountPropagation {
        let text = try node.text("\(path).bind.propagation")
        guard let propagation = MountPropagation(rawValue: text) else {
            throw node.place.fault(
                "\(path).bind.propagation is '\(text.printable(limit: 80))'",
                hint: "write one of " + MountPropagation.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return propagation
    }

    private func tmpfs(_ notes: inout [String]) throws(StorageError) -> TmpfsMount {
        if let source = node["source"] { throw source.place.fault("\(path) is a tmpfs, which has no source") }
        let options = node["tmpfs"]
        _ = try options?.entries("\(path).tmpfs", keys: ["size", "mode"])
        var mount = TmpfsMount()
        if let size = options?["size"] {
            let text = try size.text("\(path).tmpfs.size")
            guard let bytes = ByteCount(parsing: text)?.bytes else {
                throw size.place.fault(
                    "\(path).tmpfs.size is '\(text.printable(limit: 80))'", hint: "write a number and a unit, as in 64m"
                )
            }
            mount.sizeBytes = bytes == 0 ? nil : bytes
        }
        if let mode = options?["mode"] { mount.mode = try self.mode(mode, &notes) }
        return mount
    }

    /// An octal number, with or without a zero before it. Docker Compose takes one without for a decimal number, which is
    /// never meant: that is told.
    private func mode(_ node: ComposeNode, _ notes: inout [String]) throws(StorageError) -> UInt16 {
        let text = try node.text("\(path).tmpfs.mode")
        let digits = text.hasPrefix("0o") ? text.dropFirst(2) : text[...]
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let mode = UInt16(digits, radix: 8) ?? UInt16(digits),
            mode <= 0o7777
        else {
            throw node.place.fault(
                "\(path).tmpfs.mode is '\(text.printable(limit: 80))'", hint: "write an octal number, as in 0700")
        }
        if text.first != "0", UInt16(digits, radix: 8) != nil {
            notes.append("\(node.place.words): \(path).tmpfs.mode is read as the octal number 0\(digits)")
        }
        return mode
    }

    private func image() throws(StorageError) -> ImageMount {
        guard let source = node["source"] else {
            throw node.place.fault("\(path) has no source", hint: "write source: IMAGE")
        }
        let options = node["image"]
        _ = try options?.entries("\(path).image", keys: ["subpath"])
        let subpath = try options?["subpath"].map { subpath throws(StorageError) in
            try self.subpath(subpath, "\(path).image.subpath")
        }
        return ImageMount(reference: try source.text("\(path).source"), subpath: subpath ?? .root)
    }

    private func subpath(_ node: ComposeNode, _ path: String) throws(StorageError) -> EntryPath {
        let text = try node.text(path)
        guard let subpath = EntryPath(parsing: text.utf8) else {
            throw node.place.fault(
                "\(path) is '\(text.printable(limit: 80))'",
                hint: "write it relative to the source's root, without '..'")
        }
        return subpath
    }
}
