internal import Containers
internal import FileTree
internal import Glibc
internal import Images
public import StorageModel

extension Store {
    /// Writes an OCI runtime bundle: `config.json` in a directory of the host, and the container's root mounted at its place
    /// in the store, which stays mounted for the runtime.
    ///
    /// - Parameters:
    ///   - directory: made if it is missing; a `config.json` in it is replaced.
    ///   - hasTerminal: whether the process shall get a terminal of its own.
    /// - Returns: where the root is mounted.
    public func writeBundle(
        ofContainer text: String, to directory: String, hasTerminal: Bool = false
    ) throws(StorageError) -> String {
        let container = try containers.container(text)
        let rootPath = try containers.mount(container, layers: layers, top: try topLayer(of: container))
        try writeBundle(container, rootPath, to: directory, hasTerminal: hasTerminal)
        return rootPath
    }

    private func writeBundle(
        _ container: Container, _ rootPath: String, to directory: String, hasTerminal: Bool
    ) throws(StorageError) {
        let bundle = RuntimeBundle(
            of: container, image: try images.configuration(of: container.image), rootPath: rootPath,
            hasTerminal: hasTerminal)
        let (target, root): (SharedDescriptor, SharedDescriptor)
        do throws(FileError) {
            try HostPath.makeDirectories(directory)
            target = SharedDescriptor(try Descriptor.openDirectory(atHostPath: directory))
            root = SharedDescriptor(try Descriptor.openDirectory(atHostPath: rootPath))
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
        let wasMounted = try containers.details(of: container).isMounted
        let rootPath = try containers.mount(container, layers: layers, top: try topLayer(of: container))
        let opened = try containers.open(container, for: .using)
        let hasTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
        let (bundlePath, statePath) = (
            "\(containers.hostPath)/\(container.id)/bundle", "\(containers.hostPath)/\(container.id)/state"
        )
        try writeBundle(container, rootPath, to: bundlePath, hasTerminal: hasTerminal)
        do throws(FileError) { try HostPath.makeDirectories(statePath) } catch {
            throw StorageError(error, doing: "run container '\(container.name)'", object: container.name.rawValue)
        }
        let result = Result { () throws(StorageError) in
            try RuntimeProcess(program, statePath: statePath, bundlePath: bundlePath, container: container).run()
        }
        opened.release()
        if container.settings.isAutoRemoved {
            try containers.remove(container, force: true)
        } else if !wasMounted {
            try containers.unmount(container)
        }
        return try result.get()
    }
}
