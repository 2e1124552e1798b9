internal import Catalog
internal import Containers
internal import FileTree
internal import Images
internal import Layers
internal import Mounts
internal import StorageModel
internal import Volumes

/// The image of a check.
struct CheckedImage {
    let name: String
    let stack: LayerStack
    /// As the image's configuration has it.
    let user: String
}

/// One run of the check: looks up what the rooms below know and the checker does not.
struct MountCheck {
    let store: Store?
    /// With links resolved; `nil` if there is none.
    let storePath: String?
    let request: MountCheckRequest

    func run() throws(StorageError) -> MountCheckReport {
        let image = try checkedImage()
        let resolution = try userResolution(image)
        let (subject, name) = try subject(resolution, image)
        let plan = try MountPlan(request: request.mounts, inherited: try inherited())
        return try assess(
            plan.mounts.map(\.mount.spec), for: subject, image: image,
            match: { (user) throws(StorageError) in
                let user = try resolve(user ?? name, [], resolution, hasImage: image != nil)
                return MountUser(uid: user.uid, gid: user.gid)
            })
    }

    /// - Parameter match: the user of `bind-idmap=match-user:USER`; the subject without a name.
    func assess(
        _ mounts: [MountSpec], for subject: MountSubject, image: CheckedImage?,
        match: ((String?) throws(StorageError) -> MountUser)? = nil
    ) throws(StorageError) -> MountCheckReport {
        let checker = MountChecker(
            subject: subject, policy: try policy(), surroundings: HostSurroundings(storePath: storePath))
        var assessments: [MountAssessment] = []
        for mount in mounts {
            let found = try source(of: mount, image)
            var assessment = try checker.assess(
                found.mount, found.source, destination: try destination(of: mount, in: image),
                owners: { (status) throws(StorageError) in
                    try owners(mount, status, subject) { (name) throws(StorageError) in
                        try match?(name) ?? MountUser(uid: subject.uid, gid: subject.gid)
                    }
                })
            assessment.mount = mount
            assessment.findings += found.findings
            assessments.append(assessment)
        }
        return MountCheckReport(subject: subject, assessments: assessments)
    }

    // MARK: Who

    private func subject(
        _ resolution: UserResolution, _ image: CheckedImage?
    ) throws(StorageError) -> (MountSubject, name: String) {
        let name = request.user ?? image?.user ?? ""
        let user = try resolve(name, request.groups, resolution, hasImage: image != nil)
        let subject = MountSubject(
            uid: user.uid, gid: user.gid, supplementaryGroups: user.supplementaryGroups, mapping: request.mapping,
            capabilities: request.capabilities, isRootless: request.isRootless)
        return (subject, name)
    }

    private func resolve(
        _ user: String, _ groups: [String], _ resolution: UserResolution, hasImage: Bool
    ) throws(StorageError) -> ContainerUser {
        do throws(StorageError) {
            return try resolution.user(user, groups: groups)
        } catch  where error.code == .notFound && !hasImage {
            throw StorageError(
                .invalidInput, object: error.object,
                "'\(error.object.printable(limit: 80))' is a name, and only an image knows whose",
                hint: "name the image with --image, or give the number")
        }
    }

    private func userResolution(_ image: CheckedImage?) throws(StorageError) -> UserResolution {
        guard let image else { return UserResolution(passwords: [], groups: [], of: "the image") }
        let object = "image '\(image.name.printable(limit: 200))'"
        return UserResolution(
            passwords: try image.stack.text(of: "etc/passwd", object),
            groups: try image.stack.text(of: "etc/group", object), of: object)
    }

    // MARK: What

    private func checkedImage() throws(StorageError) -> CheckedImage? {
        guard let name = request.image, let store else { return nil }
        let image = try store.images.image(name)
        return CheckedImage(
            name: name, stack: try store.layers.stack(to: image.topLayer),
            user: try store.images.configuration(of: image.id).user)
    }

    private func inherited() throws(StorageError) -> [InheritedContainer] {
        guard let store else { return [] }
        var result: [InheritedContainer] = []
        for wanted in request.mounts.volumesFrom {
            let container = try store.containers.container(wanted.container)
            result.append(
                InheritedContainer(
                    name: container.name.rawValue, mounts: container.mounts, isReadOnly: wanted.isReadOnly))
        }
        return result
    }

    private func destination(
        of mount: MountSpec, in image: CheckedImage?
    ) throws(StorageError) -> MountChecker.Destination {
        guard let image else { return .unknown }
        return try image.stack.directoryOrEntry(at: mount.destination, of: image.name).map { .entry($0.kind) }
            ?? .nothing
    }

    private struct FoundVolume {
        var mount: MountSpec
        var source: MountChecker.Source
        var findings: [MountFinding] = []
    }

    private func source(of mount: MountSpec, _ image: CheckedImage?) throws(StorageError) -> FoundVolume {
        switch mount.content {
        case .bind: return FoundVolume(mount: mount, source: .hostPath)
        case .tmpfs: return FoundVolume(mount: mount, source: .elsewhere)
        case .image(let wanted): return FoundVolume(mount: mount, source: .elsewhere, findings: try missing(wanted))
        case .volume(let volume): return try source(of: volume, mount, image)
        }
    }

    private func missing(_ mount: ImageMount) throws(StorageError) -> [MountFinding] {
        do throws(StorageError) {
            _ = try store?.images.image(mount.reference)
            return []
        } catch  where error.code == .notFound {
            let name = mount.reference.printable(limit: 200)
            return [
                MountFinding(
                    .sourceMissing, .denied, path: mount.reference, "there is no image '\(name)' in the store",
                    hint: "holdfast image pull \(name)")
            ]
        }
    }

