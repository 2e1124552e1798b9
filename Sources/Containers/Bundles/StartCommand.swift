internal import StorageModel

/// What a container's process executes, by Docker's rules: a given command replaces the image's `Cmd`; a given entrypoint
/// replaces its `Entrypoint` and makes its `Cmd` void.
struct StartCommand: Hashable, Sendable {
    let arguments: [String]

    /// - Throws: ``StorageError/Code/invalidInput`` if neither the image nor the user says what to run.
    init(
        _ settings: ContainerSettings, _ configuration: ImageConfiguration, of object: String
    ) throws(StorageError) {
        // An empty entrypoint, as in `--entrypoint ""`, takes the image's away.
        let entrypoint = (settings.entrypoint ?? configuration.entrypoint).filter {
            !$0.isEmpty || settings.entrypoint == nil
        }
        let command =
            settings.command.isEmpty && settings.entrypoint == nil ? configuration.command : settings.command
        arguments = entrypoint + command
        guard let program = arguments.first, !program.isEmpty else {
            throw StorageError(
                .invalidInput, object: object, "\(object) has no command, and its image names none",
                hint: "give a command behind the image's name")
        }
    }
}
