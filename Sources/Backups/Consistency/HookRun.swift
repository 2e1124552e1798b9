internal import FileTree
package import StorageModel

/// Runs the hooks of one backup.
package struct HookRun: Sendable {
    private let request: BackupRequest
    private let volume: String
    /// The command line that runs a command in a container, with the words for its environment.
    private let enter: @Sendable (String, VolumeEngine?, _ environment: [String]) throws(StorageError) -> [String]

    private static let outputLimitBytes = 64 << 10

    /// - Parameters:
    ///   - volume: the volume's name; empty for a directory.
    ///   - enter: gives the program and its arguments, to which `/bin/sh -c COMMAND` is added.
    package init(
        _ request: BackupRequest, volume: String,
        enter: @escaping @Sendable (String, VolumeEngine?, [String]) throws(StorageError) -> [String]
    ) {
        (self.request, self.volume, self.enter) = (request, volume, enter)
    }

    /// Runs the backup between its hooks. Those behind it run also after a failure, of a hook before it too.
    ///
    /// - Throws: what the backup throws; ``StorageError/Code/system`` for a hook before it that fails or takes too long.
    package func around(
        _ interruption: Interruption, _ backUp: () throws(StorageError) -> BackupReport
    ) throws(StorageError) -> BackupReport {
        var reports: [HookReport] = []
        do throws(StorageError) {
            for hook in request.consistency.hooksBefore {
                let report = try run(hook, isBefore: true, [:], until: interruption)
                reports.append(report)
                if report.hasFailed { throw Self.failure(report, request.consistency.hookTimeoutSeconds) }
            }
            var report = try backUp()
            let status = report.hasWarnings ? "3" : "0"
            report.consistency.hooks =
                reports + runAfter(["HOLDFAST_STATUS": status, "HOLDFAST_ARCHIVE": report.archive])
            return report
        } catch {
            let after = runAfter(["HOLDFAST_STATUS": error.code == .interrupted ? "130" : "1"]).filter(\.hasFailed)
            guard !after.isEmpty else { throw error }
            let causes = after.map { Self.failure($0, request.consistency.hookTimeoutSeconds).message }
            throw StorageError(
                error.code, object: error.object, error.message, errno: error.errno, hint: error.hint,
                causes: error.causes + causes, excerpt: error.excerpt)
        }
    }

    /// All of them, whatever becomes of the others, and although the user interrupted the backup.
    private func runAfter(_ variables: [String: String]) -> [HookReport] {
        request.consistency.hooksAfter.map { hook in
            do throws(StorageError) {
                return try run(hook, isBefore: false, variables, until: Interruption())
            } catch {
                return HookReport(
                    hook: hook, isBefore: false, exitStatus: 127,
                    output: ([error.message] + error.causes).joined(separator: "\n"), isOutputCut: false, seconds: 0)
            }
        }
    }

    private func run(
        _ hook: BackupHook, isBefore: Bool, _ variables: [String: String], until interruption: Interruption
    ) throws(StorageError) -> HookReport {
        let start = ContinuousClock.now
        let own = [
            "HOLDFAST_SOURCE": request.source.description, "HOLDFAST_VOLUME": volume,
            "HOLDFAST_PHASE": isBefore ? "before" : "after",
        ]
        let environment = own.merging(variables) { $1 }.map { "\($0.key)=\($0.value)" }.sorted()
        let words: [String]
        switch hook.place {
        case .host: words = ["/usr/bin/env"] + environment
        case .container(let name, let engine): words = ["/usr/bin/env"] + (try enter(name, engine, environment))
        }
        let outcome: CapturedRun.Outcome
        do throws(FileError) {
            outcome = try CapturedRun(words[0], Array(words.dropFirst()) + ["/bin/sh", "-c", hook.command]).run(
                outputLimitBytes: Self.outputLimitBytes,
                limitMilliseconds: Int64(request.consistency.hookTimeoutSeconds) * 1000, until: interruption)
        } catch {
            throw StorageError(
                error, doing: "run the hook '\(hook.command.printable(limit: 80))'", object: hook.command)
        }
        if outcome.end == .interrupted { throw .interrupted }
        var status: Int32?
        if case .exited(let code) = outcome.end { status = code }
        let elapsed = start.duration(to: .now)
        return HookReport(
            hook: hook, isBefore: isBefore, exitStatus: status,
            output: String(decoding: outcome.output, as: UTF8.self), isOutputCut: outcome.isCut,
            seconds: elapsed.seconds)
    }

    private static func failure(_ report: HookReport, _ timeoutSeconds: Int) -> StorageError {
        let what =
            "the hook '\(report.hook.command.printable(limit: 80))' \(report.isBefore ? "before" : "after") the backup"
        let how =
            report.exitStatus.map { "ended with status \($0)" }
            ?? "took longer than \(timeoutSeconds) seconds and was killed"
        let lines = report.output.split(whereSeparator: \.isNewline).suffix(10).map { String($0).printable(limit: 400) }
        return StorageError(
            .system, object: report.hook.command, "\(what) \(how)",
            hint: report.exitStatus == nil ? "give it more time with --hook-timeout" : nil, causes: lines)
    }
}
