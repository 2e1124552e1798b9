internal import StorageModel

/// The units of a job, after systemd.service(5), systemd.timer(5) and systemd.exec(5).
struct SystemdUnits {
    private let installation: JobInstallation

    init(_ installation: JobInstallation) { self.installation = installation }

    private var mark: String { JobInstallation.mark(of: installation.job.name) }

    /// Only SIGTERM to the main process: it ends its hooks itself, and the watchdog of a freeze has to live on until everything
    /// is thawed. Hardened as far as nothing is taken from a backup: it reads all volumes and directories, mounts, writes the freezer
    /// of control groups, and runs the hooks of the job, so no view of the file system of its own.
    var service: String {
        let job = installation.job
        return mark + """
            [Unit]
            Description=Holdfast job \(job.name)
            Documentation=man:systemd.service(5)
            Wants=network-online.target
            After=local-fs.target remote-fs.target network-online.target docker.service podman.service

            [Service]
            Type=oneshot
            ExecStart=\(installation.arguments.map(Self.quoted).joined(separator: " "))
            SuccessExitStatus=3
            KillMode=mixed
            TimeoutStartSec=infinity
            TimeoutStopSec=5min
            UMask=0077
            NoNewPrivileges=yes
            LockPersonality=yes
            RestrictRealtime=yes
            SystemCallArchitectures=native
            KeyringMode=private

            """
    }

    func timer(_ schedule: JobSchedule) -> String {
        let job = installation.job
        let events = schedule.calendarEvents.map { "OnCalendar=\(Self.escapedSpecifiers($0))\n" }.joined()
        let splay = job.splaySeconds > 0 ? "RandomizedDelaySec=\(job.splaySeconds)s\n" : ""
        return mark + """
            [Unit]
            Description=Schedule of the Holdfast job \(job.name)

            [Timer]
            \(events)\(splay)Persistent=true
            AccuracySec=1min

            [Install]
            WantedBy=timers.target

            """
    }

    /// A word of a command line: in quotation marks, with nothing in it that systemd replaces.
    static func quoted(_ word: String) -> String {
        var result = ""
        for scalar in word.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "$": result += "$$"
            case "%": result += "%%"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return "\"\(result)\""
    }

    private static func escapedSpecifiers(_ text: String) -> String {
        text.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%")
    }
}
