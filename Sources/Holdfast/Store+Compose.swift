internal import Catalog
internal import Compose
internal import Containers
internal import FileTree
internal import Images
internal import Layers
internal import Mounts
public import StorageModel
internal import Volumes

extension Store {
    /// Makes what the services of a compose file need of storage: its volumes, and the host's directories that Docker Compose
    /// would make.
    ///
    /// Volumes get Docker Compose's names and labels, so that it knows them again wherever they are brought. All that can be
    /// wrong is looked for first: nothing is made of a file that is not right. Doing it again changes nothing; if it fails
    /// half-way, what was made goes again.
    ///
    /// - Throws: ``StorageError/Code/invalidInput`` with the line of the file; ``StorageError/Code/notFound`` naming an external
    ///   volume that is missing; ``StorageError/Code/conflict`` for a volume that is there and is another.
    public func composeUp(_ request: ComposeRequest, isDurable: Bool = true) throws(StorageError) -> ComposeReport {
        let project = try ComposeFiles.load(request)
        let plan = composePlan(project)
        var directories: [String] = []
        for service in project.services where service.isEnabled {
            for mount in try plan.mounts(of: service).containerMounts { directories += Self.madeSource(mount) }
        }
        var report = ComposeReport(project: project.name.rawValue, notes: project.notes)
        // An external volume that nobody is to mount may be missing.
        let needed = project.volumes.filter { !($0.isExternal && project.isIdle($0)) }
        for volume in needed { report.volumes.append(try outcome(of: volume)) }
        let preparation = ComposePreparation(self, isDurable: isDurable)
        do throws(StorageError) {
            for (index, volume) in needed.enumerated() where report.volumes[index].event == .created {
                report.volumes[index] = try preparation.make(volume)
            }
            for directory in Set(directories).sorted() { report.directories.append(try preparation.make(directory)) }
        } catch {
            preparation.takeBack()
            throw error
        }
        return report
    }

    /// Removes the volumes of a compose file.
    ///
    /// Removed is what the file declares and what carries the project's label, never an external volume, a protected one or
    /// one that is in use. What stays is told with the reason.
    ///
    /// - Parameter removesVolumes: without it nothing is removed, as there is nothing but volumes.
    public func composeDown(
        _ request: ComposeRequest, removesVolumes: Bool
    ) throws(StorageError) -> ComposeReport {
        let project = try ComposeFiles.load(request)
        var report = ComposeReport(project: project.name.rawValue, notes: project.notes)
        for volume in project.volumes {
            guard let outcome = try remove(volume, of: project, removesVolumes) else { continue }
            report.volumes.append(outcome)
        }
        let declared = Set(project.volumes.map(\.name))
        for volume in try catalog.volumes() where !declared.contains(volume.name.rawValue) {
            guard volume.labels[ComposeVolume.Label.project] == project.name.rawValue else { continue }
            report.volumes.append(
                ComposeOutcome(
                    name: volume.name.rawValue, event: .kept,
                    reason: "it is the project's, but the file does not declare it"))
        }
        return report
    }

    /// What a compose file comes to: its volumes, and what each service mounts.
    public func composeConfiguration(_ request: ComposeRequest) throws(StorageError) -> ComposeConfiguration {
        let project = try ComposeFiles.load(request)
        let plan = composePlan(project)
        var services: [ComposeConfiguration.Service] = []
        for service in project.services where service.isEnabled {
            services.append(
                ComposeConfiguration.Service(
                    name: service.name, image: service.image,
                    plan: try report(try plan.mounts(of: service), stack: try stack(ofImage: service.image))))
        }
        var volumes: [ComposeConfiguration.Volume] = []
        for volume in project.volumes {
            volumes.append(
                ComposeConfiguration.Volume(
                    key: volume.key, name: volume.name, driver: volume.driver, options: volume.options,
                    labels: volume.isExternal ? [:] : volume.allLabels, isExternal: volume.isExternal,
                    exists: try catalog.volume(named: try VolumeName(volume.name)) != nil))
        }
        return ComposeConfiguration(
            project: project.name.rawValue, directory: project.directory, volumes: volumes, services: services,
            notes: project.notes)
    }

    // MARK: Images and containers

    private func composePlan(_ project: ComposeProject) -> ComposePlan {
        ComposePlan(
            project,
            imageVolumes: { name throws(StorageError) in
                guard let image = try self.imageIfThere(name) else { return [] }
                return try self.images.configuration(of: image.id).volumes
            },
            containerMounts: { name throws(StorageError) in try self.containers.container(name).mounts })
    }

    private func stack(ofImage name: String?) throws(StorageError) -> LayerStack? {
        guard let name, let image = try imageIfThere(name) else { return nil }
        return try layers.stack(to: image.topLayer)
    }

    private func imageIfThere(_ name: String) throws(StorageError) -> Image? {
        do throws(StorageError) {
            return try images.image(name)
        } catch  where error.code == .notFound || error.code == .invalidInput {
            return nil
        }
    }

    /// The source of a bind that is made if it is missing.
    private static func madeSource(_ mount: ContainerMount) -> [String] {
        guard case .bind(let bind) = mount.spec.content, bind.createsSource else { return [] }
        return [bind.source]
    }

