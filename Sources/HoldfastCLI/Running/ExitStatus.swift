internal import StorageModel

/// How a command ended, as scripts see it. The numbers are a promise; the table is shown by every `--help`.
enum ExitStatus: Int32, CaseIterable {
    case done = 0
    case failed = 1
    case usage = 2
    case warnings = 3
    case notFound = 4
    case conflict = 5
    case denied = 6
    case damaged = 7
    case interrupted = 130

    /// The one table from what failed to how the process exits.
    init(_ code: StorageError.Code) {
        switch code {
        case .invalidInput: self = .usage
        case .notFound: self = .notFound
        case .conflict, .inUse: self = .conflict
        case .deniedByCheck: self = .denied
        case .damaged, .truncated: self = .damaged
        case .interrupted: self = .interrupted
        case .permissionDenied, .tooNew, .limitExceeded, .noSpace, .system: self = .failed
        }
    }

    /// One line of help.
    var meaning: String {
        switch self {
        case .done: "done"
        case .failed: "failed"
        case .usage: "the command line is not right"
        case .warnings: "done, with warnings: something changed while it was read, or was skipped"
        case .notFound: "not found"
        case .conflict: "in use, or in conflict with what is there"
        case .denied: "permission denied by a check"
        case .damaged: "damaged data found"
        case .interrupted: "interrupted"
        }
    }

    /// Which of two counts when a command did several things: a failure before a warning, the first failure before later ones.
    func combined(with later: ExitStatus) -> ExitStatus {
        if self == .done || (self == .warnings && later != .done) { return later }
        return self
    }
}

/// The discussion part of a command's help: what it does in more words, examples, exit statuses.
func helpText(_ discussion: String = "", examples: [String]) -> String {
    let parts = [
        discussion,
        (["EXAMPLES:"] + examples.map { "  " + $0 }).joined(separator: "\n"),
        exitStatusText,
    ]
    return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
}

/// The same in every help, and made once.
private let exitStatusText: String = {
    let statuses = ExitStatus.allCases.map { status in
        String(repeating: " ", count: 5 - String(status.rawValue).count) + "\(status.rawValue)  \(status.meaning)"
    }
    return (["EXIT STATUS:"] + statuses).joined(separator: "\n")
}()
