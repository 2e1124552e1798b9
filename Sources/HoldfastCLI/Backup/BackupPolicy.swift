internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast backup policy`: simulates a retention policy on a list of times.
struct BackupPolicy: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Show what a retention policy would keep of a list of times, and why. Removes nothing.",
        discussion: helpText(
            """
            FILE is a JSON array of {"time": RFC 3339, "tags": […]}; - is standard input. Prints JSON, the newest time first, \
            each as it was given. The rules are those of 'backup forget'.
            """,
            examples: [
                "holdfast backup policy --times times.json --keep-daily 7 --keep-weekly 4",
                "holdfast backup ls /srv/backups --json | jq '[.[] | {time: .createdAt, tags}]' | "
                    + "holdfast backup policy --times - --keep-within 30d",
            ]))

    @Option(help: ArgumentHelp("The list of times, or -.", valueName: "file"), completion: .file())
    var times: String

    @OptionGroup var retention: RetentionOptions
    @OptionGroup var output: OutputOptions

    /// There is no other output: what it prints is for scripts.
    var printsJSON: Bool { true }

    func execute(_ console: Console) throws {
        let policy = try retention.policy()
        let (zone, now) = (try retention.zone(), try retention.time())
        let list = try ArchiveFiles.retentionItems(in: times)
        let decisions = try ArchiveFiles.simulate(policy, on: list.map(\.item), zone: zone, now: now)
        let row = { (decision: RetentionDecision) -> [String: JSONValue] in
            var members: [String: JSONValue] = ["time": .string(list[decision.index].text)]
            if !decision.item.tags.isEmpty { members["tags"] = .array(decision.item.tags.map { .string($0) }) }
            if decision.isKept { members["reasons"] = .array(decision.reasons.map { .string($0) }) }
            return members
        }
        try console.print([
            "keep": .array(decisions.filter(\.isKept).map { .object(row($0)) }),
            "remove": .array(decisions.filter { !$0.isKept }.map { .object(row($0)) }),
        ])
    }
}
