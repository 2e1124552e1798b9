internal import FileTree
internal import StorageModel

// What holds for everybody: mounts, flags, kinds, places.
extension MountChecker {
    /// Read-only mounts and file systems, immutable entries, what cannot be executed.
    func restrictions(_ found: FoundSource, _ mount: MountSpec) -> [MountFinding] {
        var findings: [MountFinding] = []
        let path = found.place.path
        let (access, source) = (mount.access, found.mounted)
        let isWritten = !mount.isReadOnly || access.changesOwner
        if isWritten, access.overlay == nil {
            if found.fileSystem.isReadOnly, source.isProtectedByMount { findings.append(readOnly(found)) }
            let status = found.place.status
            if status.isImmutable {
                findings.append(
                    MountFinding(
                        .immutable, .denied, path: found.path,
                        "\(path.shown) is immutable: nobody may change it, root included",
                        hint: "chattr -i \(ShellText.quoted(path))"))
            } else if status.isAppendOnly {
                findings.append(
                    MountFinding(
                        .appendOnly, .warning, path: found.path,
                        "\(path.shown) may only be added to: what is there can be neither changed nor removed",
                        hint: "chattr -a \(ShellText.quoted(path))"))
            }
        }
        let isDevice = source.inode.kind == .characterDevice || source.inode.kind == .blockDevice
        if isDevice && source.forbidsDevices {
            findings.append(
                MountFinding(
                    .nodevMount, .denied, path: found.path,
                    "\(path.shown) lies in a mount with nodev: no device in it can be opened",
                    hint: mountCommand(for: path, "dev")))
        }
        // Whoever asks for noexec knows it, and what has no execute bit was never to be run.
        if found.fileSystem.forbidsExecution, !mount.restrictions.contains(.noExecution),
            source.inode.kind == .directory || source.inode.kind == .file && source.inode.mode & 0o111 != 0
        {
            findings.append(
                MountFinding(
                    .noexecMount, .warning, path: found.path,
                    "\(path.shown) lies in a mount with noexec: no program can be run from it",
                    hint: mountCommand(for: path, "exec")))
        }
        return findings
    }

    private func readOnly(_ found: FoundSource) -> MountFinding {
        let path = found.place.path
        let record = mountRecord(of: path)
        let point = record.map { $0.mountpoint.shown } ?? "its file system"
        let isMount = record.map { $0.options.contains("ro") && !$0.fileSystemOptions.contains("ro") } ?? false
        return MountFinding(
            isMount ? .readOnlyMount : .readOnlyFileSystem, .denied, path: found.path,
            isMount
                ? "\(path.shown) lies in the mount at \(point), which is read-only"
                : "\(path.shown) lies in the file system at \(point), which is read-only",
            hint: mountCommand(for: path, "rw", isMountOnly: isMount),
            alternatives: ["mount it read-only: add ro"])
    }

    private func mountCommand(for path: [UInt8], _ option: String, isMountOnly: Bool = true) -> String? {
        mountRecord(of: path).map {
            "mount -o remount,\(isMountOnly ? "bind," : "")\(option) \(ShellText.quoted($0.mountpoint))"
        }
    }

    /// The mount that a path lies in: the innermost, and of several at one place the last.
    private func mountRecord(of path: [UInt8]) -> MountRecord? {
        // Without the table only the name of the mount is missing in a message.
        guard let records = try? MountTable.ofThisProcess() else { return nil }
        var best: MountRecord?
        for record in records where path.isWithin(record.mountpoint) {
            if record.mountpoint.count >= best?.mountpoint.count ?? 0 { best = record }
        }
        return best
    }

    /// What the source is, and whether that goes with the destination.
    func content(_ found: FoundSource, _ mount: MountSpec, _ destination: Destination) -> [MountFinding] {
        var findings = kind(found)
        let isDirectory = found.place.status.kind == .directory
        switch destination {
        case .entry(.directory) where !isDirectory:
            findings.append(
                MountFinding(
                    .fileOverDirectory, .denied, path: found.path,
                    "\(found.place.path.shown) is not a directory, but \(mount.destination) is one in the image",
                    hint: "mount the directory that the file lies in, or name a file as the destination"))
        case .entry(let kind) where kind != .directory && isDirectory:
            findings.append(
                MountFinding(
                    .directoryOverFile, .denied, path: found.path,
                    "\(found.place.path.shown) is a directory, but \(mount.destination) is a \(kind.word) in the image",
                    hint: "name a file as the source, or a directory as the destination"))
        default: break
        }
        return findings + remote(found) + selinux(found)
    }

    private func kind(_ found: FoundSource) -> [MountFinding] {
        let name = found.place.path.shown
        switch found.place.status.kind {
        case .socket:
            if SensitivePlaces.runtimeSocket(found.place.path, found.mounted.inode, nil) != nil { return [] }
            return [
                MountFinding(
                    .socketSource, .warning, path: found.path,
                    "\(name) is a socket: once its server makes it anew, the container is left with the old one",
                    hint: "mount the directory that it lies in")
            ]
        case .characterDevice, .blockDevice:
            return [
                MountFinding(
                    .deviceSource, .warning, path: found.path,
                    "\(name) is a device: the container's device rules must permit it too",
                    hint: "give it to the container as a device, not as a mount")
            ]
        case .fifo:
            return [
                MountFinding(
                    .fifoSource, .warning, path: found.path,
                    "\(name) is a fifo: who opens it waits until the other side does",
                    hint: "make sure that something on the host opens the other side")
            ]
        default: return []
        }
    }

