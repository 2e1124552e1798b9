internal import Catalog
package import FileTree
package import Layers
package import StorageModel

/// A container that is being used: its directories, under a lease that ends with this value or the process.
package final class OpenedContainer: Sendable {
    /// What a container is opened for.
    package enum Purpose: Sendable {
        /// Others may use it too; nobody mounts, unmounts or removes it.
        case using
        /// Nobody else of Holdfast uses it.
        case changing
    }

    package let container: Container
    /// `containers/<id>`
    package let home: Descriptor
    package let upper: SharedDescriptor
    let work: SharedDescriptor
    private let lease: Monitor<SharedDescriptor?>

    init(_ container: Container, _ home: consuming Descriptor, _ lease: consuming Lease) throws(FileError) {
        self.container = container
        upper = SharedDescriptor(try home.openDirectory(ContainerStore.upperName))
        work = SharedDescriptor(try home.openDirectory(ContainerStore.workName))
        self.home = home
        self.lease = Monitor(SharedDescriptor(try lease.descriptor.duplicate()))
    }

    /// Gives the lease back now.
    package func release() { lease.update { $0 = nil } }
}

extension ContainerStore {
    /// Opens a container and takes its lease, shared or exclusive, without waiting for long.
    ///
    /// - Throws: ``StorageError/Code/inUse`` if another process holds it.
    package func open(
        _ container: Container, for purpose: OpenedContainer.Purpose
    ) throws(StorageError) -> OpenedContainer {
        let opened = try attempt(container, "open") { () throws(FileError) -> OpenedContainer? in
            let home = try records.directory.openDirectory(Array(container.id.rawValue.utf8))
            // Others may hold the lease for one look only.
            for attempt in 0..<20 {
                let file = try home.openFile(Self.leaseName, for: .reading)
                if let lease = try Lease.take(file, purpose == .using ? .shared : .exclusive) {
                    return try OpenedContainer(container, home, lease)
                }
                if attempt < 19 { pause(milliseconds: 5) }
            }
            return nil
        }
        guard let opened else {
            throw StorageError(
                .inUse, object: container.name.rawValue,
                "container '\(container.name)' is in use by another holdfast process",
                hint: "it runs, or something is done with it: wait until that ends, or stop it")
        }
        return opened
    }

    /// Mounts the container's root at `containers/<id>/merged`, in this mount namespace, if it is not mounted there yet.
    ///
    /// - Returns: the host path.
    package func mount(
        _ container: Container, layers: LayerStore, top: Digest?
    ) throws(StorageError) -> String {
        let path = "\(hostPath)/\(container.id)/merged"
        if try isMounted(container) { return path }
        let opened = try open(container, for: .changing)
        if try isMounted(container) { return path }
        let mount = try overlay(opened, layers: layers, top: top)
        do throws(FileError) {
            try mount.attach(to: opened.home, Self.mergedName)
        } catch {
            throw failure(error, container, "mount")
        }
        return path
    }

    /// The container's root as a writable mount that is attached nowhere.
    ///
    /// Nothing else may mount the same upper directory meanwhile: that is what the lease of `opened` is for.
    package func overlay(
        _ opened: OpenedContainer, layers: LayerStore, top: Digest?
    ) throws(StorageError) -> DetachedMount {
        let container = opened.container
        let lowers = try lowerTrees(container, layers, top)
        let mount = try OverlayMount.make(
            lowers: lowers.trees, changes: .init(upper: opened.upper, work: opened.work),
            usesUserAttributes: layers.form.usesUserAttributes, scratch: staging,
            doing: "mount container '\(container.name)'", object: container.name.rawValue)
        lowers.release()
        return mount
    }

    /// The container's root for reading, attached nowhere: the same whether it is mounted or not.
    package func readOnlyView(
        _ opened: OpenedContainer, layers: LayerStore, top: Digest?
    ) throws(StorageError) -> DetachedMount {
        let container = opened.container
        let lowers = try lowerTrees(container, layers, top)
        let mount = try OverlayMount.make(
            lowers: [opened.upper] + lowers.trees, restrictions: .inspection,
            usesUserAttributes: layers.form.usesUserAttributes, scratch: staging,
            doing: "read container '\(container.name)'", object: container.name.rawValue)
        lowers.release()
        return mount
    }

    /// The lower directories of a container, the uppermost first, with the owners that its user namespace shows.
    private struct LowerTrees: ~Copyable {
        let trees: [SharedDescriptor]
        /// Keeps the view alive that the trees were opened in.
        let view: DetachedMount?

        /// Lets go of the view, at a place that can be seen in the code: after the overlay is made.
        consuming func release() {}
    }

    private func lowerTrees(
        _ container: Container, _ layers: LayerStore, _ top: Digest?
    ) throws(StorageError) -> LowerTrees {
        guard let top else {
            return LowerTrees(trees: [try emptyTree(container)], view: nil)
        }
        guard let text = container.settings.identityMapping else {
            return LowerTrees(trees: try layers.stack(to: top).layers, view: nil)
        }
        let mapping = try IdentityMapping(text)
        let chain = try catalog.read { transaction throws(StorageError) in try transaction.chain(to: top) }
        return try attempt(container, "map the owners of") { () throws(FileError) -> LowerTrees in
            let view = try IdentityMappedTree.make(of: layers.records.directory, mapping)
            let root = try view.openRoot()
            var trees: [SharedDescriptor] = []
            for layer in chain.reversed() {
                trees.append(SharedDescriptor(try root.openDirectory(beneath: LayerStore.treePath(of: layer.chainID))))
            }
            return LowerTrees(trees: trees, view: view)
        }
    }

