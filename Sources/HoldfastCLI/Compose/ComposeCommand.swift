internal import ArgumentParser
internal import StorageModel

/// `holdfast compose`: the group of commands on the storage half of compose files.
struct ComposeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compose",
        abstract: "The volumes and mounts of a compose file.",
        discussion: helpText(
            """
            Read are the volumes at the top of the file, and of each service its image, volumes, tmpfs, volumes_from, extends and profiles; files of an include are read too. \
            Names and labels are those of Docker Compose.
            """,
            examples: [
                "holdfast compose up -f compose.yaml",
                "holdfast compose config -f compose.yaml --json",
                "holdfast compose down -v -f compose.yaml",
            ]),
        subcommands: [ComposeUp.self, ComposeDown.self, ComposeConfig.self])
}

/// Which compose files are meant.
struct ComposeOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            """
            A compose file; a later one comes over an earlier one. Repeatable. Default: compose.yaml or docker-compose.yml \
            in the current directory or one above it, and its override file.
            """, valueName: "file"), completion: .file())
    var file: [String] = []

    @Option(
        name: [.customShort("p"), .customLong("project-name")],
        help: ArgumentHelp(
            "The project's name. Default: COMPOSE_PROJECT_NAME, else 'name' in the file, else the directory's name.",
            valueName: "name"))
    var projectName: String?

    @Option(
        help: ArgumentHelp(
            "Count services with this profile in; '*' for all. Repeatable. Default: COMPOSE_PROFILES.",
            valueName: "name"))
    var profile: [String] = []

    var request: ComposeRequest { ComposeRequest(files: file, projectName: projectName, profiles: profile) }
}
