internal import ArgumentParser

/// `holdfast image`: the group of commands on images.
struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "Load, list, name and remove images.",
        discussion: helpText(
            "An IMAGE is a name (alpine, localhost:5000/team/app:1.2) or the beginning of an id.",
            examples: [
                "docker save alpine | holdfast image load",
                "holdfast image ls",
                "holdfast image rm alpine",
            ]),
        subcommands: [
            ImageLoad.self, ImageSave.self, ImagePull.self, ImagePush.self, ImageImport.self, ImageList.self,
            ImageInspect.self, ImageHistory.self, ImageTag.self,
            ImageRemove.self, ImagePrune.self,
        ])
}
