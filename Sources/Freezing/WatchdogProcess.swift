package import FileTree
internal import Glibc
internal import StorageModel

/// What `holdfast internal-thaw` does; see ``FreezeWatchdog``.
package struct WatchdogProcess: ~Copyable {
    static let ready = "ready"
    static let armed = "armed"
    static let late = "late"
    static let inTime = "in-time"

    private let input: Descriptor
    private let output: Descriptor
    private var targets: [FreezeTarget] = []
    private var deadline: ContinuousClock.Instant?
    private var isLate = false
    private var isAlone = false
    private var received: [UInt8] = []

    /// After the time is over, or after a crash, everything is thawed again so often: the engine's client may have been
    /// asked to pause a container and not have done it yet.
    private static let repetitions = 4
    private static let repetitionMilliseconds: CInt = 500

    /// Speaks by standard input and output until the other side is done or gone.
    package static func run() throws(FileError) {
        // Nothing of the tree that is backed up may be in use here; and the signals meant for the backup are not for this one.
        _ = chdir("/")
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE] { signal(number, SIG_IGN) }
        var process = WatchdogProcess(input: try .standardInput(), output: try .standardOutput())
        process.say(ready)
        process.work()
    }

    private init(input: consuming Descriptor, output: consuming Descriptor) {
        self.input = input
        self.output = output
    }

    private mutating func work() {
        while true {
            if input.isReadable(withinMilliseconds: waitMilliseconds) {
                guard readOn() else { break }
                while let line = takeLine() {
                    if line == "done" { return say(isLate ? Self.late : Self.inTime) }
                    obey(line)
                }
            } else if let deadline, ContinuousClock.now >= deadline {
                // Again and again: what hangs between our answer and its freezing is not to stay frozen either.
                isLate = true
                thawAll()
                self.deadline = .now + .milliseconds(Int64(Self.repetitionMilliseconds))
            }
        }
        isAlone = true
        for number in 0..<Self.repetitions {
            if number > 0 { usleep(useconds_t(Self.repetitionMilliseconds) * 1000) }
            thawAll()
            if targets.isEmpty { break }
        }
    }

    private mutating func obey(_ line: String) {
        if let target = FreezeTarget(line: line) {
            targets.append(target)
        } else if line.hasPrefix("go\t"), let limit = Int64(line.dropFirst(3)) {
            if deadline == nil { deadline = .now + .milliseconds(max(0, min(limit, 86_400_000))) }
            if let deadline, ContinuousClock.now >= deadline { isLate = true }
            say(isLate ? Self.late : Self.armed)
        }
    }

    private var waitMilliseconds: CInt {
        guard let deadline else { return 60_000 }
        return CInt(max(0, min((deadline - .now).milliseconds + 1, 60_000)))
    }

    /// In reverse; one that fails does not keep the others frozen. While the other side lives, everything stays to be thawed
    /// again, but containers that were paused and are not any more: who pauses them next is somebody else.
    private mutating func thawAll() {
        for target in targets.reversed() {
            let isThawed = (try? target.thaw()) == true
            if isThawed && (target.isContainer || isAlone) { targets.removeAll { $0 == target } }
        }
    }

    private func say(_ line: String) {
        // Nobody may be there to read it; that is seen at the input.
        try? output.writeAll(Array((line + "\n").utf8), at: nil)
    }

    private mutating func takeLine() -> String? {
        guard let end = received.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { received.removeSubrange(...end) }
        return String(decoding: received[..<end], as: UTF8.self)
    }

    /// - Returns: `false` when the other side is gone.
    private mutating func readOn() -> Bool {
        var piece = [UInt8](repeating: 0, count: 4096)
        let count = piece.withUnsafeMutableBytes { room in (try? input.readAvailable(into: room)) ?? 0 }
        received += piece[..<count]
        return count > 0
    }
}

extension FreezeTarget {
    fileprivate var isContainer: Bool {
        if case .container = self { return true }
        return false
    }
}
