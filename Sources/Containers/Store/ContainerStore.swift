package import Catalog
package import FileTree
package import StorageModel

/// The containers of a store: writable layers on images.
///
/// A container is a row of the catalog and a directory `containers/<id>` with `upper`, exactly what the container changed,
/// `work`, overlayfs's own, `merged`, where its root is mounted on demand, and `.lease`: locked shared by whoever uses the
/// container, exclusively by whoever mounts or removes it. While it runs, what is mounted in it lies in `mounts` for the
/// runtime; `overlays` has the changes of mounts that keep their sources as they are. What is mounted is asked of the kernel, never remembered.
package final class ContainerStore: Sendable {
    package let catalog: Catalog
    /// `containers/`
    package let records: RecordedDirectory
    let staging: Descriptor
    /// The absolute path of `containers/`, without symbolic links.
    package let hostPath: String

    package static let upperName = Array("upper".utf8)
    package static let workName = Array("work".utf8)
    static let mergedName = Array("merged".utf8)
    package static let mountsName = Array("mounts".utf8)
    static let leaseName = Array(".lease".utf8)
    static let stagedName = Array("container".utf8)

    package init(
        catalog: Catalog, directory: consuming Descriptor, staging: consuming Descriptor, trash: consuming Descriptor,
        hostPath: String
    ) {
        self.catalog = catalog
        self.staging = staging
        self.hostPath = hostPath
        records = RecordedDirectory(directory, "container", catalog: catalog, trash: trash) {
            (transaction) throws(StorageError) in try transaction.containerNames()
        }
    }

    /// The container that the user means: its full id, else its name, else the beginning of its id.
    ///
    /// - Throws: ``StorageError/Code/notFound``; ``StorageError/Code/invalidInput`` if several ids begin so.
    package func container(_ text: String) throws(StorageError) -> Container {
        try catalog.read { transaction throws(StorageError) in
            if let id = ContainerID(text), let container = try transaction.container(id) { return container }
            if let name = Self.name(text), let container = try transaction.container(named: name) { return container }
            let candidates = text.isEmpty ? [] : try transaction.containers(withPrefix: text)
            if candidates.count > 1 {
                throw StorageError(
                    .invalidInput, object: text, "several containers have an id that begins with '\(text.printable())'",
                    hint: "give more digits; holdfast container ls shows the ids")
            }
            guard let container = candidates.first else { throw Self.missing(text) }
            return container
        }
    }

    private static func name(_ text: String) -> ContainerName? {
        do throws(StorageError) { return try ContainerName(text) } catch { return nil }
    }

    static func missing(_ text: String) -> StorageError {
        StorageError(
            .notFound, object: text, "there is no container '\(text.printable(limit: 200))'",
            hint: "holdfast container ls shows the containers")
    }

    /// All containers, the oldest first.
    package func list() throws(StorageError) -> [Container] {
        try catalog.read { transaction throws(StorageError) in try transaction.containers() }
    }

    /// - Parameter mounts: what it mounts, with the paths that only the façade knows.
    package func details(
        of container: Container, mounts: [MountDetails] = []
    ) throws(StorageError) -> ContainerDetails {
        let home = "\(hostPath)/\(container.id)"
        return ContainerDetails(
            container: container, upperPath: "\(home)/upper", mergedPath: "\(home)/merged",
            isMounted: try isMounted(container), mounts: mounts)
    }

    /// Whether the container's root is mounted at its place, in this mount namespace.
    func isMounted(_ container: Container) throws(StorageError) -> Bool {
        try attempt(container, "look at") { () throws(FileError) in
            try records.directory.openDirectory(Array(container.id.rawValue.utf8)).status(of: Self.mergedName)
                .isMountRoot
        }
    }

    /// Whether the container is mounted here, or another process works with it, as one that runs it does: what keeps it from
    /// being pruned.
    package func isActive(_ container: Container) throws(StorageError) -> Bool {
        if try isMounted(container) { return true }
        return try attempt(container, "look at") { () throws(FileError) in
            let home = try records.directory.openDirectory(Array(container.id.rawValue.utf8))
            // Others may hold the lease for one look only.
            for attempt in 0..<4 {
                if try Lease.take(try home.openFile(Self.leaseName, for: .reading), .exclusive) != nil { return false }
                if attempt < 3 { pause(milliseconds: 5) }
            }
            return true
        }
    }

    /// What of the container is mounted, in this mount namespace.
    struct MountedParts {
        /// Its root, at its place.
        var root = false
        /// The sources of its mounts, for a runtime.
        var sources = false
        /// The passage of one that has a user namespace.
        var passage = false

        var isAny: Bool { root || sources || passage }
    }

    func mountedParts(_ container: Container) throws(StorageError) -> MountedParts {
        try attempt(container, "look at") { () throws(FileError) in
            let home = try records.directory.openDirectory(Array(container.id.rawValue.utf8))
            var parts = MountedParts()
            parts.root = try home.status(of: Self.mergedName).isMountRoot
            do throws(FileError) {
                parts.sources = try home.status(of: Self.mountsName).isMountRoot
            } catch  where error.errno == .noEntry {}
            if container.settings.identityMapping != nil { parts.passage = try RuntimePassage.exists(container.id) }
            return parts
        }
    }

    /// Gives a failure of a file operation the container's name.
    func attempt<Result: ~Copyable>(
        _ container: Container, _ doing: String, _ body: () throws(FileError) -> Result
    ) throws(StorageError) -> Result {
        do throws(FileError) { return try body() } catch { throw failure(error, container, doing) }
    }

    func failure(_ error: FileError, _ container: Container, _ doing: String) -> StorageError {
        guard error.errno == .noEntry else {
            return StorageError(
                error, doing: "\(doing) container '\(container.name)'", object: container.name.rawValue)
        }
        return StorageError(
            .damaged, object: container.name.rawValue, "container '\(container.name)' has lost its files",
            errno: error.errno, hint: "remove it: holdfast container rm \(container.name)", causes: [error.call])
    }
}
