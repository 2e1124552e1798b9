// The report as the command prints it, as notifications get it, and as the history keeps it. The keys are a promise to scripts.
extension JobReport {
    public var json: JSONValue {
        [
            "job": .string(job.rawValue), "outcome": .string(outcome.rawValue),
            "startedAt": .string(startedAt.description), "seconds": .seconds(seconds),
            "interrupted": .boolean(isInterrupted), "timedOut": .boolean(hasTimedOut),
            "sourceBytes": .unsigned(sourceBytes), "archiveBytes": .unsigned(archiveBytes),
            "reusedBytes": .unsigned(reusedBytes), "errors": .array(errors.map { .string($0) }),
            "warnings": .array(warnings.map { .string($0) }), "removedArchives": .unsigned(removedArchives),
            "freedBytes": .unsigned(freedBytes), "scrubbedArchives": .unsigned(scrubbedArchives),
            "damagedArchives": .unsigned(damagedArchives), "caughtUp": .array(caughtUp.map(\.json)),
            "sources": .array(sources.map(\.json)),
        ]
    }

    /// - Returns: `nil` for what is no report.
    public init?(_ json: JSONValue) {
        guard let name = json["job"]?.text, let job = try? JobName(name),
            let start = json["startedAt"]?.text.flatMap({ Timestamp(parsing: $0) }),
            let sources = json["sources"]?.elements
        else { return nil }
        self.init(job: job, startedAt: start)
        seconds = json["seconds"]?.seconds ?? 0
        isInterrupted = json["interrupted"] == .boolean(true)
        hasTimedOut = json["timedOut"] == .boolean(true)
        errors = json["errors"]?.texts ?? []
        warnings = json["warnings"]?.texts ?? []
        removedArchives = json["removedArchives"]?.count ?? 0
        freedBytes = json["freedBytes"]?.count ?? 0
        scrubbedArchives = json["scrubbedArchives"]?.count ?? 0
        damagedArchives = json["damagedArchives"]?.count ?? 0
        caughtUp = (json["caughtUp"]?.elements ?? []).compactMap { JobCatchUpReport($0) }
        self.sources = sources.compactMap { JobSourceReport($0) }
    }
}

extension JobSourceReport {
    public var json: JSONValue {
        [
            "source": .string(source), "outcome": .string(outcome.rawValue), "archive": .optional(archive),
            "unchanged": .boolean(isUnchanged), "entries": .unsigned(entries), "sourceBytes": .unsigned(sourceBytes),
            "archiveBytes": .unsigned(archiveBytes), "reusedBytes": .unsigned(reusedBytes),
            "seconds": .seconds(seconds), "warnings": .array(warnings.map { .string($0) }),
            "warningCount": .unsigned(warningCount), "error": .optional(error),
            "copies": .array(
                copies.map { copy in
                    [
                        "destination": .string(copy.destination), "archive": .optional(copy.archive),
                        "error": .optional(copy.error),
                    ]
                }),
        ]
    }

    init?(_ json: JSONValue) {
        guard let source = json["source"]?.text, let outcome = JobOutcome(rawValue: json["outcome"]?.text ?? "") else {
            return nil
        }
        self.init(source: source, outcome: outcome)
        archive = json["archive"]?.text
        isUnchanged = json["unchanged"] == .boolean(true)
        entries = json["entries"]?.count ?? 0
        sourceBytes = json["sourceBytes"]?.count ?? 0
        archiveBytes = json["archiveBytes"]?.count ?? 0
        reusedBytes = json["reusedBytes"]?.count ?? 0
        seconds = json["seconds"]?.seconds ?? 0
        warnings = json["warnings"]?.texts ?? []
        warningCount = json["warningCount"]?.count ?? 0
        error = json["error"]?.text
        copies = (json["copies"]?.elements ?? []).compactMap { copy in
            copy["destination"]?.text.map {
                JobCopyReport(destination: $0, archive: copy["archive"]?.text, error: copy["error"]?.text)
            }
        }
    }
}

extension JobCatchUpReport {
    var json: JSONValue {
        [
            "source": .string(source), "destination": .string(destination), "missing": .unsigned(missing),
            "copied": .unsigned(copied), "copiedBytes": .unsigned(copiedBytes),
        ]
    }

    init?(_ json: JSONValue) {
        guard let source = json["source"]?.text, let destination = json["destination"]?.text else { return nil }
        self.init(source: source, destination: destination)
        missing = json["missing"]?.count ?? 0
        copied = json["copied"]?.count ?? 0
        copiedBytes = json["copiedBytes"]?.count ?? 0
    }
}

extension JSONValue {
    /// A number, whole or not.
    fileprivate var seconds: Double? {
        switch self {
        case .number(let number): number
        default: count.map(Double.init)
        }
    }
}
