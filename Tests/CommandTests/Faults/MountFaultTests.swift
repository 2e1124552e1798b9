import TestSupport
import Testing

/// Goal: whatever call of mounting or unmounting a container with its volumes fails or kills the process, the next commands
/// find a container that can be mounted, unmounted and removed, and nothing stays mounted. Method: every changing call, with
/// every fault, on copies of one folder.
@Suite(
    "Faults in mounting",
    .enabled(if: FaultSweep.isPossible && Environment.isRoot, "the binary has no fault seam, or this is not root"))
struct MountFaultTests {
    private let template: TemporaryDirectory

    init() throws {
        template = try TemporaryDirectory("template")
        let holdfast = CommandRunner(root: template("store"))
        let image = try ImageFixture([[.directory("d"), .file("d/a", "1")]], names: ["i:1"])
        try ImageLayout.docker25.write([image], to: template("i.tar"))
        try holdfast("image", "load", "-i", template("i.tar")).check()
        let source = try TreeBuilder(template("source"))
        try source.file("file", "x")
        // The volume is there already, so that each run mounts only.
        try holdfast("volume", "create", "v").check()
        try holdfast(
            "container", "create", "--name", "c", "-v", "v:/d/v:nocopy", "-v", "\(template("source")):/o:O", "-v",
            "\(template("source"))/file:/file:ro", "--tmpfs", "/t", "--mount", "type=image,src=i:1,dst=/i", "i:1", "x"
        ).check()
    }

    private func mounted(_ run: FaultSweep.Run) throws -> [String] {
        try Tool.run("cat", "/proc/self/mountinfo").check().lines.filter { $0.contains(run.folder) }
    }

    /// Whatever happened, the container is mounted whole, unmounted and removed by the commands that follow.
    private func recover(_ run: FaultSweep.Run) throws {
        let root = try run.holdfast("container", "mount", "--volumes", "c").check().lines[0]
        let seen = try Tool.script("cd \"$1\"; cat file o/file i/d/a; ls -d d/v t", root).check().text
        try require(seen == "xx1d/v\nt\n", "not everything is mounted: \(seen)", run)
        try require(try mounted(run).count == 6, "not mounted once each: \(try mounted(run))", run)
        try run.holdfast("container", "unmount", "c").check()
        try require(try mounted(run).isEmpty, "something stays mounted: \(try mounted(run))", run)
        try run.holdfast("container", "rm", "c").check()
        try run.holdfast("volume", "rm", "v").check()
        let check = try run.holdfast("check", "--read-data")
        try require(check.status == 0, "the store is damaged: \(check)", run)
        for name in ["staging", "trash", "containers"] {
            let left = try Tool.run("ls", "-A", "\(run.folder)/store/\(name)").check().lines
            try require(left.isEmpty, "\(name)/ is not empty: \(left)", run)
        }
    }

    /// What a killed test left.
    private func detach(_ run: FaultSweep.Run) {
        _ = try? Tool.script("umount -R -l \"$1\"/store/containers/*/merged 2> /dev/null || true", run.folder)
    }

    @Test("container mount --volumes: everything is mounted, or what failed is told and nothing is") func mount() throws
    {
        try FaultSweep(template: template, arguments: ["container", "mount", "--volumes", "c"]).run(.calls) { run in
            defer { detach(run) }
            let count = try mounted(run).count
            if run.result.status == 0 { try require(count == 6, "an acknowledged mount is missing", run) }
            if run.result.status == 1 { try require(count == 0, "a failed mount leaves \(try mounted(run))", run) }
            try recover(run)
        }
    }

    @Test("container unmount: what stays after a failure goes the next time") func unmount() throws {
        let script = try UnmountSweep(template: template)
        try script.run { run in
            defer { detach(run) }
            if run.result.status == 0 { try require(try mounted(run).isEmpty, "something stays mounted", run) }
            try recover(run)
        }
    }

    @Test("container bundle: root and mounts are there for a runtime, or nothing is") func bundle() throws {
        try FaultSweep(template: template, arguments: ["container", "bundle", "c", "{}/bundle"]).run(.calls) { run in
            defer { detach(run) }
            if run.result.status == 1 {
                try require(try mounted(run).isEmpty, "a failed bundle leaves \(try mounted(run))", run)
            }
            try run.holdfast("container", "unmount", "c").check()
            try recover(run)
        }
    }
}

/// Sweeps `container unmount` of a container that is mounted with its volumes, in the copy of each run.
private struct UnmountSweep {
    let template: TemporaryDirectory

    func run(_ check: @escaping @Sendable (FaultSweep.Run) throws -> Void) throws {
        var number = 1
        while true {
            var isDone = false
            for fault in ["EIO", "kill"] {
                let folder = try TemporaryDirectory("fault")
                try Tool.run("cp", "-a", template.path + "/.", folder.path).check()
                let holdfast = CommandRunner(root: folder("store"))
                try holdfast("container", "mount", "--volumes", "c").check()
                let log = folder("log")
                let result = try holdfast(
                    "container", "unmount", "c",
                    environment: ["HOLDFAST_FAULT": "\(number):\(fault)", "HOLDFAST_FAULT_LOG": log])
                let calls = try Tool.run("cat", log).check().lines.count
                isDone = calls < number
                try check(
                    FaultSweep.Run(
                        fault: "\(number):\(fault)", operation: "unmount", result: result, folder: folder.path,
                        holdfast: holdfast))
            }
            if isDone { break }
            number += 1
        }
        #expect(number > 6, "unmounting makes changing calls")
    }
}
