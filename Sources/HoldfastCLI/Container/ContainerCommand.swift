internal import ArgumentParser

/// `holdfast container`: the group of commands on containers.
struct ContainerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "container",
        abstract: "Writable layers on images: make, mount, compare, export and commit them.",
        discussion: helpText(
            "A CONTAINER is a name or the beginning of an id.",
            examples: [
                "holdfast container create --name web nginx",
                "ls \"$(holdfast container mount web)\"",
                "holdfast container diff web",
                "holdfast container rm --force web",
            ]),
        subcommands: [
            ContainerCreate.self, ContainerList.self, ContainerInspect.self, ContainerMount.self, ContainerUnmount.self,
            ContainerDiffCommand.self, ContainerExport.self, ContainerCommit.self, ContainerRemove.self,
            ContainerPrune.self,
        ])
}
