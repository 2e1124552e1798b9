internal import Compose
internal import Mounts
internal import StorageModel

/// What each service of a compose file mounts, planned as the flags of a container are.
final class ComposePlan {
    let project: ComposeProject
    private let declared: [String: ComposeVolume]
    private let services: [String: ComposeService]
    /// The plans that were made, by service: several services may take from one.
    private var plans: [String: MountPlan] = [:]
    /// What the image of a service declares as volumes; nothing for an image that is not there.
    private let imageVolumes: (String) throws(StorageError) -> [String]
    /// The mounts of a container that has nothing to do with the file.
    private let containerMounts: (String) throws(StorageError) -> [ContainerMount]

    init(
        _ project: ComposeProject, imageVolumes: @escaping (String) throws(StorageError) -> [String],
        containerMounts: @escaping (String) throws(StorageError) -> [ContainerMount]
    ) {
        self.project = project
        self.imageVolumes = imageVolumes
        self.containerMounts = containerMounts
        declared = Dictionary(project.volumes.map { ($0.key, $0) }) { $1 }
        services = Dictionary(project.services.map { ($0.name, $0) }) { $1 }
    }

    /// - Throws: ``StorageModel/StorageError/Code/invalidInput`` with the line, for a mount that is not of its form, a volume
    ///   that the file does not declare, and two mounts at one place.
    func mounts(of service: ComposeService) throws(StorageError) -> MountPlan {
        if let plan = plans[service.name] { return plan }
        let plan = try makePlan(of: service)
        plans[service.name] = plan
        return plan
    }

    private func makePlan(of service: ComposeService) throws(StorageError) -> MountPlan {
        var request = MountRequest()
        for mount in service.mounts {
            request.mounts.append(RequestedMount(spec: try spec(mount), origin: .compose(service.name)))
        }
        try refuseDuplicates(zip(request.mounts, service.mounts).map { ($0.spec.destination, $1.place) })
        var inherited: [InheritedContainer] = []
        for inheritance in service.volumesFrom { inherited.append(try container(inheritance)) }
        return try MountPlan(
            request: request, imageVolumes: try service.image.map(imageVolumes) ?? [], inherited: inherited)
    }

    private func container(_ inheritance: ComposeInheritance) throws(StorageError) -> InheritedContainer {
        switch inheritance.source {
        case .container(let name):
            return InheritedContainer(
                name: name, mounts: try containerMounts(name), isReadOnly: inheritance.isReadOnly)
        case .service(let name):
            // Services that take from each other in a circle were refused when the file was read.
            let mounts = try services[name].map { service throws(StorageError) in
                try self.mounts(of: service).containerMounts
            }
            return InheritedContainer(name: name, mounts: mounts ?? [], isReadOnly: inheritance.isReadOnly)
        }
    }

    private func spec(_ mount: ComposeMount) throws(StorageError) -> MountSpec {
        do throws(StorageError) {
            switch mount.form {
            case .long(let spec): return spec
            case .tmpfs(let text): return try MountGrammar.tmpfs(text, flag: "tmpfs")
            case .short(let text):
                return try named(
                    try MountGrammar.volume(
                        text, currentDirectory: mount.place.source.directory ?? project.directory, flag: "volumes"),
                    mount.place)
            }
        } catch {
            // The excerpt stays the mount's own text: variables are replaced in it.
            let prefix = error.message.hasPrefix(mount.place.words) ? "" : "\(mount.place.words): "
            throw StorageError(
                error.code, object: error.object, prefix + error.message, hint: error.hint, excerpt: error.excerpt)
        }
    }

    /// A volume by its name in the store.
    private func named(_ spec: MountSpec, _ place: ComposePlace) throws(StorageError) -> MountSpec {
        guard case .volume(var volume) = spec.content, let key = volume.name?.rawValue else { return spec }
        guard let found = declared[key] else {
            throw place.fault(
                "the volume '\(key)' is not declared in the file",
                hint: "declare it at the top: volumes: {\(key): {}}; or write ./\(key) for a directory")
        }
        volume.name = try VolumeName(found.name)
        var result = spec
        result.content = .volume(volume)
        return result
    }

    private func refuseDuplicates(_ mounts: [(ContainerPath, ComposePlace)]) throws(StorageError) {
        var places: [ContainerPath: ComposePlace] = [:]
        for (destination, place) in mounts {
            if let earlier = places.updateValue(place, forKey: destination) {
                throw place.fault(
                    "something is mounted at \(destination.rawValue.printable(limit: 200)) already, at \(earlier.words)",
                    hint: "keep one of the two")
            }
        }
    }
}