    // MARK: Volumes

    /// What would become of a volume: a missing one is to be made, an external one must be there.
    private func outcome(of volume: ComposeVolume) throws(StorageError) -> ComposeOutcome {
        let existing = try catalog.volume(named: try VolumeName(volume.name))
        guard volume.isExternal else {
            guard let existing else { return ComposeOutcome(name: volume.name, event: .created) }
            try volume.refuse(existing)
            return ComposeOutcome(name: volume.name, event: .existed)
        }
        guard existing != nil else {
            throw volume.place.fault(
                "the external volume '\(volume.name)' does not exist", code: .notFound,
                hint: "make it first: holdfast volume create \(volume.name); or leave out 'external'")
        }
        return ComposeOutcome(name: volume.name, event: .external)
    }

    /// - Returns: `nil` if there is no such volume.
    private func remove(
        _ volume: ComposeVolume, of project: ComposeProject, _ removesVolumes: Bool
    ) throws(StorageError) -> ComposeOutcome? {
        let name = try VolumeName(volume.name)
        guard let existing = try catalog.volume(named: name) else { return nil }
        if volume.isExternal { return ComposeOutcome(name: volume.name, event: .external) }
        guard existing.labels[ComposeVolume.Label.project] == project.name.rawValue else {
            return ComposeOutcome(
                name: volume.name, event: .kept, reason: "it does not carry the project's label",
                isHindered: removesVolumes)
        }
        guard removesVolumes else {
            return ComposeOutcome(name: volume.name, event: .kept, reason: "only -v removes volumes")
        }
        do throws(StorageError) {
            try removeVolume(name)
            return ComposeOutcome(name: volume.name, event: .removed)
        } catch  where error.code == .inUse {
            return ComposeOutcome(name: volume.name, event: .kept, reason: error.message, isHindered: true)
        } catch  where error.code == .notFound {
            return nil
        }
    }
}

extension ComposeVolume {
    /// - Throws: ``StorageModel/StorageError/Code/conflict`` if the volume of that name is not as the file has it.
    fileprivate func refuse(_ existing: Volume) throws(StorageError) {
        var differences: [String] = []
        if existing.driver != driver { differences.append("its driver is '\(existing.driver.printable(limit: 80))'") }
        if existing.options != options { differences.append("its options are others") }
        let owner = existing.labels[Label.project]
        if owner == nil {
            differences.append("it was not made for a compose project")
        } else if owner != allLabels[Label.project] {
            differences.append("it is of the project '\((owner ?? "").printable(limit: 80))'")
        }
        for (key, value) in labels.sorted(by: { $0.key < $1.key }) where existing.labels[key] != value {
            differences.append("its label '\(key.printable(limit: 80))' is another")
        }
        // An older Compose writes no hash; then only what can be seen counts.
        if differences.isEmpty, let hash = existing.labels[Label.configurationHash], hash != configurationHash {
            differences.append("it was made of another configuration")
        }
        guard !differences.isEmpty else { return }
        throw place.fault(
            "volume '\(name)' exists already and differs: \(differences.joined(separator: "; "))", code: .conflict,
            hint: owner == nil
                ? "write 'external: true' to use it as it is, or 'name:' for another"
                : "change the file, or remove the volume: holdfast volume rm \(name)")
    }
}

/// Makes the volumes and directories of a compose file, and takes them back if that fails.
private final class ComposePreparation {
    private let store: Store
    private let isDurable: Bool
    private var volumes: [VolumeName] = []
    /// The uppermost directory that was made for each.
    private var directories: [String] = []

    init(_ store: Store, isDurable: Bool) {
        self.store = store
        self.isDurable = isDurable
    }

    func make(_ volume: ComposeVolume) throws(StorageError) -> ComposeOutcome {
        let name = try VolumeName(volume.name)
        do throws(StorageError) {
            let creation = try store.volumes.create(
                VolumeRequest(
                    name: name, driver: volume.driver, options: volume.options, labels: volume.allLabels,
                    isDurable: isDurable))
            if !creation.existed { volumes.append(name) }
            return ComposeOutcome(name: volume.name, event: creation.existed ? .existed : .created)
        } catch {
            guard error.code == .invalidInput else { throw error }
            throw volume.place.fault(error.message, hint: error.hint)
        }
    }

    func make(_ directory: String) throws(StorageError) -> ComposeOutcome {
        if HostPath.resolved(directory) != nil { return ComposeOutcome(name: directory, event: .existed) }
        do throws(FileError) {
            let made = try HostPath.makeDirectories(directory, isDurable: isDurable)
            directories += made
        } catch {
            throw StorageError(
                error, doing: "make the directory '\(directory.printable(limit: 200))'", object: directory)
        }
        return ComposeOutcome(name: directory, event: .created)
    }

    /// Removes what was made and is not used by anybody yet. The failure that led here is the one to tell; what stays is
    /// empty, and is found by the next `up`.
    func takeBack() {
        for directory in directories.reversed() { try? HostPath.removeEmptyDirectory(directory) }
        for name in volumes.reversed() { try? store.volumes.remove(name, force: false) }
    }
}
