import Foundation
import Synchronization
import TestSupport
import Testing

/// Runs one command again and again, each time with another of its changing system calls going wrong, and each time on a
/// fresh copy of a prepared folder.
struct FaultSweep {
    /// One run: which call went wrong, how, and how the command ended.
    struct Run: CustomStringConvertible {
        let fault: String
        let operation: String
        let result: ProcessResult
        /// The copy of the prepared folder that the command worked on; the store is `store` below it.
        let folder: String
        let holdfast: CommandRunner

        var wasKilled: Bool { result.status == 128 + 9 }
        var description: String { "HOLDFAST_FAULT=\(fault) (\(operation)): \(result)" }
    }

    /// What happens to the command.
    enum Trouble: String, CaseIterable, CustomTestStringConvertible {
        /// A call fails, transfers half, or is the process's last.
        case calls
        /// The process ends before a call, or at its end, and with it the machine.
        case power

        var testDescription: String { self == .calls ? "calls go wrong" : "power is lost" }
    }

    static let possibleTroubles: [Trouble] = CuttableDisk.formats.isEmpty ? [.calls] : Trouble.allCases

    /// How calls go wrong.
    var faults = ["EIO", "ENOSPC", "short", "kill"]

    /// How many of a command's steps are followed by a power cut.
    private static let cutLimit = 44

    /// The folder that each run gets a copy of.
    let template: TemporaryDirectory
    /// The command; `{}` in an argument stands for the folder.
    let arguments: [String]
    /// Variables of the command, and of those that follow it; `{}` in a value stands for the folder.
    var environment: [String: String] = [:]
    /// Where the copies are made, on a file system that the command needs; `nil` for where temporary directories are.
    var place: String?
    /// The file systems that lose power.
    var formats = CuttableDisk.formats
    /// What is done to each copy before the command, for files that have the folder's path in them.
    var prepare: @Sendable (String) throws -> Void = { _ in }

    /// Whether the binary under test has the seam: debug builds have it.
    static let isPossible: Bool = {
        guard let folder = try? TemporaryDirectory("seam") else { return false }
        let holdfast = CommandRunner(root: folder("store"))
        let log = folder("log")
        guard (try? holdfast("volume", "ls", environment: ["HOLDFAST_FAULT_LOG": log])) != nil else { return false }
        return (try? Tool.run("test", "-s", log).status) == 0
    }()

    /// The changing calls of a run without a fault, by name, in order.
    func operations() throws -> [String] {
        let (folder, holdfast) = try makeCopy()
        let log = folder("fault-log")
        try holdfast.run(commandLine(folder.path), environment: ["HOLDFAST_FAULT_LOG": log]).check()
        return try Tool.run("cat", log).check().lines.map { String($0.split(separator: " ")[1]) }
    }

    /// Does all runs, as many at a time as there are cores, and gives each to `check`.
    ///
    /// Each call fails with each fault; of more than `limit` calls, calls evenly spread are taken, the first and last 20
    /// always.
    func run(_ trouble: Trouble, limit: Int = 110, check: @escaping @Sendable (Run) throws -> Void) throws {
        let operations = try operations()
        #expect(operations.count > 3, "a command that changes something makes changing calls")
        switch trouble {
        case .calls:
            let runs = Self.spread(operations.count, limit).flatMap { number in faults.map { (number, $0) } }
            try perform(runs) { number, fault in
                guard fault != "short" || operations[number - 1].contains("write") else { return }
                try oneRun(number, fault, operations[number - 1], check)
            }
        case .power:
            let folder = try TemporaryDirectory("power")
            let images = try formats.map { try DiskImage($0, of: template.path, in: folder) }
            // The formats take turns; after the last step, when the command has ended well, each has one.
            let steps = Self.spread(operations.count, Self.cutLimit).map { ($0, images[$0 % images.count]) }
            try perform(steps + images.map { (operations.count + 1, $0) }) { number, image in
                let operation = number > operations.count ? "acknowledged" : operations[number - 1]
                try oneCut(number, image, operation, check)
            }
        }
    }

