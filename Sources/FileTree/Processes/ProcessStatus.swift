/// What `/proc/<pid>/stat` says of a process.
package struct ProcessStatus: Hashable, Sendable {
    package let parent: Int32
    /// A letter: `T` for a stopped process, `Z` for one that has ended.
    package let state: UInt8
    /// When it was started, in ticks since the host was: tells it from another that gets its number later.
    package let startTicks: UInt64

    private let flags: UInt64

    package var isStopped: Bool { state == UInt8(ascii: "T") || state == UInt8(ascii: "t") }
    /// Whether it runs nothing of its program any more: it has ended, or is about to (`PF_EXITING`).
    package var hasEnded: Bool { state == UInt8(ascii: "Z") || state == UInt8(ascii: "X") || flags & Self.exiting != 0 }

    /// `PF_EXITING` of `include/linux/sched.h`, as field 9 of `stat` (proc_pid_stat(5)) shows it.
    private static let exiting: UInt64 = 0x4

    /// - Returns: `nil` for what is not of the known form.
    init?(parsing text: [UInt8]) {
        // The program's name is in brackets, and may itself have some.
        guard let end = text.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = text[(end + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19, let state = fields[0].first,
            let parent = Int32(String(decoding: fields[1], as: UTF8.self)),
            let flags = UInt64(String(decoding: fields[6], as: UTF8.self)),
            let startTicks = UInt64(String(decoding: fields[19], as: UTF8.self))
        else { return nil }
        (self.parent, self.state, self.startTicks, self.flags) = (parent, state, startTicks, flags)
    }
}

extension ProcessTable {
    /// - Returns: `nil` if there is no such process.
    package func status(of process: Int32) -> ProcessStatus? {
        contents("stat", of: process).flatMap(ProcessStatus.init(parsing:))
    }

    /// Whether none of the process's threads runs, because they were stopped or have ended.
    package func isStopped(_ process: Int32) -> Bool {
        guard let home = try? root.openDirectory("\(process)".utf8), let tasks = try? home.openDirectory("task".utf8),
            let entries = try? tasks.entries()
        else { return false }
        return entries.allSatisfy { entry in
            guard let task = try? tasks.openDirectory(entry.name),
                let file = try? task.openFile("stat".utf8, for: .reading),
                let text = try? file.readToEnd(limitBytes: 4096)
            else { return true }
            return ProcessStatus(parsing: text).map { $0.isStopped || $0.hasEnded } ?? false
        }
    }

    /// The control group of the process in each hierarchy (`/proc/<pid>/cgroup`, cgroups(7)): the controllers, none for
    /// version 2, and the path as this process sees it.
    package func controlGroups(of process: Int32) -> [(controllers: [String], path: [UInt8])] {
        let lines = (contents("cgroup", of: process) ?? []).split(separator: UInt8(ascii: "\n"))
        return lines.compactMap { line in
            let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return nil }
            let names = String(decoding: fields[1], as: UTF8.self).split(separator: ",").map(String.init)
            return (names, Array(fields[2]))
        }
    }
}
