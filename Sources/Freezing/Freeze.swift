internal import FileTree
internal import Glibc
package import StorageModel

/// A freeze that is in force: everything that uses a tree is kept from running until ``end()``, or until the watchdog loses
/// patience.
package final class Freeze {
    /// A container that is to be paused by its engine, under the name that people know.
    package struct Container: Hashable, Sendable {
        package let target: FreezeTarget
        package let name: String

        package init(program: String, id: String, name: String) {
            target = .container(program: program, id: id)
            self.name = name
        }
    }

    package struct Outcome: Hashable, Sendable {
        package var seconds: Double
        /// Whether everything stayed frozen to the end.
        package var isWhole: Bool
        /// What could not be thawed.
        package var failures: [StorageError] = []

        package static func == (left: Outcome, right: Outcome) -> Bool {
            left.seconds == right.seconds && left.isWhole == right.isWhole
                && left.failures.count == right.failures.count
        }

        package func hash(into hasher: inout Hasher) { hasher.combine(seconds) }
    }

    /// What was frozen, for people: `container 'db'`, `control group '…' (postgres)`, `process 12 (sqlite3)`.
    package private(set) var names: [String] = []
    /// Users that could not be kept still, for people.
    package private(set) var notices: [String] = []

    private let watchdog: FreezeWatchdog
    private let limitMilliseconds: Int64
    private var targets: [FreezeTarget] = []
    private var startedAt: ContinuousClock.Instant?

    /// So often it is looked for users that appeared meanwhile.
    private static let rounds = 6

    /// Freezes the containers, then whoever else uses the tree.
    ///
    /// - Parameters:
    ///   - users: how to find who uses the tree; `nil` if nobody else can.
    ///   - known: whom it found just now.
    /// - Throws: ``StorageError/Code/system``, ``StorageError/Code/permissionDenied`` if something cannot be frozen; then
    /// nothing
    ///   is.
    package init(
        _ containers: [Container], users: TreeUsers?, known: [TreeUser], limitMilliseconds: Int64,
        until interruption: Interruption
    ) throws(StorageError) {
        self.limitMilliseconds = limitMilliseconds
        watchdog = try FreezeWatchdog()
        do throws(StorageError) {
            try freeze(containers.map { ($0.target, "container '\($0.name.printable(limit: 80))'") })
            // With the containers paused, their processes are still: the ones found before are out of date.
            var found: [TreeUser]? = containers.isEmpty ? known : nil
            for _ in 0..<Self.rounds {
                try interruption.check()
                let users = (found ?? users?.find() ?? []).filter { $0.process != watchdog.process }
                found = nil
                let next = ControlGroups().targets(for: users)
                note(ancestors: users)
                if next.isEmpty { return }
                try freeze(next.map { ($0.target, Self.name($0.target, $0.users)) })
            }
            throw StorageError(
                .system, object: "", "what uses the data cannot be frozen: new processes appear again and again")
        } catch {
            // The first failure is the one to tell. What cannot be thawed here, the watchdog tries too.
            _ = end()
            throw error
        }
    }

    private func freeze(_ next: [(target: FreezeTarget, name: String)]) throws(StorageError) {
        if next.isEmpty { return }
        let inTime = try watchdog.announce(next.map(\.target), limitMilliseconds: limitMilliseconds)
        if startedAt == nil { startedAt = .now }
        guard inTime else {
            throw StorageError(
                .system, object: "", "freezing took longer than \(limitMilliseconds / 1000) seconds",
                hint: "allow more with --max-freeze")
        }
        for (target, name) in next {
            targets.append(target)
            try target.freeze(withinMilliseconds: limitMilliseconds)
            names.append(name)
        }
    }

    private func note(ancestors users: [TreeUser]) {
        for user in users where user.isAncestor && user.use != .place {
            let text =
                "process \(user.process) (\(user.command.printable(limit: 40))) uses the data and ran on: it started this backup"
            if !notices.contains(text) { notices.append(text) }
        }
    }

    private static func name(_ target: FreezeTarget, _ users: [TreeUser]) -> String {
        let commands = Set(users.map { $0.command.printable(limit: 40) }).sorted().prefix(3).joined(separator: ", ")
        return "\(target.description.printable(limit: 300)) (\(commands))"
    }

    /// Thaws everything, in reverse.
    package func end() -> Outcome {
        var failures: [StorageError] = []
        for target in targets.reversed() {
            do throws(StorageError) { try target.thaw() } catch { failures.append(error) }
        }
        targets = []
        let elapsed = startedAt.map { ContinuousClock.now - $0 } ?? .zero
        let isWhole = watchdog.finish()
        // Cut short, it lasted as long as it may.
        let lasted = isWhole ? elapsed : min(elapsed, .milliseconds(limitMilliseconds))
        let seconds = Double(lasted.components.seconds) + Double(lasted.components.attoseconds) * 1e-18
        return Outcome(seconds: seconds, isWhole: isWhole && failures.isEmpty, failures: failures)
    }
}
