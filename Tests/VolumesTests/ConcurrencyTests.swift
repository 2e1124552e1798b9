import Holdfast
import StorageModel
import TestSupport
import Testing

/// Goal: processes that work on the same volume each succeed or say why not, and a failure or a kill at any changing
/// system call leaves whole volumes only.
/// Method: several processes of the helper program; the fault seam, by environment, at every call in turn.
@Suite("Other processes and crashes") struct ConcurrencyTests {
    @Test("of several processes that make the same volume one makes it and the others find it")
    func sameName() throws {
        let fixture = try StoreFixture()
        let makers = try (0..<6).map { _ in try StoreProbe.start("create", fixture.root, "pg") }
        let answers = try makers.map { try $0.wait().check().text }
        #expect(answers.filter { $0 == "created\n" }.count == 1)
        #expect(answers.filter { $0 == "existed\n" }.count == 5)
        try fixture.expectOrder()
    }

    @Test("processes that make, read, replace and remove the same volume never see or leave half of one")
    func churn() throws {
        let fixture = try StoreFixture()
        let workers = try (0..<4).map { _ in try StoreProbe.start("churn", fixture.root, "pg", "40") }
        for worker in workers { try worker.wait().check() }
        try fixture.expectOrder()
    }

    @Test("workers that are killed at any time leave a store in order")
    func killedChurn() throws {
        let fixture = try StoreFixture()
        for round in 0..<8 {
            let workers = try (0..<3).map { _ in try StoreProbe.start("churn", fixture.root, "pg", "1000") }
            try Tool.run("sleep", "0.\(round * 3 + 5)").check()
            for worker in workers { worker.send(9) }
            for worker in workers { _ = try worker.wait() }
            try fixture.expectOrder()
        }
    }

    /// What a command does to a store with the volume `old`, which holds one file.
    enum Command: String, CaseIterable, CustomTestStringConvertible {
        case create, remove, replaceOld, replaceNew

        var testDescription: String { rawValue }

        var arguments: (command: String, volume: String, text: String) {
            switch self {
            case .create: ("create", "new", "")
            case .remove: ("remove", "old", "")
            case .replaceOld: ("replace", "old", "new text")
            case .replaceNew: ("replace", "new", "new text")
            }
        }
    }

    #if FAULT_SEAM
    @Test("a failure or a kill at each changing call loses nothing and leaves nothing", arguments: Command.allCases)
    func sweepOfFaults(command: Command) throws {
        let calls = try countCalls(command)
        #expect(calls > 3)
        for call in 1...calls {
            for fault in ["EIO", "ENOSPC", "short", "kill"] {
                let fixture = try makeStore()
                let (verb, volume, text) = command.arguments
                let result = try StoreProbe.run(
                    verb, fixture.root, volume, text, environment: ["HOLDFAST_FAULT": "\(call):\(fault)"])
                let context = "call \(call), \(fault): \(result)"
                #expect([0, 1, 137].contains(result.status), "\(context)")
                try expectOldOrNew(fixture, command, isDone: result.status == 0, context)
            }
        }
    }

    private func makeStore() throws -> StoreFixture {
        let fixture = try StoreFixture()
        try fixture.open().create("old")
        try fixture.write("old text", to: "text", of: "old")
        return fixture
    }

    private func countCalls(_ command: Command) throws -> Int {
        let fixture = try makeStore()
        let log = fixture.directory("calls")
        let (verb, volume, text) = command.arguments
        try StoreProbe.run(verb, fixture.root, volume, text, environment: ["HOLDFAST_FAULT_LOG": log]).check()
        return try Tool.run("cat", log).check().lines.count
    }

    /// Whatever happened, each volume is as before or as after; what was acknowledged is done.
    private func expectOldOrNew(_ fixture: StoreFixture, _ command: Command, isDone: Bool, _ context: String) throws {
        try fixture.expectOrder()
        let volumes = try fixture.open().volumes().map(\.name.rawValue)
        let oldText = volumes.contains("old") ? try fixture.read("text", of: "old") : nil
        switch command {
        case .create:
            #expect(oldText == "old text", "\(context)")
            if isDone { #expect(volumes == ["new", "old"], "\(context)") }
        case .remove:
            #expect(oldText == nil || oldText == "old text", "\(context)")
            if isDone { #expect(volumes == [], "\(context)") }
        case .replaceOld:
            #expect(isDone ? oldText == "new text" : ["old text", "new text"].contains(oldText), "\(context)")
        case .replaceNew:
            #expect(oldText == "old text", "\(context)")
            if isDone || volumes.contains("new") {
                #expect(try fixture.read("text", of: "new") == "new text", "\(context)")
            }
        }
    }
    #endif
}
