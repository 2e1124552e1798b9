internal import StorageModel

/// What a hook did, as it is printed.
enum HookRow {
    /// The keys are a promise to scripts.
    static func json(_ report: HookReport) -> JSONValue {
        [
            "command": .string(report.hook.command), "container": container(report.hook.place),
            "phase": .string(report.isBefore ? "before" : "after"),
            "exitStatus": report.exitStatus.map { .integer(Int64($0)) } ?? .null,
            "timedOut": .boolean(report.exitStatus == nil), "output": .string(report.output),
            "outputCut": .boolean(report.isOutputCut), "seconds": .seconds(report.seconds),
        ]
    }

    private static func container(_ place: BackupHook.Place) -> JSONValue {
        switch place {
        case .host: .null
        case .container(let name, let engine): .string("\(engine?.rawValue ?? "holdfast"):\(name)")
        }
    }

    /// How it ended, in words.
    static func ending(_ report: HookReport) -> String {
        let name = "hook \(report.isBefore ? "before" : "after") '\(report.hook.command.printable(limit: 80))'"
        guard let status = report.exitStatus else { return "\(name): took too long and was killed" }
        return "\(name): ended with status \(status)"
    }
}
