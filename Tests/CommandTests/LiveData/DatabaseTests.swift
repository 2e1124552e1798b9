import TestSupport
import Testing

/// Goal: a database that is written meanwhile is whole in the archive, or named as one that may not be. Method: a real SQLite
/// that commits without end; `PRAGMA integrity_check` and a sum over two tables of what was restored.
@Suite("Databases in a backup", .enabled(if: LiveDisk.isPossible && Tool.exists("sqlite3"), "needs XFS and sqlite3"))
struct DatabaseTests {
    private let disk: LiveDisk
    private let data: String

    init() throws {
        disk = try LiveDisk()
        data = try disk.makeVolume("v")
    }

    /// Commits rows to two tables at once, for ever.
    private func startWriter() throws -> ChildProcess {
        let script = """
            (echo "PRAGMA journal_mode=wal; PRAGMA wal_autocheckpoint=20; CREATE TABLE t(x); CREATE TABLE u(x);"
            while :; do echo "BEGIN; INSERT INTO t VALUES(randomblob(3000)); INSERT INTO u VALUES(randomblob(50)); COMMIT;"; done
            ) | sqlite3 "$1/app.db" > /dev/null
            """
        let writer = try ChildProcess(["bash", "-c", script, "writer", data].map { Array($0.utf8) })
        try waitUntil("it writes") { (try? Tool.run("test", "-s", data + "/app.db-wal").status) == 0 }
        return writer
    }

    @Test("frozen, it is whole and has whole transactions only")
    func frozen() throws {
        let writer = try startWriter()
        for number in 0..<3 {
            let report = try disk.backUp("v", "--consistency", "freeze")
            #expect(report["consistency"] == "frozen")
            #expect(report["likelyInconsistent"].elements.isEmpty)
            let restored = disk("restored-\(number)")
            try disk.holdfast("backup", "restore", report["archive"].text ?? "", "--to", "dir:" + restored).check()
            let query = "PRAGMA integrity_check; SELECT (SELECT count(*) FROM t) = (SELECT count(*) FROM u);"
            #expect(try Tool.run("sqlite3", restored + "/app.db", query).check().lines == ["ok", "1"])
        }
        endGroup(of: writer)
    }

    @Test("read live, it is named", arguments: ["none", "snapshot"])
    func named(_ mode: String) throws {
        let writer = try startWriter()
        try Tool.script("cp \"$1/app.db\" \"$1/at-rest.db\"; echo no database > \"$1/x-wal\"; echo x > \"$1/x\"", data)
            .check()
        let result = try disk.holdfast("backup", "create", "v", "--to", disk("b"), "--consistency", mode, "--json")
        #expect([0, 3].contains(result.status), "\(result)")
        let report = try JSON(parsing: result.text)[0]
        #expect(report["likelyInconsistent"].elements.map { $0["path"].text } == ["app.db"])
        #expect(report["likelyInconsistent"][0]["reason"].text?.contains("write-ahead log") == true)
        let text = try disk.holdfast("backup", "create", "v", "--to", disk("b"), "--consistency", mode)
        #expect(text.errorText.contains("app.db: likely inconsistent: a SQLite database"))
        endGroup(of: writer)
    }

    @Test("nobody uses it: it is what it is, with its log")
    func atRest() throws {
        let writer = try startWriter()
        endGroup(of: writer)
        try waitUntil("nobody has it open") {
            (try? Tool.script("! ls -l /proc/[0-9]*/fd 2>/dev/null | grep -qF \"$1\"", data).status) == 0
        }
        #expect(try disk.backUp("v")["likelyInconsistent"].elements.isEmpty)
    }

    @Test(
        "a rollback journal, InnoDB and PostgreSQL are known by their files",
        arguments: [
            ("printf 'SQLite format 3\\0' > d; printf '\\xd9\\xd5\\x05\\xf9\\x20\\xa1\\x63\\xd7' > d-journal", ["d"]),
            ("printf 'SQLite format 3\\0' > d; head -c 512 /dev/zero > d-journal", []),
            ("echo x > ibdata1; echo x > ib_logfile0", ["ibdata1"]), ("echo x > ibdata1", []),
            ("mkdir pg; echo 1 > pg/postmaster.pid; echo 16 > pg/PG_VERSION", ["pg"]),
            ("echo 1 > postmaster.pid", []),
        ])
    func kinds(_ script: String, _ expected: [String]) throws {
        try Tool.script("cd \"$1\"; \(script)", data).check()
        let user = try ChildProcess(["sh", "-c", "cd \"$1\"; exec sleep 100", "user", data].map { Array($0.utf8) })
        try waitUntil("it uses the data") {
            (try? Tool.run("readlink", "/proc/\(user.identifier)/cwd").lines.first) == data
        }
        let report = try disk.backUp("v")
        #expect(report["likelyInconsistent"].elements.compactMap { $0["path"].text } == expected)
        endGroup(of: user)
    }
}
