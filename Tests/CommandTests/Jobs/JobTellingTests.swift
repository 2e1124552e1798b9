import Glibc
import TestSupport
import Testing

/// Goal: who wants to know of a run is told, and what monitoring reads is right; nothing of that keeps a backup from being made.
/// Method: commands that leave traces, a server that answers as a test says, Prometheus' own parsers.
@Suite("What jobs tell") struct JobTellingTests {
    private let job: JobFixture

    init() throws { job = try JobFixture() }

    // MARK: Commands

    @Test("a command gets the report on standard input and the outcome in its environment, when it wants to know")
    func command() throws {
        let notify = """
            notify:
              - {on: always, command: "cat > {}/report; env | grep ^HOLDFAST_ | grep -v ROOT > {}/environment"}
              - {on: success, command: "touch {}/success"}
              - {on: [warning, failure], command: "touch {}/trouble"}
            """
        let report = try job.report(job.job(notify))
        #expect(try JSON(parsing: Tool.run("cat", job("report")).check().text) == report)
        let variables = try Tool.run("cat", job("environment")).check().lines
        for line in ["HOLDFAST_JOB=n", "HOLDFAST_OUTCOME=success", "HOLDFAST_FAILURES=0"] {
            #expect(variables.contains(line), "\(variables)")
        }
        #expect(variables.contains { $0.hasPrefix("HOLDFAST_SUMMARY=n: success, 1 of 1 sources, ") })
        #expect(try job.exists("success") && !job.exists("trouble"))
        try Tool.run("rm", "-r", job("data"), job("success")).check()
        _ = try job.report(job.job(notify), status: 1)
        #expect(try !job.exists("success") && job.exists("trouble"))
    }

    @Test("a command that fails or hangs is a warning, killed in time, and in the history")
    func failingCommand() throws {
        let file = try job.job(
            "notify:\n  - {on: always, command: \"echo why >&2; exit 9\"}\n  - {on: always, timeout: 1s, command: sleep 974}"
        )
        let report = try job.report(file, status: 3)
        let warnings = report["warnings"].elements.compactMap(\.text)
        #expect(warnings.count == 2 && warnings[0].contains("ended with status 9: why"), "\(warnings)")
        #expect(warnings[1].contains("took longer than 1 s and was killed"))
        #expect(try job.history()[0]["warnings"] == report["warnings"])
        #expect(try job.archives().count == 1)
    }

    @Test("a large report does not have to be read")
    func unread() throws {
        for number in 0..<1500 { try job.data.directory("directory-with-a-long-name-\(number)") }
        let sources = (0..<1500).map { "\"dir:{}/data/directory-with-a-long-name-\($0)x\"" }.joined(separator: ", ")
        let file = try job.file("name: n\nsources: [\(sources)]\nto: {}/backups\nnotify: {command: \"exit 0\"}")
        #expect(try job.report(file, status: 1)["warnings"].elements.isEmpty)
    }

    // MARK: Webhooks

    @Test("a webhook gets the report by POST, with its token, again after answers that may pass")
    func webhook() throws {
        let server = try ScriptedServer { _, number in
            [ScriptedServer.Reply(503), nil, ScriptedServer.Reply(204)][min(number, 2)]
        }
        try Tool.script(
            "echo http://user:pass@$1/secret-path > $2; echo secret-token > $3", server.host, job("url"), job("token")
        )
        .check()
        let report = try job.report(
            job.job("notify: {on: success, url-file: {}/url, token-file: {}/token, retries: 3}"))
        #expect(report["warnings"].elements.isEmpty)
        let requests = server.requests
        #expect(requests.count == 3 && requests.allSatisfy { $0.method == "POST" && $0.path == "/secret-path" })
        let last = try #require(requests.last)
        #expect(last.headers["content-type"] == "application/json")
        #expect(last.headers["authorization"] == "Bearer secret-token")
        #expect(try JSON(parsing: String(decoding: last.body, as: UTF8.self)) == report)
    }

    @Test(
        "a webhook that does not take it is a warning without the address, and is tried no more often than it makes sense",
        arguments: [(404, 1), (500, 2), (302, 1)])
    func refusedWebhook(_ status: Int, _ attempts: Int) throws {
        let server = try ScriptedServer { _, _ in ScriptedServer.Reply(status, text: "secret answer") }
        let file = try job.job("notify: {on: always, url: \"http://\(server.host)/secret?x=secret\", retries: 1}")
        let result = try job.store.holdfast("job", "run", file).check(3)
        #expect(result.errorText.contains("the webhook at '\(server.host)', which answered \(status)"))
        #expect(!result.errorText.contains("secret"))
        #expect(server.requests.count == attempts)
    }

