import FileTree
import StorageModel
import TestSupport
import Testing

@testable import Freezing

/// Goal: what the watchdog is told is what it thaws, and nothing is ever chosen to be frozen that must run. Method: tables of
/// cases, and this very process.
@Suite("What is frozen") struct FreezeTargetTests {
    @Test(
        "a target survives its line",
        arguments: [
            FreezeTarget.unifiedGroup("/sys/fs/cgroup/a b/ü"), .freezerGroup("/sys/fs/cgroup/freezer/x"),
            .process(4711, startTicks: .max), .container(program: "/usr/bin/docker", id: "0123abcdef"),
        ])
    func line(_ target: FreezeTarget) throws {
        let line = try #require(target.line)
        #expect(FreezeTarget(line: line) == target)
    }

    @Test(
        "what does not fit into a line has none",
        arguments: [
            FreezeTarget.unifiedGroup("/a\nfreezer\t/"), .freezerGroup("/a\tb"), .container(program: "", id: "x"),
        ])
    func noLine(_ target: FreezeTarget) { #expect(target.line == nil) }

    @Test(
        "other lines mean nothing",
        arguments: [
            "", "go\t5", "process\t1\t5", "process\t-1\t5", "process\t0\t5", "process\t5", "unified", "unified\t/a\t/b",
            "container\tdocker", "process\tx\t5", "done",
        ])
    func nonsense(_ line: String) { #expect(FreezeTarget(line: line) == nil) }

    @Test("this process, those above it, and their groups are never chosen")
    func neverSelf() throws {
        let folder = try TemporaryDirectory("freezing")
        let file = try Descriptor.openDirectory(atHostPath: folder.path).createFile(Array("open".utf8))
        let tree = TreeUsers(of: try Descriptor.openDirectory(atHostPath: folder.path))
        let users = try #require(tree).find()
        let own = try #require(Int32(Tool.run("sh", "-c", "echo $PPID").check().lines[0]))
        #expect(!users.contains { $0.process == own })
        let targets = ControlGroups().targets(for: users)
        for (target, _) in targets {
            if case .process(let process, _) = target { #expect(process != own && process > 1) }
        }
        withExtendedLifetime(file) {}
    }

    @Test("a process that has a file open, or works in the tree, is found; one that is beside it is not")
    func users() throws {
        let folder = try TemporaryDirectory("freezing")
        try folder.makeDirectory("tree/below")
        try folder.makeDirectory("tree-beside")
        let scripts = ["exec 5>\"$1/tree/file\"", "cd \"$1/tree/below\"", "cd \"$1/tree-beside\""]
        let children = try scripts.map { script in
            try ChildProcess(
                ["bash", "-c", "\(script); exec 6>&1; echo ready; exec sleep 100", "user", folder.path].map {
                    Array($0.utf8)
                })
        }
        for child in children { while !child.textSoFar.contains("ready") { _ = try Tool.run("sleep", "0.01") } }
        let tree = TreeUsers(of: try Descriptor.openDirectory(atHostPath: folder("tree")))
        let found = try #require(tree).find()
        #expect(found.map(\.process).sorted() == children.prefix(2).map(\.identifier).sorted())
        #expect(Set(found.map(\.use)) == [.open, .place])
        #expect(found.allSatisfy { !$0.isAncestor })
    }

    @Test("a process is stopped, and runs on, and one that has got its number is not meant")
    func process() throws {
        let child = try ChildProcess(["sleep", "100"].map { Array($0.utf8) })
        let table = try ProcessTable()
        let found = table.status(of: child.identifier)
        let status = try #require(found)
        let isStopped = { (try? ProcessTable())?.isStopped(child.identifier) == true }
        let target = FreezeTarget.process(child.identifier, startTicks: status.startTicks)
        try target.freeze(withinMilliseconds: 10_000)
        #expect(isStopped())
        try FreezeTarget.process(child.identifier, startTicks: status.startTicks + 1).thaw()
        #expect(isStopped(), "another process of that number was meant")
        try target.thaw()
        while isStopped() { _ = try Tool.run("sleep", "0.01") }
        child.send(9)
        _ = try child.wait()
        try target.freeze(withinMilliseconds: 10_000)
        try target.thaw()
    }
}
