internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast job ls`: lists jobs, how their last runs went, and when the next are.
struct JobList: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List jobs: the last success, the last result, the next run, size, duration and trend.",
        discussion: helpText(
            """
            The next run follows from the schedule in the file, whether the job is installed or not. TREND shows the sizes of the \
            archives of up to 12 runs that were no failures, and by how much they grow from run to run.
            """,
            examples: ["holdfast job ls", "holdfast job ls nightly.yaml --json"]),
        aliases: ["list"])

    @Argument(
        help: ArgumentHelp("Job files. Default: those of the directory of job files.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var files: [String] = []

    @Option(help: ArgumentHelp("Take this for the time now (RFC 3339).", valueName: "time"))
    var now: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let time = try timeNow(now)
        var rows: [JobOverview] = []
        for path in files.isEmpty ? try JobFiles.list() : files {
            do throws(StorageError) {
                let content = try JobFiles.read(path)
                for job in content.jobs {
                    rows.append(try JobOverview(of: job, file: content.file, root: store.root, now: time))
                }
                if !content.faults.isEmpty {
                    for fault in content.faults { console.tell(fault.description) }
                    throw content.refusal(withFaults: console.isJSON)
                }
            } catch {
                try console.report(error)
            }
        }
        if output.json { return try console.print(.array(rows.map(JobOverviewRow.json))) }
        if !rows.isEmpty { try console.print(JobOverviewRow.table(rows)) }
    }
}
