internal import Catalog
internal import Containers
internal import FileTree
internal import Images
internal import Layers
internal import Mounts
public import StorageModel
internal import Volumes

extension Store {
    /// What a container that is made with these mounts would mount, in which order and why. Nothing is made or changed.
    ///
    /// - Parameters:
    ///   - request: what is asked for.
    ///   - image: a name or the beginning of an id; its volumes belong to the plan. `nil` for none.
    /// - Throws: ``StorageError/Code/invalidInput`` if two mounts have one destination; ``StorageError/Code/notFound`` if there
    ///   is no such image or no container whose mounts are to be taken over.
    public func planMounts(_ request: MountRequest, image: String? = nil) throws(StorageError) -> MountPlanReport {
        let found = try image.map { name throws(StorageError) in try images.image(name) }
        let stack = try found.map { image throws(StorageError) in try layers.stack(to: image.topLayer) }
        return try report(try mountPlan(request, of: found), stack: stack)
    }

    /// What a container mounts, in which order and why.
    ///
    /// - Parameter text: a name, or the beginning of an id.
    public func planMounts(ofContainer text: String) throws(StorageError) -> MountPlanReport {
        let container = try containers.container(text)
        return try report(
            MountPlan(of: container.mounts), stack: try layers.stack(to: try topLayer(of: container)))
    }

    /// What a container of the image would mount, in order.
    func plannedMounts(_ request: MountRequest, of image: Image) throws(StorageError) -> [ContainerMount] {
        try mountPlan(request, of: image).containerMounts
    }

    private func mountPlan(_ request: MountRequest, of image: Image?) throws(StorageError) -> MountPlan {
        let declared = try image.map { image throws(StorageError) in
            try images.configuration(of: image.id).volumes
        }
        var inherited: [InheritedContainer] = []
        for wanted in request.volumesFrom {
            let container = try containers.container(wanted.container)
            inherited.append(
                InheritedContainer(
                    name: container.name.rawValue, mounts: container.mounts, isReadOnly: wanted.isReadOnly))
        }
        return try MountPlan(request: request, imageVolumes: declared ?? [], inherited: inherited)
    }

    // MARK: What is there

    func report(_ plan: MountPlan, stack: LayerStack?) throws(StorageError) -> MountPlanReport {
        var report = MountPlanReport(mounts: [])
        for mount in plan.mounts { report.mounts.append(try entry(mount, stack)) }
        report.omitted = plan.omitted.map {
            OmittedMountReport(destination: $0.destination, origin: $0.origin.words, reason: $0.reason)
        }
        return report
    }

    private func entry(_ planned: PlannedMount, _ stack: LayerStack?) throws(StorageError) -> MountPlanEntry {
        let spec = planned.mount.spec
        var state = MountPlanEntry.SourceState.exists
        var resolved: String?
        var origin: ContainerPath?
        switch spec.content {
        case .volume(let volume):
            let content = try content(of: volume)
            state =
                content == .missing ? (volume.createsVolume && volume.subpath.isRoot ? .created : .missing) : .exists
            if let stack, volume.isPopulated, state == .created || content == .empty {
                origin = try directory(spec.destination, in: stack)
            }
        case .bind(let bind):
            resolved = HostPath.resolved(bind.source)
            state = resolved != nil ? .exists : bind.createsSource ? .created : .missing
        case .image(let image): if try !isThere(image) { state = .missing }
        case .tmpfs: break
        }
        return MountPlanEntry(
            details: try details(of: planned.mount), state: state, resolvedSource: resolved, populatedFrom: origin,
            origin: planned.mount.origin.words, reason: planned.reason)
    }

    private enum VolumeContent {
        case missing, empty, full
    }

    /// What is in the part of a volume that is mounted. A volume that somebody is working on is not looked into.
    private func content(of mount: VolumeMount) throws(StorageError) -> VolumeContent {
        guard let name = mount.name, try catalog.volume(named: name) != nil else { return .missing }
        do throws(StorageError) {
            let opened = try volumes.open(name, for: .reading)
            if mount.subpath.isRoot { return try opened.isEmpty() ? .empty : .full }
            return try volumes.attempt("look into volume '\(name)'", name) { () throws(FileError) in
                try opened.data.openDirectory(beneath: mount.subpath).isEmptyDirectory() ? .empty : .full
            }
        } catch {
            switch (error.code, error.errno) {
            case (.inUse, _), (_, .notDirectory?): return .full
            case (.notFound, _): return .missing
            default: throw error
            }
        }
    }

    /// Where the image has the directory with all links resolved; `nil` if it has none.
    private func directory(
        _ destination: ContainerPath, in stack: LayerStack
    ) throws(StorageError) -> ContainerPath? {
        do throws(FileError) {
            guard let path = try stack.resolvedPath(ofDirectory: destination.entryPath) else { return nil }
            return try? ContainerPath("/" + path.description)
        } catch {
            throw StorageError(
                error, doing: "look for \(destination) in the image", object: destination.rawValue)
        }
    }

    private func isThere(_ mount: ImageMount) throws(StorageError) -> Bool {
        do throws(StorageError) {
            _ = try images.image(mount.reference)
            return true
        } catch  where error.code == .notFound {
            return false
        }
    }
}
