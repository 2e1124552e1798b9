package import FileTree
internal import Glibc
package import StorageModel

/// Something that can be kept from running for a moment.
package enum FreezeTarget: Hashable, Sendable {
    /// A control group of version 2, by the absolute path of its directory (`cgroup.freeze`, cgroups(7)).
    case unifiedGroup(String)
    /// A control group of the freezer of version 1 (`freezer.state`).
    case freezerGroup(String)
    /// One process, which is stopped by a signal.
    case process(Int32, startTicks: UInt64)
    /// A container that its engine pauses: the engine's client, and the container's id.
    case container(program: String, id: String)

    /// How long the engine's client may take.
    private static let clientLimitMilliseconds: Int64 = 60_000

    /// Keeps it from running; returns when nothing of it runs any more.
    ///
    /// - Throws: ``StorageError/Code/system`` if it does not come to rest within the time. Something of it may be frozen then.
    package func freeze(withinMilliseconds limit: Int64) throws(StorageError) {
        switch self {
        case .container(let program, let id): try Self.ask(program, ["pause", id], "pause")
        default:
            do throws(FileError) {
                try begin()
                let deadline = ContinuousClock.now + .milliseconds(limit)
                while try !isFrozen() {
                    guard ContinuousClock.now < deadline else {
                        throw FileError("wait", path: description.printable(), errno: Errno(rawValue: ETIMEDOUT))
                    }
                    usleep(500)
                    if case .freezerGroup = self { try begin() }  // A version 1 freezer may want to be told again.
                }
            } catch  where isGone(error) {
            } catch {
                throw StorageError(error, doing: "freeze \(description.printable())", object: description.printable())
            }
        }
    }

    /// Lets it run on. To thaw what is not frozen, or is gone, is no error.
    ///
    /// - Returns: `false` for a container that was not paused: its engine may be about to pause it.
    @discardableResult
    package func thaw() throws(StorageError) -> Bool {
        if case .container(let program, let id) = self {
            do throws(StorageError) { try Self.ask(program, ["unpause", id], "unpause") } catch {
                // It says so too of one that is not paused; only one that still is paused matters.
                if Self.isPaused(program, id) { throw error }
                return false
            }
            return true
        }
        do throws(FileError) {
            switch self {
            case .unifiedGroup(let path): try ControlFile.write("0", to: "cgroup.freeze", in: path)
            case .freezerGroup(let path): try ControlFile.write("THAWED", to: "freezer.state", in: path)
            case .process(let process, let startTicks): try ProcessHandle.open(process, startTicks: startTicks).resume()
            case .container: break
            }
        } catch  where isGone(error) {
        } catch {
            throw StorageError(error, doing: "thaw \(description.printable())", object: description.printable())
        }
        return true
    }

    private func begin() throws(FileError) {
        switch self {
        case .unifiedGroup(let path): try ControlFile.write("1", to: "cgroup.freeze", in: path)
        case .freezerGroup(let path): try ControlFile.write("FROZEN", to: "freezer.state", in: path)
        case .process(let process, let startTicks): try ProcessHandle.open(process, startTicks: startTicks).stop()
        case .container: break
        }
    }

    /// Whether nothing of it runs.
    package func isFrozen() throws(FileError) -> Bool {
        switch self {
        case .unifiedGroup(let path):
            return try ControlFile.text("cgroup.events", in: path).split(separator: "\n").contains("frozen 1")
        case .freezerGroup(let path):
            return try ControlFile.text("freezer.state", in: path).hasPrefix("FROZEN")
        case .process(let process, _): return try ProcessTable().isStopped(process)
        case .container: return true
        }
    }

    private func isGone(_ error: FileError) -> Bool {
        error.errno == .noEntry || error.errno == .noSuchDevice || error.errno.rawValue == ESRCH
    }

    private static func ask(_ program: String, _ arguments: [String], _ verb: String) throws(StorageError) {
        let result: ProgramResult
        do throws(FileError) {
            result = try ProgramRun(program, ["container"] + arguments).run(
                outputLimitBytes: 1 << 20, limitMilliseconds: clientLimitMilliseconds, until: Interruption())
        } catch {
            throw StorageError(error, doing: "run '\(program.printable())'", object: program.printable())
        }
        if case .ended(0, _, _) = result { return }
        var causes: [String] = []
        if case .ended(_, _, let errors) = result {
            let lines = String(decoding: errors, as: UTF8.self).split(whereSeparator: \.isNewline)
            causes = lines.prefix(5).map { String($0).printable(limit: 400) }
        }
        throw StorageError(
            .system, object: arguments.last ?? "",
            "'\(program.printable())' does not \(verb) container '\((arguments.last ?? "").printable(limit: 80))'",
            hint: "try it by hand: \(program.printable()) \(verb) \((arguments.last ?? "").printable(limit: 80))",
            causes: causes)
    }

    private static func isPaused(_ program: String, _ id: String) -> Bool {
        let result = try? ProgramRun(program, ["container", "inspect", "--format", "{{.State.Status}}", id]).run(
            outputLimitBytes: 1 << 20, limitMilliseconds: clientLimitMilliseconds, until: Interruption())
        guard case .ended(0, let output, _)? = result else { return false }
        return String(decoding: output, as: UTF8.self).contains("paused")
    }
}

extension FreezeTarget: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unifiedGroup(let path), .freezerGroup(let path): "control group '\(path)'"
        case .process(let process, _): "process \(process)"
        case .container(_, let id): "container '\(id)'"
        }
    }
}

/// As one line, for the watchdog.
extension FreezeTarget {
    /// - Returns: `nil` for what does not fit into one line.
    var line: String? {
        let words: [String]
        switch self {
        case .unifiedGroup(let path): words = ["unified", path]
        case .freezerGroup(let path): words = ["freezer", path]
        case .process(let process, let startTicks): words = ["process", "\(process)", "\(startTicks)"]
        case .container(let program, let id): words = ["container", program, id]
        }
        guard words.allSatisfy({ word in !word.isEmpty && !word.utf8.contains { $0 == 9 || $0 == 10 } }) else {
            return nil
        }
        return words.joined(separator: "\t")
    }

    init?(line: String) {
        let words = line.split(separator: "\t").map(String.init)
        switch (words.first, words.count) {
        case ("unified", 2): self = .unifiedGroup(words[1])
        case ("freezer", 2): self = .freezerGroup(words[1])
        case ("process", 3):
            guard let process = Int32(words[1]), process > 1, let ticks = UInt64(words[2]) else { return nil }
            self = .process(process, startTicks: ticks)
        case ("container", 3): self = .container(program: words[1], id: words[2])
        default: return nil
        }
    }
}
