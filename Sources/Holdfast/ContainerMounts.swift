internal import Catalog
internal import Containers
internal import FileTree
internal import Glibc
internal import Images
internal import Layers
internal import Mounts
internal import StorageModel
internal import Volumes

/// What a container mounts, opened and ready to be attached.
///
/// Its volumes are leased until they are attached, so that nobody fills, replaces or removes them meanwhile. From then on the
/// mounts themselves show that they are in use. The leases of volumes on devices are held as long as this value lives: nothing
/// else tells that a device must stay mounted.
final class ContainerMounts {
    /// With their places among the container's mounts.
    private(set) var prepared: [(number: Int, mount: PreparedMount)] = []
    private var volumes: [(opened: OpenedVolume, hasDevice: Bool)] = []
    private let container: Container
    private let mapping: IdentityMapping?

    /// Opens all sources, in the order of the mounts.
    ///
    /// - Parameters:
    ///   - root: the container's root, in which users are looked up by name.
    ///   - includesMemory: whether file systems in memory are made now, and not by a runtime at each start.
    ///   - isUse: whether the container uses them now, which is recorded.
    init(
        of opened: OpenedContainer, root: SharedDescriptor, in store: Store, includesMemory: Bool,
        isUse: Bool = true
    ) throws(StorageError) {
        container = opened.container
        try store.refuseForbidden(container.mounts.map(\.spec))
        let stage = try Self.stage(of: opened, in: store)
        mapping = try store.mapping(of: container)
        let users = ContainerUsers(container, root, store)
        let preparation = SourcePreparation(
            mapping: mapping, home: try Self.duplicate(opened.home, container),
            scratch: try Self.duplicate(store.staging, container), user: users.user)
        for (number, mount) in container.mounts.enumerated() {
            if case .tmpfs = mount.spec.content, !includesMemory { continue }
            if let stage, let staged = try Self.copy(of: mount, number, in: stage) {
                prepared.append((number, staged))
                continue
            }
            let source = try self.source(of: mount, in: store)
            prepared.append((number, try preparation.prepare(mount, number: number, from: source)))
        }
        if isUse { try stamp(in: store) }
    }

    /// Where the mounts are attached for a runtime already: they are taken from there, as two overlays must not keep their
    /// changes in one place, and what lies in memory is there only.
    private static func stage(of opened: OpenedContainer, in store: Store) throws(StorageError) -> SharedDescriptor? {
        guard let stage = try store.containers.stage(of: opened) else { return nil }
        do throws(FileError) {
            return try MountAttachment.isComplete(stage.descriptor) ? stage : nil
        } catch {
            let container = opened.container
            throw StorageError(error, doing: "look at container '\(container.name)'", object: container.name.rawValue)
        }
    }

    /// - Returns: `nil` for a file system in memory that the runtime makes itself.
    private static func copy(
        of mount: ContainerMount, _ number: Int, in stage: SharedDescriptor
    ) throws(StorageError) -> PreparedMount? {
        do throws(StorageError) {
            return try .copying(mount.spec, number: number, from: stage.descriptor)
        } catch  where error.code == .notFound && mount.spec.kind == "tmpfs" {
            return nil
        }
    }

    /// Attaches everything in the container's root.
    func attach(in root: SharedDescriptor) throws(StorageError) {
        try MountAttachment.attach(prepared.map(\.mount), in: root.descriptor, owner: rootOwner)
    }

    /// Lets go of the volumes, and of what is attached nowhere.
    func release() {
        prepared = []
        volumes = []
    }

    /// Shows the root with everything attached in it to nobody else.
    ///
    /// - Parameter base: the root, which may be mounted elsewhere, or have some of the mounts already.
    func hidden(in base: SharedMount) throws(StorageError) -> HiddenMounts {
        let (mounts, owner) = (prepared.map(\.mount), rootOwner)
        return try HiddenMounts(
            base, doing: "mount container '\(container.name)'", object: container.name.rawValue
        ) { root throws(StorageError) in
            try MountAttachment.attach(mounts, in: root.descriptor, owner: owner)
        }
    }

