internal import ArgumentParser
internal import Glibc
internal import StorageModel

/// The whole command line: parses the process's arguments, runs the command, ends the process with its exit status.
public enum CommandLineTool {
    /// Runs the command that the process was started with. Never returns.
    public static func run() -> Never {
        Signals.prepareProcess()
        let arguments = RawArguments.ofProcess()
        do {
            if let command = PlainDispatch.parse(arguments) {
                try Console.run(isJSON: false, command)
            } else {
                var command = try DirectDispatch.parse(arguments) ?? HoldfastCommand.parseAsRoot(arguments)
                try command.run()
            }
            exit(ExitStatus.done.rawValue)
        } catch {
            let isJSON = arguments.prefix { $0 != "--" }.contains("--json")
            if arguments.starts(with: ["usage", "alert"]) { exit(reportToMonitoring(error, asJSON: isJSON)) }
            exit(report(error, asJSON: isJSON))
        }
    }

    /// As ``report(_:asJSON:)`` for `usage alert`, whose exit statuses are those of a monitoring plugin: whatever keeps it from an
    /// answer is `UNKNOWN`, also a wrong command line, and is said on standard output, the only thing that is read there.
    private static func reportToMonitoring(_ error: any Error, asJSON: Bool) -> Int32 {
        if let status = error as? ExitCode { return status.rawValue }
        let isHelp = !(error is StorageError) && HoldfastCommand.exitCode(for: error).isSuccess
        if isHelp { return report(error, asJSON: asJSON) }
        let failure =
            error as? StorageError ?? StorageError(.invalidInput, HoldfastCommand.message(for: error))
        let output = StandardOutput()
        // A closed or full standard output has nobody to be told.
        try? output.write(
            asJSON ? AlertText.unknownJSON(failure).prettyText() + "\n" : AlertText.unknown(failure))
        try? output.flush()
        return AlertState.unknown.rawValue
    }

    /// Prints an error where it belongs and says how the process exits.
    private static func report(_ error: any Error, asJSON: Bool) -> Int32 {
        if let status = error as? ExitCode { return status.rawValue }
        if error is OutputClosed { return ExitStatus.failed.rawValue }
        if let error = error as? StorageError {
            ErrorReport(asJSON: asJSON).print(error)
            return ExitStatus(error.code).rawValue
        }
        let status = HoldfastCommand.exitCode(for: error)
        let message = HoldfastCommand.fullMessage(for: error)
        if status.isSuccess {
            let output = StandardOutput()
            guard (try? output.write(message + "\n")) != nil, (try? output.flush()) != nil else {
                return ExitStatus.failed.rawValue
            }
            return ExitStatus.done.rawValue
        }
        let isUsage = status == .validationFailure
        if asJSON {
            let short = HoldfastCommand.message(for: error)
            ErrorReport(asJSON: true).print(
                StorageError(isUsage ? .invalidInput : .system, short, hint: "holdfast --help"))
        } else {
            StandardError.write(message + "\n")
        }
        return isUsage ? ExitStatus.usage.rawValue : ExitStatus.failed.rawValue
    }
}
