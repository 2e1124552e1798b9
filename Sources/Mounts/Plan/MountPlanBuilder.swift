internal import StorageModel

/// Puts the mounts of a plan together, from the weakest claim to the strongest.
struct MountPlanBuilder {
    private struct Slot {
        var mount: ContainerMount
        /// Whether a flag asked for it by itself, so that no other flag may want something else here.
        var isExplicit: Bool
        var replaced: [MountOrigin] = []
    }

    private var slots: [ContainerPath: Slot] = [:]
    private(set) var omitted: [OmittedMount] = []

    /// Declarations are cleaned as Docker cleans them; one that is not absolute counts from the root, and one that means the
    /// root itself has no effect.
    mutating func addImageVolumes(_ paths: [String]) {
        for path in paths {
            // The only other reason for a refusal is a NUL byte, which no path has.
            guard let destination = try? ContainerPath("/" + path), !destination.isRoot, slots[destination] == nil
            else { continue }
            let spec = MountSpec(destination: destination, content: .volume(VolumeMount(name: nil)))
            put(ContainerMount(spec: spec, origin: .image), isExplicit: false)
        }
    }

    mutating func addWeak(_ mount: RequestedMount) {
        // The same path twice is one volume.
        if let slot = slots[mount.spec.destination], slot.mount.origin != .image { return }
        put(ContainerMount(spec: mount.spec, origin: mount.origin), isExplicit: false)
    }

    /// Takes over what another container has, but what lies in its memory.
    mutating func inherit(from container: InheritedContainer) {
        for mount in container.mounts {
            let origin = MountOrigin.volumesFrom(container.name)
            guard var spec = Self.inheritable(mount.spec) else {
                omitted.append(
                    OmittedMount(
                        destination: mount.spec.destination, origin: origin,
                        reason: "a tmpfs belongs to one container alone"))
                continue
            }
            spec.isReadOnly = spec.isReadOnly || container.isReadOnly
            put(ContainerMount(spec: spec, origin: origin, image: mount.image), isExplicit: false)
        }
    }

    /// - Throws: ``StorageModel/StorageError/Code/invalidInput`` if another flag wants something else there.
    mutating func add(_ mount: RequestedMount) throws(StorageError) {
        if let slot = slots[mount.spec.destination], slot.isExplicit {
            if slot.mount.spec == mount.spec { return }
            throw Self.duplicate(mount, slot.mount.origin)
        }
        put(ContainerMount(spec: mount.spec, origin: mount.origin), isExplicit: true)
    }

    /// A mount that is settled already.
    mutating func take(_ mount: ContainerMount) { put(mount, isExplicit: true) }

    /// The mounts by depth, then by bytes.
    func ordered() -> [PlannedMount] {
        slots.keys.sorted().compactMap { path in
            slots[path].map { slot in
                PlannedMount(mount: slot.mount, replaced: slot.replaced, enclosing: enclosing(path))
            }
        }
    }

    private mutating func put(_ mount: ContainerMount, isExplicit: Bool) {
        let earlier = slots[mount.spec.destination]
        let replaced = earlier.map { [$0.mount.origin] + $0.replaced } ?? []
        slots[mount.spec.destination] = Slot(mount: mount, isExplicit: isExplicit, replaced: replaced)
    }

    private func enclosing(_ path: ContainerPath) -> ContainerPath? {
        var rest = path.rawValue[...]
        while let slash = rest.lastIndex(of: "/"), slash > rest.startIndex {
            rest = rest[..<slash]
            if let above = try? ContainerPath(String(rest)), slots[above] != nil { return above }
        }
        return nil
    }

    /// The other container has filled its volumes, if they were to be filled; one without a name stays without one, so that
    /// it goes with the last container that has it.
    private static func inheritable(_ spec: MountSpec) -> MountSpec? {
        var spec = spec
        switch spec.content {
        case .volume(var volume):
            volume.isPopulated = false
            spec.content = .volume(volume)
        case .bind, .image: break
        case .tmpfs: return nil
        }
        return spec
    }

    private static func duplicate(_ mount: RequestedMount, _ earlier: MountOrigin) -> StorageError {
        let destination = mount.spec.destination
        return StorageError(
            .invalidInput, object: destination.rawValue,
            "two mounts are asked for at \(destination.rawValue.printable(limit: 200)): "
                + "\(earlier.words) and \(mount.origin.words)",
            hint: "leave out one of them, or mount it somewhere else")
    }
}
