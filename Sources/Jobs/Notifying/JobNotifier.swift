internal import FileTree
package import StorageModel

/// Tells somebody of a run: by a command that gets the report as JSON on standard input, or by a webhook that it is posted to.
package struct JobNotifier {
    private let report: JobReport

    private static let outputLimitBytes = 16 << 10

    package init(_ report: JobReport) { self.report = report }

    /// Tells all who want to know of such an outcome, one after the other, whatever becomes of each.
    ///
    /// - Returns: what went wrong, one sentence each; no address, no token and no report is in them.
    package func tell(_ notifications: [JobNotification], until interruption: Interruption) -> [String] {
        var failures: [String] = []
        for notification in notifications where notification.outcomes.contains(report.outcome) {
            do throws(StorageError) {
                switch notification.way {
                case .command(let command): try run(command, notification.timeoutSeconds, interruption)
                case .webhook(let webhook): try post(webhook, notification.timeoutSeconds, interruption)
                }
            } catch {
                let causes = error.causes.map { ": \($0)" }.joined()
                failures.append("nobody was told by \(error.message)\(causes)")
            }
        }
        return failures
    }

    private func run(_ command: String, _ timeoutSeconds: Int, _ interruption: Interruption) throws(StorageError) {
        let name = "the command '\(command.printable(limit: 80))'"
        let variables = [
            "HOLDFAST_JOB=\(report.job)", "HOLDFAST_OUTCOME=\(report.outcome.rawValue)",
            "HOLDFAST_SUMMARY=\(report.summary)", "HOLDFAST_STARTED_AT=\(report.startedAt)",
            "HOLDFAST_SECONDS=\(Int(report.seconds))", "HOLDFAST_SOURCE_BYTES=\(report.sourceBytes)",
            "HOLDFAST_ARCHIVE_BYTES=\(report.archiveBytes)", "HOLDFAST_FAILURES=\(report.failures.count)",
        ]
        let outcome: CapturedRun.Outcome
        do throws(FileError) {
            outcome = try CapturedRun(
                "/usr/bin/env", variables + ["/bin/sh", "-c", command],
                input: Array((report.json.prettyText() + "\n").utf8)
            ).run(
                outputLimitBytes: Self.outputLimitBytes, limitMilliseconds: Int64(timeoutSeconds) * 1000,
                until: interruption)
        } catch {
            throw StorageError(error, doing: "run \(name)", object: command)
        }
        let how: String
        switch outcome.end {
        case .exited(0): return
        case .exited(let status): how = "ended with status \(status)"
        case .timedOut: how = "took longer than \(timeoutSeconds) s and was killed"
        case .interrupted: how = "was interrupted"
        }
        let lines = String(decoding: outcome.output, as: UTF8.self).split(whereSeparator: \.isNewline)
        throw StorageError(
            .system, object: command, "\(name), which \(how)",
            causes: lines.suffix(3).map { String($0).printable(limit: 200) })
    }

    private func post(
        _ webhook: JobNotification.Webhook, _ timeoutSeconds: Int, _ interruption: Interruption
    ) throws(StorageError) {
        let address: String
        switch webhook.address {
        case .url(let url): address = url
        case .file(let path):
            address = try Self.firstLine(of: path)
            guard JobNotification.Webhook.isAddress(address) else {
                throw StorageError(.invalidInput, object: path, "a webhook: '\(path.printable())' has no address in it")
            }
        }
        try WebhookPost(
            address: address,
            token: try webhook.tokenFile.map { path throws(StorageError) in try Self.firstLine(of: path) },
            body: Array(report.json.compactText.utf8), timeoutSeconds: timeoutSeconds
        ).send(retries: webhook.retries, until: interruption)
    }

    /// What a file with a secret says; the secret itself is in no message.
    private static func firstLine(of path: String) throws(StorageError) -> String {
        do throws(FileError) {
            let bytes = try Descriptor.openFile(atHostPath: path).readToEnd(limitBytes: 64 << 10)
            let line = String(decoding: bytes.prefix { $0 != 0x0a && $0 != 0x0d }, as: UTF8.self)
            guard !line.isEmpty, line.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) else {
                throw FileError("read", path: path.printable(), errno: .invalidArgument)
            }
            return line
        } catch {
            throw StorageError(
                .invalidInput, object: path,
                "a webhook: '\(path.printable())' cannot be read, or has no line of text in it",
                causes: [error.description])
        }
    }
}