    private func remote(_ found: FoundSource) -> [MountFinding] {
        guard surroundings.remoteTypes.contains(found.fileSystem.type), user?.uid == 0 else { return [] }
        return [
            MountFinding(
                .rootSquash, .warning, path: found.path,
                "\(found.place.path.shown) lies on a network file system, whose server may treat root as nobody (root_squash)",
                hint: "run the container as the user that the files belong to: --user UID:GID")
        ]
    }

    /// The types that containers may use under the policy of container-selinux.
    private static let containerTypes = [
        "container_file_t", "container_ro_file_t", "svirt_sandbox_file_t", "container_share_t",
    ]

    private func selinux(_ found: FoundSource) -> [MountFinding] {
        guard surroundings.hasSELinux else { return [] }
        // Without a label the kernel's default for the file system counts, which no container may use.
        let value = (try? found.handle.descriptor.attributeValue("security.selinux")) ?? []
        let label = String(decoding: value.prefix { $0 != 0 }, as: UTF8.self)
        let type = label.split(separator: ":").dropFirst(2).first.map(String.init)
        if let type, Self.containerTypes.contains(type) { return [] }
        return [
            MountFinding(
                .selinuxLabel, .warning, path: found.path,
                "\(found.place.path.shown) has \(label.isEmpty ? "no SELinux label" : "the SELinux label \(label.printable(limit: 200))"): "
                    + "a confined container may use container_file_t only",
                hint: "chcon -R -t container_file_t \(ShellText.quoted(found.place.path))",
                alternatives: ["let the engine do it: add z, or Z for this container alone"])
        ]
    }

    // MARK: Places that matter

    /// What the source gives away of the host.
    func sensitivity(_ found: FoundSource, _ mount: MountSpec) -> [MountFinding] {
        let (path, inode) = (found.place.path, found.mounted.inode)
        var findings: [MountFinding] = []
        if let store = surroundings.storePath, path.isWithin(store) || Array(store.utf8).isWithin(path) {
            findings.append(
                MountFinding(
                    .storeSource, policy.sensitive, path: found.path,
                    path.isWithin(store)
                        ? "\(path.shown) lies in Holdfast's store: the container could change what only Holdfast may"
                        : "\(path.shown) contains Holdfast's store '\(store.printable(limit: 200))'",
                    hint: "mount a volume by its name, or a directory beside the store"))
        }
        if let socket = SensitivePlaces.runtimeSocket(path, inode, found.handle) {
            findings.append(
                MountFinding(
                    .runtimeSocket, policy.sensitive, path: found.path,
                    "\(path.shown) \(socket == path ? "is" : "contains") a container runtime's socket\(socket == path ? "" : ", \(socket.shown)"): "
                        + "who may write to it is root on the host; a read-only mount changes nothing about that",
                    hint: "leave it out, or put a proxy before it that permits little"))
        } else if let place = SensitivePlaces.match(path, inode, isReadOnly: mount.isReadOnly) {
            findings.append(
                MountFinding(
                    .sensitiveSource, policy.sensitive, path: found.path, "\(path.shown) holds \(place.why)",
                    hint: "mount only what the container needs of it" + (mount.isReadOnly ? "" : ", read-only")))
        }
        return findings
    }

    /// What an administrator forbids.
    func policyFindings(_ walk: SourceWalk, _ path: [UInt8]) -> [MountFinding] {
        if let denied = policy.deniedPrefix(of: path) {
            return [
                MountFinding(
                    .deniedPrefix, .denied, path: text(path),
                    "the mount policy forbids \(path.shown): \(path.isWithin(denied) ? "it lies in" : "it contains") '\(denied.printable(limit: 200))'",
                    hint: "choose another source, or change deniedPrefixes in the policy")
            ]
        }
        if policy.allows(path) { return [] }
        let allowed = policy.allowedPrefixes ?? []
        // The link that leads from an allowed place to one that is not.
        if let link = walk.links.last(where: { policy.allows($0.path) }) {
            return [
                MountFinding(
                    .symlinkEscapes, .denied, path: text(link.path),
                    "the symbolic link \(link.path.shown) leads to \(path.shown), outside of what the mount policy allows",
                    hint: "move the data into an allowed place, or change allowedPrefixes in the policy")
            ]
        }
        return [
            MountFinding(
                .outsideAllowedPrefixes, .denied, path: text(path),
                "the mount policy does not allow \(path.shown): it lies in none of "
                    + (allowed.isEmpty
                        ? "no places at all" : allowed.map { "'\($0.printable(limit: 200))'" }.joined(separator: ", ")),
                hint: "choose a source in an allowed place, or change allowedPrefixes in the policy")
        ]
    }
}
