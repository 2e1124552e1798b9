package import FileTree
package import StorageModel

/// Says beforehand whether a container's user can use a mount.
///
/// Everything is looked at with handles that open nothing; nothing is made or changed. The answer holds for the moment: what
/// is renamed or changed afterwards is not foreseen. What lies in the source is not looked through, only the source itself.
///
/// ```swift
/// let checker = MountChecker(subject: MountSubject(uid: 1000), policy: .none, surroundings: HostSurroundings())
/// let assessment = checker.assess(mount, .hostPath)          // .verdict, .findings
/// ```
package struct MountChecker: Sendable {
    let subject: MountSubject
    /// `nil` if the user namespace has no place for the user.
    let user: AccessSubject?
    let policy: MountPolicy
    let surroundings: HostSurroundings
    var words: FindingWords { FindingWords(subject: subject) }

    package init(subject: MountSubject, policy: MountPolicy = .none, surroundings: HostSurroundings) {
        self.subject = subject
        user = AccessSubject(subject)
        self.policy = policy
        self.surroundings = surroundings
    }

    /// What is mounted, where the specification alone does not say it.
    package enum Source: Sendable {
        /// The path of a bind mount.
        case hostPath
        /// The data of a volume, and where it lies.
        case volume(SharedDescriptor, path: String)
        /// A volume that would be made, or filled, when the container is: with this owner and mode.
        case newVolume(path: String, EntryMetadata)
        /// A volume that would be made, nobody knows with which owner.
        case unknownVolume
        /// A tmpfs, or an image, which is there for everybody.
        case elsewhere
    }

    /// What is at the destination in the image.
    package enum Destination: Sendable {
        case unknown
        case nothing
        case entry(EntryKind)
    }

    /// The verdict on one mount.
    ///
    /// - Parameter owners: which owners the mount shows, given those of the source.
    package func assess(
        _ mount: MountSpec, _ source: Source, destination: Destination = .unknown,
        owners: (FileStatus) throws(StorageError) -> ShownOwners = { (_) throws(StorageError) in .asStored }
    ) throws(StorageError) -> MountAssessment {
        var result = MountAssessment(mount: mount, findings: unmappedIDs(mount))
        switch source {
        case .hostPath:
            guard case .bind(let bind) = mount.content else { break }
            let walk = SourceWalk.toHostPath(bind.source.utf8)
            result.findings += way(walk, bind)
            try assess(walk, destination, owners, &result)
        case .volume(let data, let path):
            let walk = SourceWalk.beneath(data, at: Array(path.utf8), mount.subpath)
            result.findings += dead(walk.end, bind: nil)
            try assess(walk, destination, owners, &result)
        case .newVolume(let path, let metadata):
            result.sourcePath = path
            result.findings += newVolume(mount, path, metadata)
        case .unknownVolume:
            result.findings.append(unknownVolume(mount))
        case .elsewhere:
            if case .tmpfs(let memory) = mount.content { result.findings += tmpfs(memory, mount) }
        }
        return result
    }

    /// What is at the end of the way, if anything is.
    private func assess(
        _ walk: SourceWalk, _ destination: Destination, _ owners: (FileStatus) throws(StorageError) -> ShownOwners,
        _ result: inout MountAssessment
    ) throws(StorageError) {
        guard case .found(let place, let handle) = walk.end else { return }
        let mount = result.mount
        result.sourcePath = String(decoding: place.path, as: UTF8.self)
        let fileSystem: FileSystemStatus
        do throws(FileError) { fileSystem = try handle.descriptor.fileSystemStatus() } catch {
            result.findings.append(cannotInspect(place.path, error.errno))
            return
        }
        let shown = mount.access.changesOwner ? place.given(to: user) : place
        let found = FoundSource(
            place: place, handle: handle, fileSystem: fileSystem,
            mounted: MountedSource(
                shown, in: fileSystem, isReadOnly: mount.isReadOnly, restrictions: mount.restrictions,
                access: mount.access, view: try owners(place.status)))
        if case .bind = mount.content {
            result.findings += policyFindings(walk, place.path) + sensitivity(found, mount)
        }
        result.findings += restrictions(found, mount) + rights(found, mount) + content(found, mount, destination)
    }

    /// Ids of the container that its user namespace does not have: it could not even start.
    private func unmappedIDs(_ mount: MountSpec) -> [MountFinding] {
        guard let mapping = subject.mapping else { return [] }
        var findings: [MountFinding] = []
        let hint = "choose ids that \(mapping) maps, or a wider --userns such as 0:100000:65536"
        let path = mount.destination.rawValue
        if mapping.outside(of: subject.uid) == nil {
            findings.append(
                MountFinding(
                    .userNotMapped, .denied, path: path,
                    "the user namespace \(mapping) has no uid \(subject.uid): no process can have it", hint: hint))
        }
        for gid in [subject.gid] + subject.supplementaryGroups where mapping.outside(of: gid) == nil {
            findings.append(
                MountFinding(
                    .groupNotMapped, .denied, path: path,
                    "the user namespace \(mapping) has no gid \(gid): no process can have it", hint: hint))
        }
        return findings
    }
}

/// A source that is there, and how the container would see it.
struct FoundSource {
    let place: SourceWalk.Place
    let handle: SharedDescriptor
    let fileSystem: FileSystemStatus
    let mounted: MountedSource

    var path: String { String(decoding: place.path, as: UTF8.self) }
}
