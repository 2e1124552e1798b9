internal import StorageModel

/// What compose commands say, as it is printed.
enum ComposeRow {
    /// Prints what was done, one line for each object. What was to go and stays exits with a warning.
    static func print(_ report: ComposeReport, _ console: Console, isJSON: Bool) throws {
        for note in report.notes { console.mention(note) }
        if report.volumes.contains(where: \.isHindered) { console.note(.warnings) }
        if isJSON { return try console.print(json(report)) }
        for outcome in report.volumes { try console.say(line("volume", outcome)) }
        for outcome in report.directories { try console.say(line("directory", outcome)) }
    }

    private static func line(_ kind: String, _ outcome: ComposeOutcome) -> String {
        let reason = outcome.reason.map { ": \($0)" } ?? ""
        return "\(kind) \(outcome.name.printable()) \(outcome.event.rawValue)\(reason)"
    }

    /// The keys are a promise to scripts.
    private static func json(_ report: ComposeReport) -> JSONValue {
        [
            "project": .string(report.project), "volumes": .array(report.volumes.map(json)),
            "directories": .array(report.directories.map(json)), "notes": .array(report.notes.map { .string($0) }),
        ]
    }

    private static func json(_ outcome: ComposeOutcome) -> JSONValue {
        [
            "name": .string(outcome.name), "event": .string(outcome.event.rawValue),
            "reason": .optional(outcome.reason),
        ]
    }

    static func json(_ configuration: ComposeConfiguration) -> JSONValue {
        [
            "project": .string(configuration.project), "directory": .string(configuration.directory),
            "volumes": .array(configuration.volumes.map(json)),
            "services": .array(
                configuration.services.map { service in
                    [
                        "name": .string(service.name), "image": .optional(service.image),
                        "mounts": .array(MountPlanRow.json(service.plan)),
                    ]
                }),
            "notes": .array(configuration.notes.map { .string($0) }),
        ]
    }

    private static func json(_ volume: ComposeConfiguration.Volume) -> JSONValue {
        [
            "key": .string(volume.key), "name": .string(volume.name), "driver": .string(volume.driver),
            "options": .strings(LocalDriverOptions.shown(volume.options)), "labels": .strings(volume.labels),
            "external": .boolean(volume.isExternal), "exists": .boolean(volume.exists),
        ]
    }

    static func table(_ volumes: [ComposeConfiguration.Volume]) -> Table {
        var table = Table([
            Table.Column(heading: "VOLUME"), Table.Column(heading: "NAME", isFlexible: true),
            Table.Column(heading: "DRIVER"), Table.Column(heading: "STATE"),
        ])
        for volume in volumes {
            let state = volume.exists ? "exists" : volume.isExternal ? "missing" : "is made"
            table.append([
                volume.key, volume.name, volume.driver, volume.isExternal ? "external, \(state)" : state,
            ])
        }
        return table
    }
}
