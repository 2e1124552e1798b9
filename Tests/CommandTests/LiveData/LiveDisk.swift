import Foundation
import TestSupport
import Testing

/// A store on a file system that shares blocks, and processes that write to its volumes.
final class LiveDisk {
    static let isPossible = ReflinkDisk.formats.contains("xfs")

    let folder: TemporaryDirectory
    let disk: ReflinkDisk
    var holdfast: CommandRunner

    init() throws {
        folder = try TemporaryDirectory("live")
        disk = try ReflinkDisk("xfs", in: folder)
        holdfast = CommandRunner(root: disk.path + "/store")
    }

    /// The path of something on the disk, beside the store.
    func callAsFunction(_ relative: String) -> String { "\(disk.path)/\(relative)" }

    /// Makes a volume and gives the path of its data.
    func makeVolume(_ name: String) throws -> String {
        try holdfast("volume", "create", name).check()
        return "\(holdfast.root)/volumes/\(name)/_data"
    }

    /// The JSON report of a backup of one source to the disk.
    func backUp(_ source: String, _ options: String...) throws -> JSON {
        let result = try holdfast.run(["backup", "create", source, "--to", self("backups"), "--json"] + options)
        return try JSON(parsing: result.check().text)[0]
    }

    /// What lies in the store's staging directory.
    func staged() throws -> [String] { try Tool.run("ls", "-A", holdfast.root + "/staging").check().lines }
}

/// A process that writes the same number to two files in turn, each time to the disk: `a.txt` is never behind `b.txt`, and
/// never more than one ahead.
final class LockstepWriter {
    private static let script = """
        cd "$1"; if [ -n "$2" ]; then echo $$ > "$2/cgroup.procs"; fi
        n=0; while :; do n=$((n+1))
            for f in a.txt b.txt; do printf %012d $n | dd of=$f conv=fsync,notrunc status=none; done
        done
        """

    let data: String
    let process: ChildProcess

    /// - Parameter group: the directory of a control group to be in.
    init(in data: String, group: String = "") throws {
        self.data = data
        process = try ChildProcess(["bash", "-c", Self.script, "writer", data, group].map { Array($0.utf8) })
        try waitUntil("both files are there") { value("b.txt") > 0 }
    }

    deinit { end() }

    /// Kills it, and what it started.
    func end() { endGroup(of: process) }

    func value(_ name: String) -> Int {
        (try? String(contentsOfFile: "\(data)/\(name)", encoding: .utf8)).flatMap(Int.init) ?? 0
    }

    /// Whether it is stopped by a signal.
    var isStopped: Bool {
        let text = (try? String(contentsOfFile: "/proc/\(process.identifier)/stat", encoding: .utf8)) ?? ""
        return text.split(separator: ")").last?.hasPrefix(" T") == true
    }

    /// Throws unless it writes on.
    func requireProgress() throws {
        let before = value("a.txt")
        try waitUntil("the writer goes on") { value("a.txt") > before }
    }
}

/// Makes a tree one whose times are trusted: none in the future, and none within the last three seconds.
func settle(_ tree: String) throws {
    try Tool.script("find \"$1\" -newermt '1 hour ago' -exec touch -h -d 2001-01-01 {} + ; sleep 3.1", tree).check()
}

/// Kills a process and those of its group, and waits for it.
func endGroup(of process: ChildProcess) {
    kill(-process.identifier, SIGKILL)
    // It is gone either way.
    _ = try? process.wait()
}

/// Waits until something is so, but not for ever.
func waitUntil(_ what: String, _ condition: () -> Bool) throws {
    for _ in 0..<6000 {
        if condition() { return }
        usleep(5000)
    }
    throw UnexpectedStatus(description: "not so after a long time: \(what)")
}

/// A control group of its own, removed with the value.
final class ControlGroup {
    /// The hierarchies of this host that can freeze: version 2, and the freezer of version 1.
    static let hierarchies: [String] = {
        let text = (try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            let halves = line.components(separatedBy: " - ")
            guard halves.count == 2 else { return nil }
            let isFreezer =
                halves[1].hasPrefix("cgroup2 ")
                || (halves[1].hasPrefix("cgroup ") && halves[1].hasSuffix("freezer"))
            return isFreezer ? String(halves[0].split(separator: " ")[4]) : nil
        }
    }()

    let path: String

    init(in hierarchy: String) throws {
        path = "\(hierarchy)/holdfast-test-\(UUID().uuidString)"
        try Tool.run("mkdir", path).check()
    }

    /// What the kernel says of its being frozen.
    var isFrozen: Bool {
        let state = try? String(contentsOfFile: path + "/freezer.state", encoding: .utf8)
        if let state { return !state.hasPrefix("THAWED") }
        let events = try? String(contentsOfFile: path + "/cgroup.events", encoding: .utf8)
        return events?.contains("frozen 1") == true
    }

    deinit {
        for _ in 0..<200 {
            if (try? Tool.run("rmdir", path).status) == 0 { return }
            usleep(20_000)
        }
    }
}