    @Test("a webhook that is silent, endless, or not there does not hold up a run")
    func deadWebhooks() throws {
        let silent = try ScriptedServer { _, _ in
            usleep(2_500_000)
            return nil
        }
        let endless = try ScriptedServer { _, _ in
            var reply = ScriptedServer.Reply(200, text: String(repeating: "x", count: 1000))
            reply.isEndless = true
            return reply
        }
        let rest = "timeout: 1s, retries: 0"
        let file = try job.job(
            """
            notify:
              - {on: always, url: "http://\(silent.host)/", \(rest)}
              - {on: always, url: "http://\(endless.host)/", \(rest)}
              - {on: always, url: "http://127.0.0.1:1/", \(rest)}
              - {on: always, url: "http://does-not-exist.invalid/", \(rest)}
              - {on: always, url-file: {}/missing, \(rest)}
            """)
        let warnings = try job.report(file, status: 3)["warnings"].elements.compactMap(\.text)
        // Who has answered 200 has got it, however long the answer is.
        #expect(warnings.count == 4, "\(warnings)")
        #expect(warnings.first?.contains("did not answer in time") == true)
        #expect(warnings.last?.contains("'\(job("missing"))' cannot be read") == true)
    }

    // MARK: Metrics

    @Test(
        "metrics say how each source stands; a failed run keeps the time of the last success",
        .enabled(if: OpenMetricsTextTests.isPossible, "python3-prometheus-client is not installed"))
    func metrics() throws {
        let lines = "metrics: {}/metrics/n.prom"
        try job.store.directory.makeDirectory("metrics")
        let file = try job.job(lines, to: "[{}/backups, {}/second]")
        let first = try job.report(file)
        let before = try samples("metrics/n.prom")
        let started = try seconds(first)
        let source = ["n", job.source]
        #expect(before["holdfast_backup_last_success_timestamp_seconds"]?[source] == started)
        #expect(before["holdfast_backup_success"]?[source] == 1)
        #expect(before["holdfast_backup_size_bytes"]?[source] == first["sources"][0]["archiveBytes"].integer)
        #expect(
            before["holdfast_backup_source_bytes"]?[source] == 10 && before["holdfast_backup_entries"]?[source] == 4)
        #expect(before["holdfast_backup_copy_success"]?[[job("second"), "n", job.source]] == 1)
        #expect(before["holdfast_job_success"]?[["n"]] == 1)
        let shown = try Tool.run("stat", "-c", "%a", job("metrics/n.prom")).check().text
        #expect(shown == "644\n")

        try Tool.run("mv", job("data"), job("away")).check()
        try Tool.run("sleep", "1.1").check()
        let second = try job.report(file, status: 1)
        let after = try samples("metrics/n.prom")
        #expect(after["holdfast_backup_last_success_timestamp_seconds"]?[source] == started)
        #expect(try after["holdfast_backup_last_run_timestamp_seconds"]?[source] == seconds(second))
        #expect(after["holdfast_backup_success"]?[source] == 0 && after["holdfast_job_success"]?[["n"]] == 0)
        #expect(try Tool.run("ls", "-A", job("metrics")).check().lines == ["n.prom"])
    }

    @Test("metrics that cannot be written are a warning")
    func unwritableMetrics() throws {
        let report = try job.report(job.job("metrics: {}/nowhere/n.prom"), status: 3)
        #expect(report["warnings"][0].text?.contains("cannot write the metrics") == true)
        #expect(try job.archives().count == 1)
    }

    /// The samples by name and by the values of their labels, these in the order of the labels' names.
    private func samples(_ path: String) throws -> [String: [[String]: Int]] {
        let families = try OpenMetricsTextTests.parsed(Tool.run("cat", job(path)).check().text)
        var result: [String: [[String]: Int]] = [:]
        for sample in families.elements.flatMap({ $0[3].elements }) {
            let labels = sample[1].elements.compactMap { $0[1].text }
            result[sample[0].text ?? "", default: [:]][labels] = Int(Double(sample[2].text ?? "") ?? -1)
        }
        return result
    }

    private func seconds(_ report: JSON) throws -> Int {
        let text = try Tool.run("date", "-d", report["startedAt"].text ?? "", "+%s").check().text
        return try #require(Int(text.dropLast()))
    }
}
