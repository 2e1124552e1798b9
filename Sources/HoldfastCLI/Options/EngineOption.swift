internal import ArgumentParser
internal import StorageModel

/// Which engine's volumes are meant.
struct EngineOption: ParsableArguments {
    /// `holdfast`, or another engine's name.
    enum Engine: String, ExpressibleByArgument, CaseIterable {
        case holdfast
        case docker
        case podman
    }

    @Option(help: ArgumentHelp("Whose volumes: holdfast, docker or podman.", valueName: "engine"))
    var engine = Engine.holdfast

    /// `nil` for our own.
    var other: VolumeEngine? { VolumeEngine(rawValue: engine.rawValue) }
}

extension Console {
    /// Tells of volumes that cannot be worked on because Holdfast has no such names.
    func mention(unnamed names: [String], of engine: VolumeEngine) {
        for name in names {
            mention("\(engine.rawValue): the volume '\(name)' is left out: its name is none that holdfast takes")
        }
        if !names.isEmpty { note(.warnings) }
    }
}
