#if FAULT_SEAM
internal import Glibc
package import StorageModel
internal import Synchronization

/// Makes the n-th changing system call go wrong. Exists in debug builds only.
///
/// A process takes its plan from the environment, once: `HOLDFAST_FAULT=<n>:<ERRNO name>` makes the n-th call fail
/// without being made, `<n>:short` lets it transfer half of its bytes if it is a write, `<n>:kill` ends the process
/// with SIGKILL before it. `HOLDFAST_FAULT_LOG=<path>` appends a line `n operation` per call, so that a first run
/// without a fault tells how many there are. Calls are counted from 1, over all threads.
///
/// A test of its own process binds a plan instead: `FaultPlan.$current.withValue(plan) { … }`. It counts the calls of
/// the binding's own code and of worker pools made or fed by it, and of nothing else that runs at the same time.
package final class FaultPlan: Sendable {
    package enum Fault: Sendable, Equatable {
        case fail(Errno)
        case short
        case kill
    }

    enum Verdict {
        case pass
        case fail(CInt)
        case halve
    }

    package let ordinal: Int
    package let fault: Fault
    private let logDescriptor: CInt?
    private let count = Atomic<Int>(0)
    private let operations = Mutex<[String]>([])

    /// The plan in force for the code that runs now.
    @TaskLocal package static var current: FaultPlan? = nil

    private static let ofProcess = FaultPlan(environment: getenv("HOLDFAST_FAULT"), log: getenv("HOLDFAST_FAULT_LOG"))

    /// - Parameter ordinal: which call; 0 for none, to count only.
    package init(ordinal: Int, _ fault: Fault) {
        self.ordinal = ordinal
        self.fault = fault
        logDescriptor = nil
    }

    private init?(environment: UnsafeMutablePointer<CChar>?, log: UnsafeMutablePointer<CChar>?) {
        if environment == nil && log == nil { return nil }
        let text = environment.map { String(cString: $0) }
        let parsed = text.flatMap(Self.parse)
        // A plan with a slip of the pen would let a test pass that tests nothing.
        precondition(text == nil || parsed != nil, "HOLDFAST_FAULT is not of the form 7:ENOSPC, 7:short or 7:kill")
        (ordinal, fault) = parsed ?? (0, .short)
        logDescriptor = log.map { open($0, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600) }
    }

    /// Parses `7:ENOSPC`, `7:short`, `7:kill`; `nil` for anything else.
    package static func parse(_ text: String) -> (ordinal: Int, fault: Fault)? {
        let parts = text.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let ordinal = Int(parts[0]), ordinal > 0 else { return nil }
        switch parts[1] {
        case "short": return (ordinal, .short)
        case "kill": return (ordinal, .kill)
        default: return Errno(name: String(parts[1])).map { (ordinal, .fail($0)) }
        }
    }

    /// The names of the calls that were made under this plan, in order.
    package var log: [String] { operations.withLock { $0 } }

    static func verdict(on operation: StaticString, isWrite: Bool) -> Verdict {
        guard let plan = current ?? ofProcess else { return .pass }
        let number = plan.count.add(1, ordering: .relaxed).newValue
        plan.note(number, operation)
        guard number == plan.ordinal else { return .pass }
        switch plan.fault {
        case .fail(let error): return .fail(error.rawValue)
        case .short: return isWrite ? .halve : .pass
        case .kill:
            kill(getpid(), SIGKILL)
            return .pass
        }
    }

    private func note(_ number: Int, _ operation: StaticString) {
        guard let logDescriptor else {
            if self !== Self.ofProcess { operations.withLock { $0.append(operation.description) } }
            return
        }
        let line = Array("\(number) \(operation)\n".utf8)
        _ = write(logDescriptor, line, line.count)
    }
}
#endif
