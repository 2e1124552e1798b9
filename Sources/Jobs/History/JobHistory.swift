internal import FileTree
package import StorageModel

/// The runs of a job, the oldest first: `history.jsonl` in its state, a report on each line.
///
/// The file is written anew as a whole and put in the old one's place in one step, so that it is never half of anything. What
/// cannot be understood in it is passed over: a history never keeps a backup from being made.
package struct JobHistory: Sendable {
    private let state: JobState
    package private(set) var reports: [JobReport]

    /// So many runs are kept; and of what did not succeed in any of them, the run in which it last did.
    package static let limit = 400
    private static let limitBytes = 64 << 20
    private static let name = "history.jsonl"

    /// A job that never ran has an empty history.
    package init(of state: JobState) throws(StorageError) {
        self.state = state
        do throws(FileError) {
            let file = try Descriptor.openDirectory(atHostPath: state.path).openFile(
                Array(Self.name.utf8), for: .reading)
            reports = try file.readToEnd(limitBytes: Self.limitBytes).split(separator: UInt8(ascii: "\n")).compactMap {
                // A line that makes no sense is none: see above.
                (try? JSONValue(parsing: Array($0), of: "the history")).flatMap { JobReport($0) }
            }
        } catch {
            guard error.errno == .noEntry else {
                throw StorageError(error, doing: "read the history of the job '\(state.job)'", object: state.path)
            }
            reports = []
        }
    }

    /// Adds the newest run, on disk when this returns.
    package mutating func append(_ report: JobReport) throws(StorageError) {
        reports.append(report)
        try write()
    }

    /// Puts the newest run's report in the place of what was said of it before.
    package mutating func replaceLast(_ report: JobReport) throws(StorageError) {
        guard !reports.isEmpty else { return try append(report) }
        reports[reports.count - 1] = report
        try write()
    }

    private mutating func write() throws(StorageError) {
        reports = Self.bounded(reports)
        let text = reports.map { $0.json.compactText + "\n" }.joined()
        do throws(FileError) {
            _ = try state.open()
            try FilePublication.replace(Self.name, inDirectory: state.path, with: text)
        } catch {
            throw StorageError(error, doing: "write the history of the job '\(state.job)'", object: state.path)
        }
    }

    private static func bounded(_ reports: [JobReport]) -> [JobReport] {
        guard reports.count > limit else { return reports }
        let kept = Array(reports.suffix(limit))
        var wanted = Set(kept.flatMap { $0.sources.map(\.source) })
        wanted.subtract(kept.flatMap { $0.sources.filter { $0.outcome != .failure }.map(\.source) })
        var older: [JobReport] = []
        for report in reports.dropLast(limit).reversed() {
            let found = report.sources.filter { $0.outcome != .failure && wanted.contains($0.source) }
            guard !found.isEmpty else { continue }
            wanted.subtract(found.map(\.source))
            older.append(report)
        }
        return older.reversed() + kept
    }

    // MARK: Questions

    package var last: JobReport? { reports.last }

    /// The newest run that was no failure.
    package var lastSuccess: JobReport? { reports.last { $0.outcome != .failure } }

    /// When a run that made an archive of a source, or found it unchanged, began.
    package func lastSuccess(of source: String) -> Timestamp? {
        reports.last { $0.sources.contains { $0.source == source && $0.outcome != .failure } }?.startedAt
    }

    /// The same for a copy at a destination.
    package func lastCopy(of source: String, to destination: String) -> Timestamp? {
        reports.last { report in
            report.sources.contains { found in
                found.source == source && found.copies.contains { $0.destination == destination && $0.error == nil }
            }
        }?.startedAt
    }
}
