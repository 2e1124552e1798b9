import TestSupport
import Testing

/// A store, a directory to back up, and job files.
struct JobFixture {
    let store: StoreFixture
    /// What the job backs up.
    let data: TreeBuilder

    init() throws {
        store = try StoreFixture("jobs")
        data = try TreeBuilder(store.directory.makeDirectory("data"))
        try data.file("a", "alpha")
        try data.directory("b")
        try data.file("b/c", "gamma")
    }

    func callAsFunction(_ relative: String) -> String { store(relative) }

    var source: String { "dir:\(store("data"))" }

    /// Writes a job file and returns its path. `{}` in the text stands for the fixture's directory.
    @discardableResult func file(_ text: String, _ name: String = "job.yaml") throws -> String {
        let filled = text.replacing("{}", with: store.directory.path)
        try Tool.run("cp", "/dev/stdin", store(name), input: .bytes(Array(filled.utf8))).check()
        return store(name)
    }

    /// A job `n` of the data to `to`, with further lines.
    @discardableResult func job(_ lines: String = "", to: String = "{}/backups", name: String = "n") throws -> String {
        try file("name: \(name)\nsources: [\"dir:{}/data\"]\nto: \(to)\n\(lines)\n")
    }

    /// Runs the job file with `--json` and gives its only report.
    func report(_ file: String, _ options: String..., status: Int32 = 0) throws -> JSON {
        let result = try store.holdfast.run(["job", "run", file, "--json"] + options).check(status)
        return try JSON(parsing: result.text)[0]
    }

    func history(_ job: String = "n") throws -> [JSON] {
        let path = store("store/jobs/\(job)/history.jsonl")
        return try Tool.run("cat", path).check().lines.map { try JSON(parsing: $0) }
    }

    func archives(_ folder: String = "backups") throws -> [String] {
        try Tool.run("find", store(folder), "-name", "*.tar.zst", "-type", "f").check().lines.sorted()
    }

    /// Files that no finished run leaves.
    func leftovers(_ folder: String = "backups") throws -> [String] {
        try Tool.run("find", store(folder), "-name", "*.partial").check().lines
    }

    func exists(_ relative: String) throws -> Bool { try Tool.run("test", "-e", store(relative)).status == 0 }
}