    private func source(
        of volume: VolumeMount, _ mount: MountSpec, _ image: CheckedImage?
    ) throws(StorageError) -> FoundVolume {
        let seed = try image.map { image throws(StorageError) in
            try image.stack.directoryOrEntry(at: mount.destination, of: image.name)
        }
        // Where the image has nothing, and where it has a file, the volume is root's.
        let seedMetadata = seed.map { $0?.kind == .directory ? $0?.metadata : nil }
        guard let name = volume.name, let store, let known = try store.catalog.volume(named: name) else {
            if !volume.createsVolume, let name = volume.name {
                return FoundVolume(mount: mount, source: .elsewhere, findings: [absent(name)])
            }
            guard let seedMetadata else { return FoundVolume(mount: mount, source: .unknownVolume) }
            let path = volume.name.map { store?.mountpoint(of: $0) ?? $0.rawValue } ?? mount.destination.rawValue
            return FoundVolume(mount: mount, source: .newVolume(path: path, seedMetadata ?? .ofNewVolume))
        }
        let path = store.mountpoint(of: name)
        if let device = known.boundDevice {
            var bound = mount
            bound.content = .bind(BindMount(source: device, access: volume.access))
            return FoundVolume(mount: bound, source: .hostPath)
        }
        let data = try store.volumes.attempt("look at volume '\(name)'", name) { () throws(FileError) in
            SharedDescriptor(try Descriptor.openDirectory(atHostPath: path))
        }
        if known.options["type"] != nil, known.options["type"] != "none" {
            let isMounted = try store.volumes.attempt("look at volume '\(name)'", name) { () throws(FileError) in
                try data.descriptor.status().isMountRoot
            }
            if !isMounted { return FoundVolume(mount: mount, source: .elsewhere, findings: [unmounted(known, path)]) }
        }
        if let metadata = seedMetadata ?? nil, volume.subpath.isRoot, try isEmpty(name, store) {
            return FoundVolume(mount: mount, source: .newVolume(path: path, metadata))
        }
        return FoundVolume(mount: mount, source: .volume(data, path: path))
    }

    private func absent(_ name: VolumeName) -> MountFinding {
        MountFinding(
            .sourceMissing, .denied, path: name.rawValue,
            "volume '\(name)' does not exist, and 'nocreate' forbids making it",
            hint: "holdfast volume create \(name)")
    }

    private func unmounted(_ volume: Volume, _ path: String) -> MountFinding {
        let kind = volume.options["type"] ?? ""
        return MountFinding(
            .volumeNotMounted, .warning, path: path,
            "volume '\(volume.name)' (\(kind.printable(limit: 40))) is mounted at its first use: who may use it is known then",
            hint: "check again while a container has it")
    }

    /// Whether a volume would be filled. One that somebody works on is not looked into.
    private func isEmpty(_ name: VolumeName, _ store: Store) throws(StorageError) -> Bool {
        do throws(StorageError) {
            return try store.volumes.open(name, for: .reading).isEmpty()
        } catch  where error.code == .inUse || error.code == .notFound {
            return false
        }
    }

    private func owners(
        _ mount: MountSpec, _ status: FileStatus, _ subject: MountSubject,
        _ match: (String?) throws(StorageError) -> MountUser
    ) throws(StorageError) -> ShownOwners {
        let view = try IdentityView.make(
            mount.access.identity, subject.mapping, owner: MountUser(uid: status.uid, gid: status.gid), user: match,
            for: mount.destination.rawValue)
        return view.map { ShownOwners(users: $0.users, groups: $0.groups) } ?? .asStored
    }

    // MARK: The policy

    private func policy() throws(StorageError) -> MountPolicy {
        if let path = request.policyPath { return try Self.policy(at: path, isNeeded: true) ?? .none }
        guard let storePath else { return .none }
        return try Self.policy(at: HostPath.join(storePath, MountPolicy.fileName), isNeeded: false) ?? .none
    }

    private static func policy(at path: String, isNeeded: Bool) throws(StorageError) -> MountPolicy? {
        let limitBytes = 1 << 20
        let text: [UInt8]
        do throws(FileError) {
            text = try Descriptor.openFile(atHostPath: path).readToEnd(limitBytes: limitBytes + 1)
        } catch  where error.errno == .noEntry && !isNeeded {
            return nil
        } catch {
            throw StorageError(error, doing: "read the mount policy '\(path.printable(limit: 300))'", object: path)
        }
        guard text.count <= limitBytes else {
            throw StorageError(
                .limitExceeded, object: path, "the mount policy '\(path.printable(limit: 300))' is larger than 1 MiB",
                hint: "name directories instead of every source")
        }
        return try MountPolicy(parsing: text, path: path)
    }
}

extension EntryMetadata {
    /// What a volume has if the image says nothing.
    fileprivate static let ofNewVolume = EntryMetadata(mode: 0o755, uid: 0, gid: 0, modifiedAt: Timestamp(seconds: 0))
}

extension Volume {
    /// The directory of the host that the volume is a bind mount of (`type=none,o=bind,device=…`).
    fileprivate var boundDevice: String? {
        guard let device = options["device"], device.hasPrefix("/") else { return nil }
        let words = (options["o"] ?? "").split(separator: ",")
        return words.contains("bind") || words.contains("rbind") ? device : nil
    }
}
