internal import ArgumentParser

/// `holdfast job`: the group of commands on jobs.
struct JobCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job",
        abstract: "Run backups from a file that says everything: what, where to, how long it is kept, who is told.",
        discussion: helpText(
            """
            A job file is YAML: 'jobs' with jobs by their names, or one job by itself, which is called as its file. Jobs that are \
            named without a file are looked for in /etc/holdfast/jobs.d/*.yaml; HOLDFAST_JOBS names another directory.
            """,
            examples: [
                "holdfast job validate nightly.yaml",
                "holdfast job run nightly.yaml",
                "holdfast job install nightly.yaml",
                "holdfast job ls",
            ]),
        subcommands: [JobRunCommand.self, JobList.self, JobValidate.self, JobInstall.self])
}