    /// An image without layers is an empty directory: overlayfs needs a lower one, and takes an empty one.
    private func emptyTree(_ container: Container) throws(StorageError) -> SharedDescriptor {
        try attempt(container, "mount") { () throws(FileError) in
            let home = try records.directory.openDirectory(Array(container.id.rawValue.utf8))
            let name = Array("empty".utf8)
            do throws(FileError) {
                try home.makeDirectory(name, mode: 0o755)
            } catch  where error.errno == .exists {}
            return SharedDescriptor(try home.openDirectory(name))
        }
    }

    /// The container's root for reading and writing: where it is mounted, if it is; else mounted for this alone, attached
    /// nowhere.
    ///
    /// - Returns: the container under its lease, and the root; use both together.
    package func openRoot(
        of container: Container, layers: LayerStore, top: Digest?
    ) throws(StorageError) -> (OpenedContainer, SharedDescriptor) {
        if try isMounted(container) {
            let opened = try open(container, for: .using)
            let root = try attempt(container, "open") { () throws(FileError) in
                SharedDescriptor(try opened.home.openDirectory(Self.mergedName))
            }
            return (opened, root)
        }
        let opened = try open(container, for: .changing)
        let mount = try overlay(opened, layers: layers, top: top)
        let root = try attempt(container, "open") { () throws(FileError) in SharedDescriptor(try mount.openRoot()) }
        return (opened, root)
    }

    /// As ``openRoot(of:layers:top:)``, as a mount that is attached nowhere yet: a copy of the root where it is mounted, with
    /// what is mounted in it.
    package func openTree(
        of container: Container, layers: LayerStore, top: Digest?
    ) throws(StorageError) -> (OpenedContainer, SharedMount) {
        if try isMounted(container) {
            let opened = try open(container, for: .using)
            let tree = try attempt(container, "open") { () throws(FileError) in
                SharedMount(
                    try DetachedMount.copying(try opened.home.openDirectory(Self.mergedName), recursively: true))
            }
            return (opened, tree)
        }
        let opened = try open(container, for: .changing)
        return (opened, SharedMount(try overlay(opened, layers: layers, top: top)))
    }

    /// Where the mounts of the container are attached for a runtime; `nil` if they are not.
    package func stage(of opened: OpenedContainer) throws(StorageError) -> SharedDescriptor? {
        try attempt(opened.container, "look at") { () throws(FileError) in
            do throws(FileError) {
                guard try opened.home.status(of: Self.mountsName).isMountRoot else { return nil }
            } catch  where error.errno == .noEntry { return nil }
            return SharedDescriptor(try opened.home.openDirectory(Self.mountsName))
        }
    }

    /// Mounts the container's root at its place for whoever has the container to itself, if it is not mounted there yet.
    ///
    /// - Returns: the root, and whether it was mounted before.
    package func mountRoot(
        of opened: OpenedContainer, layers: LayerStore, top: Digest?
    ) throws(StorageError) -> (root: SharedDescriptor, wasMounted: Bool) {
        let wasMounted = try isMounted(opened.container)
        if !wasMounted {
            let mount = try overlay(opened, layers: layers, top: top)
            do throws(FileError) {
                try mount.attach(to: opened.home, Self.mergedName)
            } catch {
                throw failure(error, opened.container, "mount")
            }
        }
        let root = try attempt(opened.container, "open") { () throws(FileError) in
            SharedDescriptor(try opened.home.openDirectory(Self.mergedName))
        }
        return (root, wasMounted)
    }

    /// Unmounts the container's root with everything mounted in it, and what a runtime that is gone left. Copies of the
    /// mounts in other mount namespaces go with them.
    ///
    /// - Returns: whether something was mounted.
    @discardableResult
    package func unmount(_ container: Container) throws(StorageError) -> Bool {
        guard try mountedParts(container).isAny else { return false }
        let opened = try open(container, for: .changing)
        try unmount(opened)
        return true
    }

    package func unmount(_ opened: OpenedContainer) throws(StorageError) {
        try unstage(opened)
        try attempt(opened.container, "unmount") { () throws(FileError) in
            try Unmounting.detachEverywhere(Self.mergedName, in: opened.home)
        }
    }

    /// Takes away what was mounted for a runtime.
    package func unstage(_ opened: OpenedContainer) throws(StorageError) {
        try attempt(opened.container, "unmount") { () throws(FileError) in
            try Self.unstage(in: opened.home)
            if opened.container.settings.identityMapping != nil {
                try RuntimePassage.remove(opened.container.id)
            }
        }
    }

    /// - Parameter home: `containers/<id>`.
    static func unstage(in home: borrowing Descriptor) throws(FileError) {
        do throws(FileError) {
            guard try home.status(of: mountsName).isMountRoot else { return }
        } catch  where error.errno == .noEntry { return }
        try Unmounting.detachEverywhere(mountsName, in: home)
    }
}
