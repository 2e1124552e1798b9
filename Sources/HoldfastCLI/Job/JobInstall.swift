internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast job install`: lets the system start jobs on their schedules.
struct JobInstall: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Let systemd or cron start jobs on their schedules.",
        discussion: helpText(
            """
            Writes holdfast-job-NAME.service and .timer to /etc/systemd/system and enables the timer, or with --cron a file to \
            /etc/cron.d. A timer catches up on what was missed while the host was off, and puts the start off at random by the \
            job's 'splay'. Files of the same name that this command did not write are never touched.
            """,
            examples: [
                "holdfast job install nightly.yaml",
                "holdfast job install nightly --cron --dry-run",
                "holdfast job install nightly.yaml --init-destination",
                "holdfast job install nightly.yaml --uninstall",
            ]))

    @OptionGroup var selection: JobSelection

    @Flag(help: "Write a file for cron, not units for systemd.")
    var cron = false

    @Option(help: ArgumentHelp("Put the files here, and enable nothing.", valueName: "dir"), completion: .directory)
    var directory: String?

    @Flag(help: "Remove what this command has written for the jobs.")
    var uninstall = false

    @Flag(
        name: .customLong("init-destination"),
        help: "Make the missing markers in the destinations of the jobs, so that these are used from now on.")
    var initDestination = false

    @Flag(help: "Print the files, and write nothing.")
    var dryRun = false

    @OptionGroup var store: StoreOptions

    func validate() throws {
        if uninstall && dryRun { throw ValidationError("--uninstall and --dry-run exclude each other.") }
        if uninstall && initDestination {
            throw ValidationError("--uninstall and --init-destination exclude each other.")
        }
    }

    func execute(_ console: Console) throws {
        let installer = JobInstaller(cron ? .cron : .systemd, directory: directory)
        for found in try selection.found(console) {
            do throws(StorageError) {
                if uninstall {
                    for path in try installer.uninstall(found.job.name) { try console.say(path) }
                } else {
                    try install(found, by: installer, console)
                }
            } catch {
                try console.report(error)
            }
        }
    }

    private func install(
        _ found: JobSelection.Found, by installer: JobInstaller, _ console: Console
    ) throws(StorageError) {
        let files = try installer.files(for: found.job, in: found.file, root: store.root)
        if dryRun {
            for file in files { try console.say("# \(file.path)\n\(file.text)") }
            return
        }
        if initDestination { _ = try JobRun.initializeDestinations(of: found.job) }
        let rest = try installer.install(files, of: found.job.name)
        for file in files { try console.say(file.path) }
        if let rest { console.tell(rest) }
    }
}
