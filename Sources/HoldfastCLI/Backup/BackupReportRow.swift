internal import StorageModel

/// A backup's and a restore's figures as they are printed.
enum BackupReportRow {
    /// The keys are a promise to scripts.
    static func json(_ report: BackupReport) -> JSONValue {
        let resumed: JSONValue = report.resumed.map { json($0) } ?? .null
        let texts = report.remarks + report.notices + report.consistency.notices
        return [
            "archive": .string(report.archive), "source": .string(report.source.description),
            "entries": .unsigned(report.entries), "sourceBytes": .unsigned(report.sourceBytes),
            "archiveBytes": .unsigned(report.archiveBytes), "reusedFrames": .unsigned(report.reusedFrames),
            "newFrames": .unsigned(report.newFrames), "reusedBytes": .unsigned(report.reusedBytes),
            "changedDuringRead": notices(report.changedDuringRead), "skipped": notices(report.skipped),
            "seconds": .seconds(report.seconds), "tableDigest": .string(report.tableDigest.description),
            "previous": .optional(report.previous), "resumed": resumed,
            "unchanged": .boolean(report.isUnchanged), "linked": .boolean(report.isLinked),
            "altered": notices(report.altered), "reasons": notices(report.reasons),
            "consistency": .string(report.consistency.method.rawValue),
            "frozenSeconds": .seconds(report.consistency.frozenSeconds),
            "frozen": .array(report.consistency.frozen.map { .string($0) }),
            "notices": .array(texts.map { .string($0) }),
            "likelyInconsistent": notices(report.consistency.likelyInconsistent),
            "hooks": .array(report.consistency.hooks.map(HookRow.json)),
        ]
    }

    private static func json(_ resumed: ResumedRun) -> JSONValue {
        [
            "partial": .string(resumed.partial), "reusedFrames": .unsigned(resumed.reusedFrames),
            "reusedBytes": .unsigned(resumed.reusedBytes),
        ]
    }

    /// One line for people.
    static func summary(_ report: BackupReport) -> String {
        if report.isUnchanged {
            return "\(report.source): nothing changed in \(report.entries.grouped) entries since the previous archive, "
                + durationText(seconds: report.seconds)
        }
        if report.isLinked {
            return "\(report.source): nothing changed in \(report.entries.grouped) entries, the previous archive has "
                + "another name now, " + durationText(seconds: report.seconds)
        }
        let rate = report.seconds > 0 ? UInt64(Double(report.sourceBytes) / report.seconds) : 0
        return "\(report.source): \(report.entries.grouped) entries, \(report.sourceBytes.asBytes) in, "
            + "\(report.archiveBytes.asBytes) out (\(report.reusedBytes.asBytes) reused\(resumption(report))), "
            + "\(durationText(seconds: report.seconds)), \(rate.asBytes)/s"
    }

    private static func resumption(_ report: BackupReport) -> String {
        report.resumed.map { ", \($0.reusedBytes.asBytes) of them from an interrupted run" } ?? ""
    }

    /// The keys are a promise to scripts.
    static func json(_ report: RestoreReport) -> JSONValue {
        [
            "archive": .string(report.archive), "target": .string(report.target.description),
            "entries": .unsigned(report.entries), "restoredBytes": .unsigned(report.restoredBytes),
            "createdVolume": .boolean(report.createdVolume), "skipped": notices(report.skipped),
            "seconds": .seconds(report.seconds),
        ]
    }

    /// One line for people.
    static func summary(_ report: RestoreReport) -> String {
        let rate = report.seconds > 0 ? UInt64(Double(report.restoredBytes) / report.seconds) : 0
        return "\(report.target): \(report.entries.grouped) entries, \(report.restoredBytes.asBytes), "
            + "\(durationText(seconds: report.seconds)), \(rate.asBytes)/s"
    }

    static func notices(_ notices: [EntryNotice]) -> JSONValue {
        .array(notices.map { ["path": .string($0.path.description), "reason": .string($0.reason)] })
    }
}
