package import FileTree
package import StorageModel

/// What an OCI runtime needs to run a container's process: a directory with a `config.json`, and a root file system.
///
/// Everything that the container may decide by its content, such as who `www-data` is and where its working directory
/// leads, is looked up by descriptor inside its root.
package struct RuntimeBundle: Sendable {
    package static let configurationName = "config.json"

    private let container: Container
    private let image: ImageConfiguration
    private let rootPath: String
    private let hasTerminal: Bool
    private let mounts: [RuntimeMount]

    /// - Parameters:
    ///   - rootPath: where the root file system is mounted; absolute.
    ///   - hasTerminal: whether the process gets a terminal of its own.
    ///   - mounts: in addition to those that every container has.
    package init(
        of container: Container, image: ImageConfiguration, rootPath: String, hasTerminal: Bool,
        mounts: [RuntimeMount] = []
    ) {
        self.container = container
        self.image = image
        self.rootPath = rootPath
        self.hasTerminal = hasTerminal
        self.mounts = mounts
    }

    /// Makes the working directory where it is missing, and writes the configuration.
    ///
    /// - Parameters:
    ///   - directory: the bundle; a configuration that is there is replaced.
    ///   - root: the root file system, writable.
    package func write(to directory: borrowing Descriptor, root: borrowing Descriptor) throws(StorageError) {
        let configuration = try configuration(root)
        try WorkingDirectory.make(
            configuration.workingDirectory, in: root, configuration.mapping, of: "container '\(container.name)'")
        let text = Array((configuration.json.prettyText() + "\n").utf8)
        do throws(FileError) {
            let file = try directory.createFile(Self.configurationName.utf8, mode: 0o600, exclusive: false)
            try file.truncate(to: 0)
            var failure: FileError?
            text.withUnsafeBytes { bytes in
                do throws(FileError) { try file.writeAll(bytes, at: 0) } catch { failure = error }
            }
            if let failure { throw failure }
        } catch {
            throw StorageError(
                error, doing: "write the bundle of container '\(container.name)'", object: container.name.rawValue)
        }
    }

    /// The document, without writing anything.
    package func document(root: borrowing Descriptor) throws(StorageError) -> JSONValue {
        try configuration(root).json
    }

    private func configuration(_ root: borrowing Descriptor) throws(StorageError) -> RuntimeConfiguration {
        let object = "container '\(container.name)'"
        let settings = container.settings
        let command = try StartCommand(settings, image, of: object)
        let user = try UserResolution(root: root, of: object).user(
            settings.user.isEmpty ? image.user : settings.user, groups: settings.groups)
        var mapping: IdentityMapping?
        if let text = settings.identityMapping { mapping = try IdentityMapping(text) }
        return RuntimeConfiguration(
            id: container.id, rootPath: rootPath, arguments: command.arguments,
            environment: ProcessEnvironment.make(
                image: image.environment, changes: settings.environment, home: user.home,
                hostname: container.id.short, hasTerminal: hasTerminal),
            workingDirectory: try WorkingDirectory.path(settings, image, of: object), user: user,
            hasTerminal: hasTerminal, isReadOnly: settings.isReadOnly, mapping: mapping, mounts: mounts)
    }
}