    /// Attaches everything side by side in a directory of the host, for a runtime, and makes what is missing of the
    /// destinations.
    ///
    /// - Parameter path: of the directory.
    /// - Returns: what the runtime is to mount, in order, file systems in memory included.
    func stage(
        in directory: borrowing Descriptor, at path: String, root: SharedDescriptor
    ) throws(StorageError) -> [RuntimeMount] {
        if container.mounts.isEmpty { return [] }
        try makeDestinations(in: root)
        try MountAttachment.stage(
            prepared, at: ContainerStore.mountsName, in: directory, doing: "run container '\(container.name)'",
            object: container.name.rawValue)
        volumes.removeAll { !$0.hasDevice }
        let staged = Dictionary(uniqueKeysWithValues: prepared.map { ($0.number, $0.mount) })
        var result: [RuntimeMount] = []
        for (number, mount) in container.mounts.enumerated() {
            result.append(try runtimeMount(mount.spec, staged[number], "\(path)/mounts/\(number)"))
        }
        return result
    }

    private func runtimeMount(
        _ spec: MountSpec, _ mount: PreparedMount?, _ path: String
    ) throws(StorageError) -> RuntimeMount {
        if case .tmpfs(let tmpfs) = spec.content, mount == nil {
            var restrictions = spec.flagNames
            if spec.isReadOnly { restrictions.append("ro") }
            return RuntimeMount(
                destination: spec.destination.rawValue, type: "tmpfs", source: "tmpfs",
                options: restrictions + tmpfs.fileSystemOptions)
        }
        // The tree has its restrictions already. A runtime that mounts it anew must name all of them, or it would try to
        // lift some, which in a user namespace it may not.
        let restrictions: MountRestrictions
        do throws(FileError) {
            restrictions = try mount?.restrictions() ?? []
        } catch {
            throw StorageError(
                error, doing: "mount \(spec.sourceWords) at \(spec.destination)", object: spec.destination.rawValue)
        }
        return RuntimeMount(
            destination: spec.destination.rawValue, type: "bind", source: path,
            options: ["rbind", spec.propagation.rawValue] + restrictions.names)
    }

    /// A mountpoint inside another mount, or in what the runtime mounts itself, is the runtime's to make.
    private func makeDestinations(in root: SharedDescriptor) throws(StorageError) {
        let reserved = try ["/proc", "/dev", "/sys"].map { path throws(StorageError) in try ContainerPath(path) }
        let destinations = container.mounts.map(\.spec.destination)
        let staged = Dictionary(uniqueKeysWithValues: prepared.map { ($0.number, $0.mount) })
        for (number, mount) in container.mounts.enumerated() {
            let path = mount.spec.destination
            let isInside = (reserved + destinations).contains { path != $0 && path.isWithin($0) }
            guard let ready = staged[number], !isInside, !reserved.contains(path) else { continue }
            _ = try Mountpoint.make(
                path, in: root.descriptor, isDirectory: ready.isDirectory, owner: rootOwner,
                for: mount.spec.sourceWords)
        }
    }

    /// The host's id of the container's root.
    private var rootOwner: UInt32 { mapping?.outside(of: 0) ?? 0 }

    private func source(of mount: ContainerMount, in store: Store) throws(StorageError) -> MountSource {
        switch mount.spec.content {
        case .tmpfs: return .memory
        case .bind(let bind): return try .open(bind)
        case .image(let image):
            let id = if let id = mount.image { id } else { try store.images.image(image.reference).id }
            return .view(try store.view(ofImage: id, called: image.reference))
        case .volume(let volume):
            guard let name = volume.name else {
                throw StorageError(
                    .damaged, object: container.name.rawValue,
                    "container '\(container.name)' has an anonymous volume at \(mount.spec.destination) without a name")
            }
            let opened = try store.volumes.open(name, for: .reading)
            volumes.append((opened, try store.volumes.device(of: opened.volume) != nil))
            return .entry(SharedDescriptor(try store.volumes.attachDevice(of: opened)))
        }
    }