    private func perform<Fault: Sendable>(
        _ runs: [(Int, Fault)], _ body: @escaping @Sendable (Int, Fault) throws -> Void
    ) throws {
        let failures = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: runs.count) { index in
            let (number, fault) = runs[index]
            do {
                try body(number, fault)
            } catch {
                failures.withLock { $0.append("\(number):\(fault): \(error)") }
            }
        }
        let found = failures.withLock { $0 }
        #expect(found.isEmpty, "\(found.count) of \(runs.count) runs: \(found.prefix(5).joined(separator: "\n---\n"))")
    }

    private func oneRun(_ number: Int, _ fault: String, _ operation: String, _ check: (Run) throws -> Void) throws {
        let (folder, holdfast) = try makeCopy()
        let name = "\(number):\(fault)"
        let result = try holdfast.run(commandLine(folder.path), environment: ["HOLDFAST_FAULT": name])
        let run = Run(fault: name, operation: operation, result: result, folder: folder.path, holdfast: holdfast)
        try require([0, 1, 128 + 9].contains(result.status) || result.status == 3, "an unexpected exit status", run)
        try require(!run.wasKilled || fault == "kill", "the process crashed", run)
        try require(
            result.status != 1 || result.errorText.hasPrefix("holdfast: "), "the failure was not explained", run)
        try require(fault != "short" || result.status == 0, "a short write was not continued", run)
        try check(run)
    }

    /// The process ends before its `number`-th call, and the machine with it.
    private func oneCut(
        _ number: Int, _ image: DiskImage, _ operation: String, _ check: (Run) throws -> Void
    ) throws {
        let disk = try CuttableDisk(image)
        try prepare(disk.path)
        let holdfast = runner(disk.path)
        let name = "\(number):kill"
        let result = try holdfast.run(commandLine(disk.path), environment: ["HOLDFAST_FAULT": name])
        try disk.cutPower()
        let run = Run(fault: name, operation: operation, result: result, folder: disk.path, holdfast: holdfast)
        try require(result.status == 0 || run.wasKilled, "an unexpected exit status", run)
        try check(run)
        withExtendedLifetime(disk) {}
    }

    private func makeCopy() throws -> (TemporaryDirectory, CommandRunner) {
        let folder = try TemporaryDirectory("fault", in: place)
        try Tool.run("cp", "-a", template.path + "/.", folder.path).check()
        try prepare(folder.path)
        return (folder, runner(folder.path))
    }

    private func runner(_ folder: String) -> CommandRunner {
        var holdfast = CommandRunner(root: folder + "/store")
        holdfast.environment = environment.mapValues { Self.filled($0, folder) }
        return holdfast
    }

    private func commandLine(_ folder: String) -> [String] { arguments.map { Self.filled($0, folder) } }

    private static func filled(_ text: String, _ folder: String) -> String {
        text.split(separator: "{}", omittingEmptySubsequences: false).joined(separator: folder)
    }

    private static func spread(_ count: Int, _ limit: Int) -> [Int] {
        guard count > limit else { return Array(1...max(1, count)) }
        let step = Double(count) / Double(limit - 40)
        let middle = (0..<(limit - 40)).map { Int(Double($0) * step) + 1 }
        return Set(middle + (1...20) + ((count - 19)...count)).filter { (1...count).contains($0) }.sorted()
    }
}

/// A property that a run must have.
func require(_ condition: Bool, _ message: String, _ run: FaultSweep.Run) throws {
    if !condition { throw FaultFailure(description: "\(message)\n\(run)") }
}

/// A run after which something is not as promised.
struct FaultFailure: Error, CustomStringConvertible {
    let description: String
}

extension FaultSweep.Run {
    /// The names of the store's volumes, by a following command, which also sweeps.
    func names() throws -> [String] { try holdfast("volume", "ls", "-q").check().lines }

    /// After the following command nothing lies in `staging/` and `trash/`, and every volume has its directory.
    func checkStoreIsClean() throws {
        let names = try names()
        for name in ["staging", "trash"] {
            let left = try Tool.run("ls", "-A", "\(folder)/store/\(name)").check().lines
            try require(left.isEmpty, "\(name)/ is not empty after the next command: \(left)", self)
        }
        for name in names {
            let isThere = try Tool.run("test", "-d", "\(folder)/store/volumes/\(name)/_data").status == 0
            try require(isThere, "volume '\(name)' has no directory", self)
        }
    }

    /// Throws unless the trees are equal.
    func requireSameTree(_ found: String, _ expected: TreeFingerprint, _ message: String) throws {
        let difference = try TreeFingerprint(found).difference(from: expected)
        try require(difference.isEmpty, "\(message): \(difference.joined(separator: "\n"))", self)
    }
}
