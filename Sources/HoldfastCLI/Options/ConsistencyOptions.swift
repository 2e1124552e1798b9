internal import ArgumentParser
internal import StorageModel

/// How a backup keeps still what uses the data, and what runs before and after it.
struct ConsistencyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            none: read the data while it is used. auto: freeze who uses it, clone it, let them run on and read the clone, where \
            that is possible. freeze: the same, or an error; without a clone everything stays frozen while it is read. snapshot: \
            clone without freezing, or an error.
            """, valueName: "mode"), completion: .list(ConsistencyMode.allCases.map(\.rawValue)),
        transform: ConsistencyOptions.mode)
    var consistency = ConsistencyMode.none

    @Option(
        name: .customLong("max-freeze"),
        help: ArgumentHelp(
            "How long anything may stay frozen. A watchdog thaws then, and after a crash.", valueName: "seconds"))
    var maxFreeze = 10

    @Option(
        name: .customLong("hook-before"),
        help: ArgumentHelp(
            "A shell command of the host to run before, ahead of any freezing; if it fails, so does the backup. Repeatable.",
            valueName: "cmd"))
    var hooksBefore: [String] = []

    @Option(
        name: .customLong("hook-after"),
        help: ArgumentHelp(
            "A shell command of the host to run afterwards, also after a failure (HOLDFAST_STATUS). Repeatable.",
            valueName: "cmd"))
    var hooksAfter: [String] = []

    @Option(
        name: .customLong("exec-before"),
        help: ArgumentHelp(
            """
            As --hook-before, in a running container: [docker:|podman:|holdfast:]CONTAINER:CMD, of the source's engine if none is \
            named. Runs after those of the host. Repeatable.
            """, valueName: "container:cmd"))
    var execsBefore: [String] = []

    @Option(
        name: .customLong("exec-after"),
        help: ArgumentHelp(
            "As --hook-after, in a running container, before those of the host.", valueName: "container:cmd"))
    var execsAfter: [String] = []

    @Option(
        name: .customLong("hook-timeout"),
        help: ArgumentHelp("How long one hook may take before it is killed.", valueName: "seconds"))
    var hookTimeout = 300

    @Flag(name: .shortAndLong, help: "Show what hooks print, and who was frozen.")
    var verbose = false

    fileprivate static func mode(_ text: String) throws -> ConsistencyMode {
        if let mode = ConsistencyMode(rawValue: text) { return mode }
        let known = ConsistencyMode.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("'\(text.printable(limit: 40))' is not one of \(known).")
    }

    func validate() throws {
        guard ConsistencyRequest.freezeSeconds.contains(maxFreeze) else {
            throw ValidationError(
                "--max-freeze is 1 to \(ConsistencyRequest.freezeSeconds.upperBound), not \(maxFreeze).")
        }
        guard ConsistencyRequest.timeoutSeconds.contains(hookTimeout) else {
            throw ValidationError(
                "--hook-timeout is 1 to \(ConsistencyRequest.timeoutSeconds.upperBound), not \(hookTimeout).")
        }
    }

    func request(for source: SourceReference) throws(StorageError) -> ConsistencyRequest {
        var engine: VolumeEngine?
        if case .engineVolume(let reference) = source { engine = reference.engine }
        let host = { (text: String) throws(StorageError) in try BackupHook(command: text) }
        let inside = { [engine] (text: String) throws(StorageError) in try BackupHook(parsing: text, engine: engine) }
        return ConsistencyRequest(
            mode: consistency, maxFreezeSeconds: maxFreeze,
            hooksBefore: try hooksBefore.map(host) + execsBefore.map(inside),
            hooksAfter: try execsAfter.map(inside) + hooksAfter.map(host), hookTimeoutSeconds: hookTimeout)
    }

    /// Tells people what was frozen, what did not go as asked, and what the hooks said.
    func announce(_ report: BackupReport, _ console: Console) {
        let still = report.consistency
        for notice in still.notices { console.mention("\(report.source): \(notice)") }
        for notice in still.likelyInconsistent {
            console.mention("\(report.source): \(notice.path): likely inconsistent: \(notice.reason)")
        }
        for hook in still.hooks where hook.hasFailed || verbose {
            if hook.hasFailed { console.mention(HookRow.ending(hook)) }
            for line in hook.output.split(whereSeparator: \.isNewline) {
                console.tell("  | \(String(line).printable())")
            }
            if hook.isOutputCut { console.tell("  | …") }
        }
        guard !still.frozen.isEmpty else { return }
        let seconds = (still.frozenSeconds * 100).rounded() / 100
        console.tell("\(report.source): frozen for \(seconds) s: \(still.frozen.joined(separator: ", "))")
    }
}