    /// Records when the volumes were mounted, in one transaction.
    private func stamp(in store: Store) throws(StorageError) {
        let names = volumes.map(\.opened.volume.name)
        if names.isEmpty { return }
        try store.catalog.transaction { transaction throws(StorageError) in
            try transaction.stampMounted(names, at: .now)
        }
    }

    private static func duplicate(
        _ directory: borrowing Descriptor, _ container: Container
    ) throws(StorageError) -> SharedDescriptor {
        do throws(FileError) {
            return SharedDescriptor(try directory.duplicate())
        } catch {
            throw StorageError(error, doing: "mount container '\(container.name)'", object: container.name.rawValue)
        }
    }
}

/// Finds users of a container, when somebody asks.
private struct ContainerUsers: Sendable {
    private let container: Container
    private let root: SharedDescriptor
    private let store: Store

    init(_ container: Container, _ root: SharedDescriptor, _ store: Store) {
        self.container = container
        self.root = root
        self.store = store
    }

    /// - Parameter text: as of `--user`; `nil` for the container's own.
    func user(_ text: String?) throws(StorageError) -> MountUser {
        var chosen = text ?? container.settings.user
        if text == nil && chosen.isEmpty { chosen = try store.images.configuration(of: container.image).user }
        let user = try UserResolution(root: root.descriptor, of: "container '\(container.name)'").user(chosen)
        return MountUser(uid: user.uid, gid: user.gid)
    }
}

extension Store {
    /// Unmounts the devices of a container's volumes that nobody has any more: no running container, which holds the volume's
    /// lease, and where it is memory, no mount made of it: that would not be the memory of the next one. What cannot be
    /// unmounted stays, as for the next container that has it.
    func releaseDevices(of container: Container) {
        for name in Set(container.mounts.compactMap(\.spec.volumeName)) {
            guard let volume = try? catalog.volume(named: name), let device = try? volumes.device(of: volume),
                (try? volumes.open(name, for: .changing)) != nil,
                !(device.isMemory && isMountedElsewhere(name))
            else { continue }
            _ = try? volumes.detachDeviceIfUnused(name)
        }
    }

    /// Whether the file system at the volume's mountpoint is mounted at another place too.
    private func isMountedElsewhere(_ name: VolumeName) -> Bool {
        guard let table = try? MountTable.ofThisProcess() else { return true }
        let place = Array(volumes.mountpoint(of: name).utf8)
        guard let own = table.last(where: { $0.mountpoint == place }) else { return false }
        return table.contains { $0.device == own.device && $0.mountpoint != place }
    }

    /// The root of an image, read-only, attached nowhere.
    func view(ofImage id: Digest, called reference: String) throws(StorageError) -> SharedMount {
        let top = try images.image(id.hex).topLayer
        let stack = try layers.stack(to: top)
        let doing = "mount image '\(reference.printable(limit: 200))'"
        if stack.isEmpty {
            // An image without layers is an empty directory.
            return SharedMount(
                try MemoryMount.make(["mode=755"], restrictions: .readOnly, doing: doing, object: reference))
        }
        return SharedMount(
            try OverlayMount.make(
                lowers: stack.layers, usesUserAttributes: layers.form.usesUserAttributes, scratch: staging,
                doing: doing, object: reference))
    }
}

extension MountRestrictions {
    /// As mount(8) has them.
    var names: [String] {
        let all: [(MountRestrictions, String)] = [
            (.readOnly, "ro"), (.noSetID, "nosuid"), (.noDevices, "nodev"), (.noExecution, "noexec"),
        ]
        return all.filter { contains($0.0) }.map(\.1)
    }
}

extension MountSpec {
    /// What it forbids beside writing, as mount(8) has it.
    fileprivate var flagNames: [String] {
        let all: [(MountFlags, String)] = [(.noSetID, "nosuid"), (.noDevices, "nodev"), (.noExecution, "noexec")]
        return all.filter { restrictions.contains($0.0) }.map(\.1)
    }
}
