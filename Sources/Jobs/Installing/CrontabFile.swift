internal import StorageModel

/// A file of `/etc/cron.d` with one line, after crontab(5).
struct CrontabFile {
    private let installation: JobInstallation

    init(_ installation: JobInstallation) { self.installation = installation }

    /// - Throws: ``StorageError/Code/invalidInput`` for what only systemd understands.
    func text(_ schedule: JobSchedule) throws(StorageError) -> String {
        let job = installation.job
        guard case .cron(let expression) = schedule.rule else {
            throw StorageError(
                .invalidInput, object: job.name.rawValue,
                "the schedule of the job '\(job.name)' is a calendar event, which cron does not understand",
                hint: "write a cron expression, as in schedule: \"30 3 * * *\", or install it for systemd")
        }
        guard schedule.zoneName == nil || schedule.zoneName == "local" else {
            throw StorageError(
                .invalidInput, object: job.name.rawValue,
                "the job '\(job.name)' has a time zone, and cron knows only that of the host",
                hint: "leave out 'timezone', or install it for systemd")
        }
        // Versions of cron differ in what they make of a backslash.
        for path in installation.arguments where path.contains("\\") {
            throw StorageError(
                .invalidInput, object: path,
                "the path '\(path.printable())' has a backslash in it, which cron may change",
                hint: "choose another name, or install it for systemd")
        }
        var words = installation.arguments.map(Self.quoted)
        if job.splaySeconds > 0 { words.insert("--splay \(job.splaySeconds)s", at: 3) }
        return JobInstallation.mark(of: job.name) + """
            SHELL=/bin/sh
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
            \(expression.text) root \(words.joined(separator: " "))

            """
    }

    /// A word for the shell, in which cron does not take a per cent sign for the end of the line.
    static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy { byte in
                switch byte {
                case 0x2b...0x3a, 0x40...0x5a, 0x5f, 0x61...0x7a: true
                default: false
                }
            }
        if isPlain { return word }
        let inner = word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
        return "'" + inner.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "\\%") + "'"
    }
}
