internal import FileTree
package import StorageModel

/// An engine's own command-line client, which is asked for everything that only the engine knows.
///
/// The client finds its engine as it does for the user: it gets this process's environment, so `DOCKER_HOST`,
/// `DOCKER_CONTEXT`, `DOCKER_CONFIG`, `CONTAINER_HOST`, `CONTAINERS_CONF`, `CONTAINERS_STORAGE_CONF` and the rest mean what
/// they always mean. Each call is one process of a few tens of milliseconds; its answers are bounded in time and size, and
/// believed only as far as they can be checked.
package final class EngineClient: Sendable {
    package let engine: VolumeEngine
    /// The client, by a path or a name to be found in `PATH`.
    package let program: String
    private let limitMilliseconds: Int64
    private let interruption: Interruption
    /// Where the engine runs, once it was asked.
    let knownHost = Monitor<EngineHost?>(nil)

    /// A thousand volumes take half a MiB.
    private static let outputLimitBytes = 64 << 20

    package static let defaultLimitMilliseconds: Int64 = 60_000

    /// - Parameters:
    ///   - program: found in `PATH` if it has no slash; `nil` for the engine's own name.
    ///   - limitMilliseconds: how long one answer may take.
    package init(
        _ engine: VolumeEngine, program: String? = nil, limitMilliseconds: Int64 = defaultLimitMilliseconds,
        interruption: Interruption
    ) {
        self.engine = engine
        self.program = program ?? engine.rawValue
        self.limitMilliseconds = limitMilliseconds
        self.interruption = interruption
    }

    /// The same, to clean up although the user interrupted.
    package var uninterruptible: EngineClient {
        EngineClient(
            engine, program: program, limitMilliseconds: limitMilliseconds, interruption: Interruption())
    }

    /// How the client ended, and what it printed.
    struct Answer {
        let status: Int32
        let output: [UInt8]
        /// Printable lines from its standard error.
        let complaints: [String]

        /// Both clients say so of a volume that is missing, whatever the version.
        var saysNoSuchVolume: Bool { complaints.contains { $0.lowercased().contains("no such volume") } }

        var lines: [String] {
            String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
        }
    }

    /// Runs the client to its end, whatever its status is.
    ///
    /// - Throws: ``StorageError/Code/system`` if it is not installed, does not answer in time, or prints without end;
    ///   ``StorageError/Code/interrupted``.
    func ask(_ arguments: [String]) throws(StorageError) -> Answer {
        let result: ProgramResult
        do throws(FileError) {
            result = try ProgramRun(program, arguments).run(
                outputLimitBytes: Self.outputLimitBytes, limitMilliseconds: limitMilliseconds, until: interruption)
        } catch  where error.errno == .noEntry || error.errno == .accessDenied {
            throw StorageError(
                .system, object: program, "the program '\(program.printable())' cannot be run: \(error.errno)",
                errno: error.errno,
                hint: "install \(engine.title)'s command-line client, or name it in \(Self.variable(engine))")
        } catch {
            throw StorageError(error, doing: "run '\(program.printable())'", object: program)
        }
        switch result {
        case .interrupted: throw .interrupted
        case .timedOut: throw failure("it did not answer within \(limitMilliseconds / 1000) seconds")
        case .tooMuchOutput: throw failure("it prints more than \(ByteCount(UInt64(Self.outputLimitBytes)))")
        case .ended(let status, let output, let errors):
            let lines = String(decoding: errors, as: UTF8.self).split(whereSeparator: \.isNewline)
            return Answer(
                status: status, output: output, complaints: lines.prefix(5).map { String($0).printable(limit: 400) })
        }
    }

    /// Runs the client, which must succeed.
    @discardableResult
    func demand(_ arguments: [String], _ doing: String, hint: String? = nil) throws(StorageError) -> Answer {
        let answer = try ask(arguments)
        guard answer.status == 0 else { throw refusal(of: answer, doing, hint: hint) }
        return answer
    }

    /// The engine, or its client, does not do what it was asked to.
    func refusal(of answer: Answer, _ doing: String, hint: String? = nil) -> StorageError {
        StorageError(
            .system, object: engine.rawValue, "\(engine.title) does not \(doing)",
            hint: hint ?? "see whether the engine runs and answers: \(engine.rawValue) info",
            causes: answer.complaints.isEmpty ? ["it ended with status \(answer.status)"] : answer.complaints)
    }

    func failure(_ reason: String) -> StorageError {
        StorageError(
            .system, object: engine.rawValue,
            "\(engine.title)'s client '\(program.printable())' is of no use: \(reason)",
            hint: "try it by hand: \(engine.rawValue) volume ls")
    }

    /// The environment variable that names another program than the engine's own.
    package static func variable(_ engine: VolumeEngine) -> String { "HOLDFAST_\(engine.rawValue.uppercased())" }
}
