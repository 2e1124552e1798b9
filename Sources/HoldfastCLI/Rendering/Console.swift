internal import Glibc
internal import StorageModel

/// Where a command's results, warnings, errors and progress go.
final class Console {
    let isJSON: Bool
    private let output = StandardOutput()
    private let terminalProgress: TerminalProgress?
    private(set) var status = ExitStatus.done

    init(isJSON: Bool) {
        self.isJSON = isJSON
        terminalProgress = StandardError.isTerminal ? TerminalProgress() : nil
    }

    /// What long operations take.
    var checkpoint: Checkpoint {
        Checkpoint(
            progress: terminalProgress ?? QuietProgress() as any ProgressSink, interruption: Signals.interruption)
    }

    /// Prints data.
    func print(_ text: String) throws {
        terminalProgress?.finish()
        try output.write(text)
    }

    /// Prints a line of data among objects that may fail one by one.
    func say(_ line: String) throws(StorageError) {
        do { try print(line + "\n") } catch {
            throw StorageError(.system, "the result cannot be printed", causes: [String(describing: error)])
        }
    }

    /// Prints a table, as wide as the terminal if there is one.
    func print(_ table: Table) throws {
        try print(
            table.text(
                limitColumns: Terminal.standardOutputIsOne ? Terminal.columns(of: 1) : nil,
                isColoured: Terminal.wantsColour))
    }

    /// Prints bytes as they are: a document in a format of its own.
    func print(bytes: [UInt8]) throws {
        terminalProgress?.finish()
        try output.write(bytes)
    }

    /// Brings out what is buffered, for a command that goes on.
    func flush() throws { try output.flush() }

    /// Prints a JSON document.
    func print(_ value: JSONValue) throws { try print(value.prettyText() + "\n") }

    /// Prints a remark for people: only a terminal gets it, so that a cron job stays quiet.
    func remark(_ text: String) {
        guard StandardError.isTerminal, !isJSON else { return }
        terminalProgress?.finish()
        StandardError.write(text + "\n")
    }

    /// Prints a warning. The exit status is the caller's to decide; JSON has it in the report.
    func mention(_ text: String) {
        terminalProgress?.finish()
        if !isJSON { StandardError.write("holdfast: warning: \(text.printable())\n") }
    }

    /// Prints a line for people that they should see in a log too. JSON has it in the report.
    func tell(_ text: String) {
        terminalProgress?.finish()
        if !isJSON { StandardError.write("\(text.printable())\n") }
    }

    /// Prints an error of one of several objects and goes on with the next, unless the user interrupted.
    func report(_ error: StorageError) throws(StorageError) {
        if error.code == .interrupted { throw error }
        terminalProgress?.finish()
        ErrorReport(asJSON: isJSON).print(error)
        note(ExitStatus(error.code))
    }

    /// Lets the command end with this status, unless something worse was noted before.
    func note(_ status: ExitStatus) { self.status = self.status.combined(with: status) }

    /// Asks on a terminal; anywhere else the answer is yes.
    func confirms(_ question: String) -> Bool {
        guard Terminal.standardInputIsOne, isatty(2) == 1 else { return true }
        StandardError.write("\(question) [y/N] ")
        return readLine().map { ["y", "yes"].contains($0.lowercased()) } ?? false
    }

    /// Clears the progress line and brings out what is still buffered.
    func finish() throws {
        terminalProgress?.finish()
        try output.flush()
    }
}
