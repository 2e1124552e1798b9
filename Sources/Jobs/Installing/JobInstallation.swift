package import StorageModel

/// How a job is started by itself: which program, with which arguments, by what.
package struct JobInstallation: Hashable, Sendable {
    package enum Manner: Hashable, Sendable {
        /// A service and a timer of systemd.
        case systemd
        /// A file for the directory `/etc/cron.d`.
        case cron
    }

    /// A file that is written; `text` is `nil` where it is only to be removed.
    package struct File: Hashable, Sendable {
        package let name: String
        package let text: String
    }

    package let job: Job
    /// The absolute path of this program.
    package let program: String
    /// The absolute path of the job file.
    package let file: String
    /// The store's directory.
    package let root: String

    package init(job: Job, program: String, file: String, root: String) {
        (self.job, self.program, self.file, self.root) = (job, program, file, root)
    }

    /// What such a file begins with; one that does not is somebody else's.
    package static func mark(of job: JobName) -> String { "# holdfast job \(job)\n" }

    package static func names(of job: JobName, _ manner: Manner) -> [String] {
        switch manner {
        case .systemd: ["holdfast-job-\(job).service", "holdfast-job-\(job).timer"]
        case .cron: ["holdfast-job-\(job)"]
        }
    }

    /// - Throws: ``StorageError/Code/invalidInput`` for a job without a schedule, for one that cron does not understand, and
    ///   for a path that no such file can hold.
    package func files(_ manner: Manner) throws(StorageError) -> [File] {
        guard let schedule = job.schedule else {
            throw StorageError(
                .invalidInput, object: job.name.rawValue, "the job '\(job.name)' has no schedule",
                hint: "give it one, as in schedule: \"30 3 * * *\"")
        }
        for path in [program, file, root] where !path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) {
            throw StorageError(
                .invalidInput, object: path, "the path '\(path.printable())' has a control character in it",
                hint: "choose another name")
        }
        let names = Self.names(of: job.name, manner)
        switch manner {
        case .systemd:
            let units = SystemdUnits(self)
            return [File(name: names[0], text: units.service), File(name: names[1], text: units.timer(schedule))]
        case .cron: return [File(name: names[0], text: try CrontabFile(self).text(schedule))]
        }
    }

    var arguments: [String] { [program, "job", "run", "--root", root, file, job.name.rawValue] }
}
