import TestSupport
import Testing

/// A directory of some twenty megabytes, and backups of it that are killed at a chosen call.
struct InterruptedBackup {
    let store: StoreFixture
    let data: TreeBuilder
    /// Where a run was killed when most was written.
    let late: Int

    init() throws {
        store = try StoreFixture("resume")
        data = try TreeBuilder(store("data"))
        let script = """
            cd "$1"; for d in d0 d1 d2 d3; do mkdir $d; head -c 4200000 /dev/urandom > $d/large
            for f in 0 1 2 3 4; do head -c 200000 /dev/urandom > $d/f$f; done; done; ln d0/f3 d3/link
            """
        try Tool.script(script, data.root).check()
        // Files younger than three seconds are read again in any case.
        try Tool.run("sleep", "3.1").check()
        let writes = try Self.writes(of: data, in: store)
        late = try #require(writes.dropLast(4).last)
    }

    /// The numbers of the calls by which a run writes.
    private static func writes(of data: TreeBuilder, in store: StoreFixture, _ options: [String] = []) throws -> [Int] {
        let log = store("log")
        let arguments = ["backup", "create", "dir:" + data.root, "--to", store("counted"), "--full", "--threads", "2"]
        try store.holdfast.run(arguments + options, environment: ["HOLDFAST_FAULT_LOG": log]).check()
        let lines = try Tool.run("cat", log).check().lines.filter { $0.contains("write") }
        try Tool.run("rm", log).check()
        return lines.compactMap { Int($0.prefix { $0 != " " }) }
    }

    /// Where a run with these options has written most, but not all.
    func middle(_ options: [String]) throws -> Int {
        let writes = try Self.writes(of: data, in: store, options)
        return try #require(writes.dropFirst(writes.count * 3 / 4).first)
    }

    /// The path of a folder beside the store, or anywhere.
    private func place(_ folder: String) -> String { folder.hasPrefix("/") ? folder : store(folder) }

    func create(_ folder: String, _ options: String...) throws -> JSON {
        let arguments = ["backup", "create", "dir:" + data.root, "--json", "--to", place(folder)] + options
        return try JSON(parsing: store.holdfast.run(arguments).check().text)[0]
    }

    func kill(at call: Int, in folder: String, _ options: String...) throws {
        try store.holdfast.run(
            ["backup", "create", "dir:" + data.root, "--to", place(folder), "--threads", "2"] + options,
            environment: ["HOLDFAST_FAULT": "\(call):kill"]
        ).check(137)
    }

    func files(in folder: String) throws -> [String] {
        try Tool.run("find", place(folder), "-type", "f").lines.sorted()
    }

    func expectSameAsFull(_ report: JSON, in folder: String, _ what: String) throws {
        let archive = try #require(report["archive"].text)
        let full = try #require(create("full.tar.zst", "--full", "--force")["archive"].text)
        let isSame = try ArchiveBytes.dataFrames(of: archive) == ArchiveBytes.dataFrames(of: full)
        #expect(isSame, "\(what)")
        #expect(try store.holdfast("backup", "verify", archive).check().text.contains("intact"), "\(what)")
        let left = try files(in: folder).filter { !$0.hasSuffix(".tar.zst") }
        #expect(left.isEmpty, "\(what): \(left)")
    }

    /// GNU tar's own comparison with the directory, by the plain bytes that `command` prints of the archive `$1`.
    func expectSameByTar(_ archive: String, _ command: String = "zstd -dqc \"$1\"", _ key: String = "") throws {
        try Tool.script("\(command) | tar -d -C \"$2\" -f -", archive, data.root, key).check()
    }
}
