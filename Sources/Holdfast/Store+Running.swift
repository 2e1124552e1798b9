internal import Containers
internal import FileTree
internal import Glibc
internal import Images
public import StorageModel

extension Store {
    /// Writes an OCI runtime bundle: `config.json` in a directory of the host, and the container's root mounted at its place
    /// in the store. Root and mounts stay where they are for the runtime until the container is unmounted.
    ///
    /// - Parameters:
    ///   - directory: made if it is missing; a `config.json` in it is replaced.
    ///   - hasTerminal: whether the process shall get a terminal of its own.
    /// - Returns: where the root is mounted.
    /// - Throws: ``StorageError/Code/inUse`` if something works on the container or one of its volumes.
    public func writeBundle(
        ofContainer text: String, to directory: String, hasTerminal: Bool = false
    ) throws(StorageError) -> String {
        let container = try containers.container(text)
        let (_, rootPath) = try prepareInStore(container, makesMemory: false) {
            (_, root, mounts) throws(StorageError) in
            try writeBundle(
                container, root.path, root.directory, to: directory, hasTerminal: hasTerminal, mounts: mounts)
        }
        return rootPath
    }

    /// A container's root, and where it is mounted.
    private struct MountedRoot {
        let path: String
        let directory: SharedDescriptor
        let wasMounted: Bool
    }

    /// Mounts the container's root at its place and stages its mounts; whatever fails, what was mounted here is unmounted.
    ///
    /// - Parameter makesMemory: whether file systems in memory are made here: those of a bundle are made by the runtime at
    ///   each start. Runtimes before runc 1.2 give them the mode of the directory that they are mounted on.
    /// - Returns: the mounts with their leases, and where the root is.
    private func prepareInStore(
        _ container: Container, makesMemory: Bool,
        _ body: (OpenedContainer, MountedRoot, [RuntimeMount]) throws(StorageError) -> Void
    ) throws(StorageError) -> (ContainerMounts, String) {
        let home = "\(containers.hostPath)/\(container.id)"
        let opened = try containers.open(container, for: .changing)
        let (directory, wasMounted) = try containers.mountRoot(
            of: opened, layers: layers, top: try topLayer(of: container))
        do throws(StorageError) {
            try containers.unstage(opened)
            let mounts = try ContainerMounts(of: opened, root: directory, in: self, includesMemory: makesMemory)
            let root = MountedRoot(path: "\(home)/merged", directory: directory, wasMounted: wasMounted)
            try body(opened, root, try mounts.stage(in: opened.home, at: home, root: directory))
            return (mounts, root.path)
        } catch {
            // The first failure is the one to tell.
            if wasMounted { try? containers.unstage(opened) } else { try? containers.unmount(opened) }
            releaseDevices(of: container)
            throw error
        }
    }

    private func writeBundle(
        _ container: Container, _ rootPath: String, _ root: SharedDescriptor, to directory: String,
        hasTerminal: Bool, mounts: [RuntimeMount]
    ) throws(StorageError) {
        let bundle = RuntimeBundle(
            of: container, image: try images.configuration(of: container.image), rootPath: rootPath,
            hasTerminal: hasTerminal, mounts: mounts)
        let target: SharedDescriptor
        do throws(FileError) {
            try HostPath.makeDirectories(directory)
            target = SharedDescriptor(try Descriptor.openDirectory(atHostPath: directory))
        } catch {
            throw StorageError(
                error, doing: "write the bundle of container '\(container.name)'", object: container.name.rawValue)
        }
        try bundle.write(to: target.descriptor, root: root.descriptor)
    }

    /// Runs a container's process by an OCI runtime, with the caller's standard streams, until it ends.
    ///
    /// The root is mounted meanwhile; a container that was not mounted before is unmounted afterwards, and removed if it was
    /// created so.
    ///
    /// - Parameter runtime: `crun`, `runc` or a path; `nil` for the one that works on this host.
    /// - Returns: the process's exit status.
    public func runContainer(_ text: String, runtime: String? = nil) throws(StorageError) -> Int32 {
        let container = try containers.container(text)
        let program = try RuntimeProgram.find(runtime, searchPath: getenv("PATH").map { String(cString: $0) } ?? "")
        let result = Result { () throws(StorageError) in
            container.settings.identityMapping == nil
                ? try runInStore(container, program) : try runMapped(container, program)
        }
        if container.settings.isAutoRemoved { _ = try remove(container, force: true, removesVolumes: true) }
        return try result.get()
    }

    private func runInStore(_ container: Container, _ program: RuntimeProgram) throws(StorageError) -> Int32 {
        var wasMounted = false
        let hasTerminal = Self.hasTerminal
        let (mounts, _) = try prepareInStore(container, makesMemory: true) {
            (opened, root, mounts) throws(StorageError) in
            wasMounted = root.wasMounted
            try writeBundle(
                container, root.path, root.directory, to: bundlePath(of: container), hasTerminal: hasTerminal,
                mounts: mounts)
            opened.release()
        }
        let opened = try containers.open(container, for: .using)
        let result = Result { () throws(StorageError) in try run(container, program) }
        opened.release()
        mounts.release()
        if !wasMounted {
            try containers.unmount(container)
        } else if !container.mounts.isEmpty {
            try containers.unstage(try containers.open(container, for: .changing))
        }
        releaseDevices(of: container)
        return try result.get()
    }

    /// See ``Containers/RuntimePassage``.
    private func runMapped(_ container: Container, _ program: RuntimeProgram) throws(StorageError) -> Int32 {
        let opened = try containers.open(container, for: .changing)
        let passage = try RuntimePassage(container)
        let result = Result { () throws(StorageError) in
            let mount = try containers.overlay(opened, layers: layers, top: try topLayer(of: container))
            let (rootPath, root) = try passage.attach(mount)
            let mounts = try ContainerMounts(of: opened, root: root, in: self, includesMemory: true)
            let staged = try mounts.stage(in: passage.directory, at: passage.path, root: root)
            try writeBundle(
                container, rootPath, root, to: bundlePath(of: container), hasTerminal: Self.hasTerminal, mounts: staged)
            let status = Result { () throws(StorageError) in try run(container, program) }
            mounts.release()
            return try status.get()
        }
        try passage.close()
        opened.release()
        releaseDevices(of: container)
        return try result.get()
    }

    private static var hasTerminal: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

    private func bundlePath(of container: Container) -> String { "\(containers.hostPath)/\(container.id)/bundle" }

    private func run(_ container: Container, _ program: RuntimeProgram) throws(StorageError) -> Int32 {
        let state = "\(containers.hostPath)/\(container.id)/state"
        do throws(FileError) { try HostPath.makeDirectories(state) } catch {
            throw StorageError(error, doing: "run container '\(container.name)'", object: container.name.rawValue)
        }
        return try RuntimeProcess(
            program, statePath: state, bundlePath: bundlePath(of: container), container: container
        ).run()
    }
}
