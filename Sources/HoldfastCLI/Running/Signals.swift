internal import Glibc
internal import StorageModel

/// What the process does on signals, and its limit of open files.
enum Signals {
    /// Set by SIGINT, SIGTERM and SIGHUP; every long operation looks at it.
    static let interruption = Interruption()

    /// Call once, before anything else.
    ///
    /// - A first SIGINT, SIGTERM or SIGHUP asks the running operation to stop and clean up; a second SIGINT ends the process at
    ///   once with 130, and the next command sweeps up what it left.
    /// - SIGPIPE is ignored, so that a closed pipe is seen as an error of `write(2)`.
    /// - The soft limit of open files is raised to the hard one.
    static func prepareProcess() {
        // Why: a lazy global must not be initialised inside a signal handler.
        _ = interruption.isRequested
        for number in [SIGINT, SIGTERM, SIGHUP] where !isIgnored(number) {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { number in
                if number == SIGINT && Signals.interruption.isRequested { _exit(ExitStatus.interrupted.rawValue) }
                Signals.interruption.request()
            }
            sigaction(number, &action, nil)
        }
        signal(SIGPIPE, SIG_IGN)
        raiseLimitOfOpenFiles()
    }

    /// Whether the parent wants the signal ignored, as `nohup` does.
    private static func isIgnored(_ number: CInt) -> Bool {
        var current = sigaction()
        guard sigaction(number, nil, &current) == 0 else { return false }
        return unsafeBitCast(current.__sigaction_handler.sa_handler, to: Int.self) == 1
    }

    private static func raiseLimitOfOpenFiles() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        // A refusal leaves the old limit, which is enough for all but very wide work.
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
