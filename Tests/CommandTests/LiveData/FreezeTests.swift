import TestSupport
import Testing

/// Goal: an archive of data that is in use holds what was there at one moment, and whoever used it runs on, whatever becomes of
/// the backup. Method: a process that keeps two files in lockstep; the kernel's word on who is stopped; a backup that is
/// killed, or hangs, while it has frozen others.
@Suite("Freezing what uses the data", .enabled(if: LiveDisk.isPossible, "XFS cannot be mounted"))
struct FreezeTests {
    private let disk: LiveDisk

    init() throws { disk = try LiveDisk() }

    private func requireLockstep(_ report: JSON) throws {
        let archive = try #require(report["archive"].text)
        let values = try ["a.txt", "b.txt"].map { name in
            try #require(Int(disk.holdfast("backup", "cat", archive, name).check().text))
        }
        #expect(values[0] == values[1] || values[0] == values[1] + 1, "\(values)")
        try disk.holdfast("backup", "verify", archive).check()
    }

    @Test("processes are stopped for the moment of a clone, and run on", arguments: ["freeze", "auto"])
    func processes(_ mode: String) throws {
        let writer = try LockstepWriter(in: disk.makeVolume("v"))
        for _ in 0..<4 {
            let report = try disk.backUp("v", "--consistency", mode)
            #expect(report["consistency"] == "frozen")
            #expect(
                report["frozen"].elements.contains {
                    $0.text?.hasPrefix("process \(writer.process.identifier) ") == true
                })
            #expect(report["notices"].elements.isEmpty && report["changedDuringRead"].elements.isEmpty)
            try requireLockstep(report)
            try writer.requireProgress()
        }
        #expect(try disk.staged() == [])
    }

    @Test("a control group that only uses the data is frozen as one", arguments: ControlGroup.hierarchies)
    func controlGroups(_ hierarchy: String) throws {
        let group = try ControlGroup(in: hierarchy)
        let writer = try LockstepWriter(in: disk.makeVolume("v"), group: group.path)
        for _ in 0..<3 {
            let report = try disk.backUp("v", "--consistency", "freeze")
            #expect(report["frozen"].elements.count == 1)
            #expect(report["frozen"][0].text?.hasPrefix("control group '\(group.path)' (") == true)
            try requireLockstep(report)
            #expect(!group.isFrozen)
            try writer.requireProgress()
        }
        writer.end()
    }

    @Test("a group with a process in it that does not use the data is left alone")
    func mixedGroup() throws {
        let group = try ControlGroup(in: try #require(ControlGroup.hierarchies.first))
        let other = try ChildProcess(
            ["bash", "-c", "echo $$ > \"$1/cgroup.procs\"; cd /; exec sleep 100", "other", group.path].map {
                Array($0.utf8)
            })
        let writer = try LockstepWriter(in: disk.makeVolume("v"), group: group.path)
        let report = try disk.backUp("v", "--consistency", "freeze")
        #expect(report["frozen"].elements.allSatisfy { $0.text?.hasPrefix("process ") == true })
        #expect(report["frozen"].elements.allSatisfy { $0.text?.hasPrefix("process \(other.identifier) ") == false })
        try requireLockstep(report)
        try writer.requireProgress()
        endGroup(of: other)
        writer.end()
    }

    @Test("the report for people says who was frozen and for how long")
    func text() throws {
        let writer = try LockstepWriter(in: disk.makeVolume("v"))
        let result = try disk.holdfast("backup", "create", "v", "--to", disk("b"), "--consistency", "freeze").check()
        #expect(result.lines.count == 1)
        #expect(result.errorText.hasPrefix("holdfast:v: frozen for "), "\(result.errorText)")
        #expect(result.errorText.contains(" s: process \(writer.process.identifier) (bash)"), "\(result.errorText)")
    }

    @Test("what was stopped before stays stopped")
    func stoppedBefore() throws {
        let writer = try LockstepWriter(in: disk.makeVolume("v"))
        writer.process.send(19)
        try waitUntil("it is stopped") { writer.isStopped }
        let report = try disk.backUp("v", "--consistency", "freeze")
        #expect(
            report["frozen"].elements.allSatisfy { $0.text?.contains("process \(writer.process.identifier) ") == false }
        )
        #expect(writer.isStopped)
        writer.process.send(18)
        try writer.requireProgress()
    }

    @Test("a backup killed at any call while others are frozen leaves them running")
    func killed() throws {
        let group = try ControlGroup(in: try #require(ControlGroup.hierarchies.first))
        let writer = try LockstepWriter(in: disk.makeVolume("v"), group: group.path)
        let arguments = ["backup", "create", "v", "--to", disk("b"), "--consistency", "freeze"]
        try #require(FaultSweep.isPossible)
        let log = disk("log")
        try disk.holdfast.run(arguments, environment: ["HOLDFAST_FAULT_LOG": log]).check()
        let calls = try Tool.run("cat", log).check().lines.map {
            $0.split(separator: " ", maxSplits: 1).map(String.init)
        }
        let spawn = try #require(calls.first { $0[1] == "posix_spawn" }.flatMap { Int($0[0]) })
        let clones = calls.filter { $0[1] == "ioctl(FICLONE)" }.compactMap { Int($0[0]) }
        #expect(clones.contains { $0 > spawn })
        // From the start of the watchdog to beyond the last clone.
        for number in spawn...((clones.max() ?? spawn) + 6) {
            try disk.holdfast.run(arguments, environment: ["HOLDFAST_FAULT": "\(number):kill"]).check(128 + 9)
            try waitUntil("thawed after a kill before call \(number)") { !group.isFrozen }
            try writer.requireProgress()
        }
        try requireLockstep(disk.backUp("v", "--consistency", "freeze"))
        #expect(try disk.staged() == [])
        writer.end()
    }

    @Test("a backup that hangs while others are frozen is overruled, and says so")
    func hanging() throws {
        let memory = try SmallDisk(at: disk.folder.makeDirectory("memory"), sizeKiB: 200 << 10)
        let data = memory.path + "/data"
        try Tool.script("mkdir \"$1\"; head -c 100M /dev/urandom > \"$1/large\"", data).check()
        let writer = try LockstepWriter(in: data)
        let backup = try disk.holdfast.start(
            [
                "backup", "create", "dir:\(data)", "--to", disk("b"), "--consistency", "freeze", "--max-freeze", "1",
                "--json",
            ].map { Array($0.utf8) })
        try waitUntil("it reads, and the writer is stopped") {
            let begun = try? Tool.run("find", disk("b"), "-name", "*.partial", "-size", "+1M").lines
            return begun?.isEmpty == false && writer.isStopped
        }
        backup.send(19)
        try writer.requireProgress()
        backup.send(18)
        let report = try JSON(parsing: backup.wait().check(3).text)[0]
        #expect(report["consistency"] == "none")
        #expect(report["notices"].elements.contains { $0.text?.contains("cut short after 1 seconds") == true })
        try writer.requireProgress()
        withExtendedLifetime(memory) {}
    }

    @Test("without a clone: frozen while it is read, read live, or refused, by mode")
    func withoutClone() throws {
        let memory = try SmallDisk(at: disk.folder.makeDirectory("memory"), sizeKiB: 4096)
        let data = memory.path + "/data"
        try Tool.run("mkdir", data).check()
        let writer = try LockstepWriter(in: data)
        let frozen = try disk.backUp("dir:\(data)", "--consistency", "freeze")
        #expect(frozen["consistency"] == "frozen")
        #expect(
            frozen["notices"].elements.contains { $0.text?.contains("stayed frozen while the data was read") == true })
        try requireLockstep(frozen)
        let live = try disk.holdfast(
            "backup", "create", "dir:\(data)", "--to", disk("b"), "--consistency", "auto", "--json")
        #expect([0, 3].contains(live.status))
        #expect(try JSON(parsing: live.text)[0]["consistency"] == "none")
        #expect(try JSON(parsing: live.text)[0]["notices"].elements.count == 1)
        let refused = try disk.holdfast(
            "backup", "create", "dir:\(data)", "--to", disk("c"), "--consistency", "snapshot"
        ).check(1)
        #expect(refused.errorText.contains("does not share blocks"))
        #expect(try Tool.run("find", disk("c"), "-type", "f", "-name", "*.zst").lines == [])
        try writer.requireProgress()
        #expect(try Tool.run("ls", "-A", memory.path).check().lines == ["data"])
    }

    @Test("a directory is cloned beside itself, and a killed backup's clone is swept by the next")
    func directories() throws {
        let home = disk("home")
        let data = home + "/data"
        try Tool.run("mkdir", "-p", data).check()
        let writer = try LockstepWriter(in: data)
        try requireLockstep(disk.backUp("dir:\(data)", "--consistency", "freeze"))
        #expect(try Tool.run("ls", "-A", home).check().lines == ["data"])
        let log = disk("log")
        let arguments = ["backup", "create", "dir:\(data)", "--to", disk("b"), "--consistency", "snapshot"]
        try disk.holdfast.run(arguments, environment: ["HOLDFAST_FAULT_LOG": log]).check()
        let last = try Tool.script("grep -c . \"$1\"", log).check().lines[0]
        try disk.holdfast.run(arguments, environment: ["HOLDFAST_FAULT": "\(Int(last).map { $0 / 2 } ?? 9):kill"])
            .check(137)
        _ = try disk.backUp("dir:\(data)", "--consistency", "snapshot")
        #expect(try Tool.run("ls", "-A", home).check().lines == ["data"])
        try writer.requireProgress()
    }

    @Test("data that nobody uses is backed up as without the option", arguments: ["auto", "freeze"])
    func unused(_ mode: String) throws {
        try TreeBuilder(disk.makeVolume("v")).fill(seed: 3)
        let report = try disk.backUp("v", "--consistency", mode)
        #expect(report["consistency"] == "none")
        #expect(report["frozen"].elements.isEmpty && report["likelyInconsistent"].elements.isEmpty)
        #expect(report["notices"].elements.count == (mode == "auto" ? 0 : 1))
    }

    @Test("a snapshot is what a live reading of data at rest is, sockets included in what is skipped")
    func snapshot() throws {
        let data = try disk.makeVolume("v")
        let tree = try TreeBuilder(data)
        try tree.fill(seed: 8)
        let before = try TreeFingerprint(data)
        let live = try disk.backUp("v")
        let report = try disk.backUp("v", "--consistency", "snapshot")
        #expect(report["consistency"] == "snapshot")
        #expect(report["skipped"] == live["skipped"])
        for key in ["entries", "sourceBytes"] { #expect(report[key] == live[key]) }
        try disk.holdfast("backup", "restore", report["archive"].text ?? "", "--to", "restored").check()
        try expectSameTree(disk.holdfast.root + "/volumes/restored/_data", data)
        #expect(try TreeFingerprint(data).difference(from: before) == [])
        #expect(try disk.staged() == [])
    }

    @Test("what is unchanged is not read when a clone is, and the other way round")
    func reuseOfClones() throws {
        let data = try disk.makeVolume("v")
        let tree = try TreeBuilder(data)
        try tree.fill(seed: 12)
        try tree.file("plain", "one")
        try tree.symbolicLink("pointer", to: "plain")
        try tree.hardLink("second", to: "plain")
        try settle(data)
        let modes = [
            ["--consistency", "snapshot"], ["--consistency", "snapshot"], [], ["--consistency", "snapshot"],
        ]
        var archives: [String] = []
        for (number, mode) in modes.enumerated() {
            let arguments = ["backup", "create", "v", "--to", disk("backups"), "--json", "--why-changed"]
            let report = try JSON(parsing: disk.holdfast.run(arguments + mode).check().text)[0]
            archives.append(report["archive"].text ?? "")
            guard number > 0 else { continue }
            #expect(report["reasons"].elements.isEmpty && report["newFrames"].integer == 0, "\(number): \(report)")
        }
        let bytes = try archives.map { try ArchiveBytes.dataFrames(of: $0) }
        #expect(bytes.allSatisfy { $0 == bytes[0] })
        try tree.file("plain", "two")
        let report = try disk.backUp("v", "--consistency", "snapshot", "--why-changed")
        #expect(Set(report["reasons"].elements.compactMap { $0["path"].text }).isSuperset(of: ["plain"]))
        #expect(report["reasons"].elements.count <= 4 && report["newFrames"].integer ?? 9 <= 2)
        try disk.holdfast("backup", "restore", report["archive"].text ?? "", "--to", "again").check()
        try expectSameTree(disk.holdfast.root + "/volumes/again/_data", data)
    }

    @Test("the shell that starts a backup from within the data is not stopped")
    func ancestor() throws {
        let data = try disk.makeVolume("v")
        let writer = try LockstepWriter(in: data)
        let result = try Tool.script(
            "cd \"$1\"; exec 5<>kept; \"$2\" backup create v --to \"$3\" --consistency freeze --json; echo ended >&2",
            data,
            CommandRunner.binary, disk("b"), environment: ["HOLDFAST_ROOT": disk.holdfast.root]
        ).check()
        #expect(result.errorText.hasSuffix("ended\n"))
        let report = try JSON(parsing: result.text)[0]
        #expect(report["notices"].elements.contains { $0.text?.contains("it started this backup") == true })
        try requireLockstep(report)
        try writer.requireProgress()
    }

    @Test(
        "what cannot be meant is refused",
        arguments: [
            ["--consistency", "perfect"], ["--max-freeze", "0"], ["--max-freeze", "4000"], ["--hook-timeout", "0"],
            ["--exec-before", "no-command"], ["--exec-before", ":command"], ["--hook-before", " "],
            ["--exec-before", "docker:"], ["--exec-after", "-x:command"],
        ])
    func refused(_ options: [String]) throws {
        _ = try disk.makeVolume("v")
        try disk.holdfast.run(["backup", "create", "v", "--to", disk("b")] + options).check(2)
        #expect(try Tool.run("test", "-e", disk("b")).status == 1)
    }
}
