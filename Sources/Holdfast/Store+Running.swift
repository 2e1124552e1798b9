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
        let result = Result { () throws(StorageError) in
            container.settings.identityMapping == nil
                ? try runInStore(container, program) : try runMapped(container, program)
        }
        if container.settings.isAutoRemoved { _ = try remove(container, force: true, removesVolumes: true) }
        return try result.get()
    }

    private func runInStore(_ container: Container, _ program: RuntimeProgram) throws(StorageError) -> Int32 {
        let wasMounted = try containers.details(of: container).isMounted
        let rootPath = try containers.mount(container, layers: layers, top: try topLayer(of: container))
        let opened = try containers.open(container, for: .using)
        let result = Result { () throws(StorageError) in try run(container, program, rootPath: rootPath) }
        opened.release()
        if !wasMounted { try containers.unmount(container) }
        return try result.get()
    }

    /// A runtime in a user namespace is nobody on the host and may not enter the store. Its root is mounted where everybody
    /// may pass: what is set-id in it belongs to ids that are nobody's on the host.
    private func runMapped(_ container: Container, _ program: RuntimeProgram) throws(StorageError) -> Int32 {
        let passage = try RuntimePassage(container)
        let opened = try containers.open(container, for: .changing)
        let mount = try containers.overlay(opened, layers: layers, top: try topLayer(of: container))
        let rootPath = try passage.attach(mount)
        let result = Result { () throws(StorageError) in try run(container, program, rootPath: rootPath) }
        try passage.close()
        opened.release()
        return try result.get()
    }

    private func run(
        _ container: Container, _ program: RuntimeProgram, rootPath: String
    ) throws(StorageError) -> Int32 {
        let hasTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
        let home = "\(containers.hostPath)/\(container.id)"
        try writeBundle(container, rootPath, to: "\(home)/bundle", hasTerminal: hasTerminal)
        do throws(FileError) { try HostPath.makeDirectories("\(home)/state") } catch {
            throw StorageError(error, doing: "run container '\(container.name)'", object: container.name.rawValue)
        }
        return try RuntimeProcess(
            program, statePath: "\(home)/state", bundlePath: "\(home)/bundle", container: container
        ).run()
    }
}

/// A directory `/run/holdfast-<id>` that everybody may pass, in which a container's root is mounted while it runs.
private final class RuntimePassage {
    private static let place = "/run"
    private static let rootName = Array("root".utf8)

    private let container: Container
    private let above: Descriptor
    private let name: [UInt8]
    private let directory: Descriptor

    init(_ container: Container) throws(StorageError) {
        self.container = container
        name = Array("holdfast-\(container.id.short)".utf8)
        do throws(FileError) {
            above = try Descriptor.openDirectory(atHostPath: Self.place)
            // What a crash left.
            try Self.remove(name, in: above)
            try above.makeDirectory(name, mode: 0o711)
            directory = try above.openDirectory(name)
            try directory.setMode(0o711)
            try directory.makeDirectory(Self.rootName, mode: 0o755)
        } catch {
            throw Self.failure(error, container)
        }
    }

    /// - Returns: the path of the root.
    func attach(_ mount: consuming DetachedMount) throws(StorageError) -> String {
        do throws(FileError) {
            try mount.attach(to: directory, Self.rootName)
        } catch {
            throw Self.failure(error, container)
        }
        return "\(Self.place)/\(String(decoding: name, as: UTF8.self))/root"
    }

    func close() throws(StorageError) {
        do throws(FileError) { try Self.remove(name, in: above) } catch { throw Self.failure(error, container) }
    }

    private static func remove(_ name: [UInt8], in above: borrowing Descriptor) throws(FileError) {
        do throws(FileError) {
            try Unmounting.detach(rootName, in: try above.openDirectory(name))
        } catch  where error.errno == .noEntry {}
        try TreeRemoval.remove(name, in: above)
    }

    private static func failure(_ error: FileError, _ container: Container) -> StorageError {
        StorageError(error, doing: "run container '\(container.name)'", object: container.name.rawValue)
    }
}
