internal import FileTree
internal import Glibc
package import StorageModel

/// The watchdog of a freeze: a process of its own that thaws everything when this process ends without having done so, however
/// it ends, and when the freeze lasts too long.
///
/// It is this same program, started as `holdfast internal-thaw` before anything is frozen, in a session of its own. Lines go to
/// it by a pipe: what is about to be frozen, `go` with the time, and at the end `done`. It answers `ready`, `armed`, and to
/// `done` whether it came in time: there is one judge only.
package final class FreezeWatchdog: Sendable {
    private let child: ApartProcess

    private static let answerLimitMilliseconds: Int64 = 20_000

    package static let command = "internal-thaw"

    package init() throws(StorageError) {
        do throws(FileError) {
            child = try ApartProcess("/proc/self/exe", [Self.command])
        } catch {
            throw StorageError(error, doing: "start the watchdog", object: Self.command)
        }
        guard child.nextLine(withinMilliseconds: Self.answerLimitMilliseconds) == WatchdogProcess.ready else {
            child.end(withinMilliseconds: 0)
            throw StorageError(
                .system, object: Self.command, "the watchdog that would thaw after a crash does not start",
                hint: "nothing was frozen; a program other than holdfast cannot freeze")
        }
    }

    /// The watchdog's own process, which is no user of anything.
    package var process: Int32 { child.process }

    /// Tells what is about to be frozen. The time runs from the first call.
    ///
    /// - Returns: `false` if it is over: nothing more may be frozen.
    package func announce(_ targets: [FreezeTarget], limitMilliseconds: Int64) throws(StorageError) -> Bool {
        do throws(FileError) {
            for target in targets {
                guard let line = target.line else {
                    throw FileError("write", path: target.description.printable(), errno: .invalidArgument)
                }
                try child.send(line)
            }
            try child.send("go\t\(limitMilliseconds)")
        } catch {
            throw StorageError(error, doing: "tell the watchdog what is frozen", object: Self.command)
        }
        switch child.nextLine(withinMilliseconds: Self.answerLimitMilliseconds) {
        case WatchdogProcess.armed: return true
        case WatchdogProcess.late: return false
        default:
            throw StorageError(
                .system, object: Self.command, "the watchdog that would thaw after a crash does not answer")
        }
    }

    /// Ends it, after everything was thawed.
    ///
    /// - Returns: whether it had not thawed anything before.
    package func finish() -> Bool {
        defer { child.end(withinMilliseconds: 2000) }
        guard (try? child.send("done")) != nil else { return false }
        return child.nextLine(withinMilliseconds: Self.answerLimitMilliseconds) == WatchdogProcess.inTime
    }
}
