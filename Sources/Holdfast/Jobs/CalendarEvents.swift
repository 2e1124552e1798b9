internal import FileTree
internal import StorageModel

/// Calendar events of systemd.time(7), which systemd itself is asked about.
enum CalendarEvents {
    private static let program = "systemd-analyze"
    private static let limitMilliseconds: Int64 = 10_000
    private static let outputLimitBytes = 16 << 10

    /// When the event comes next after `time`; `nil` for now.
    ///
    /// - Returns: `nil` if it never does, and where systemd is not installed.
    /// - Throws: ``StorageError/Code/invalidInput`` for what is no calendar event.
    static func next(_ event: String, after time: Timestamp? = nil) throws(StorageError) -> Timestamp? {
        let base = time.map { ["--base-time=@\($0.seconds)"] } ?? []
        let result: ProgramResult
        do throws(FileError) {
            result = try ProgramRun(program, ["calendar"] + base + ["--", event]).run(
                outputLimitBytes: outputLimitBytes, limitMilliseconds: limitMilliseconds, until: Interruption())
        } catch {
            return nil
        }
        guard case .ended(let status, let output, _) = result else { return nil }
        // 127: the program could not be started.
        if status == 127 { return nil }
        guard status == 0 else {
            throw StorageError(
                .invalidInput, object: event,
                "'schedule' is '\(event.printable(limit: 80))', which systemd does not understand; a cron expression as "
                    + "\"30 3 * * *\" or a calendar event as \"Mon..Fri 03:30\" is expected")
        }
        return Self.time(in: String(decoding: output, as: UTF8.self))
    }

    /// The time in `(in UTC): Mon 2026-11-30 09:00:00 UTC`, which on a host in UTC is that of `Next elapse`.
    private static func time(in text: String) -> Timestamp? {
        for line in text.split(separator: "\n").reversed() {
            let words = line.split(separator: " ")
            guard words.last == "UTC", words.count >= 4 else { continue }
            if let time = Timestamp(parsing: "\(words[words.count - 3])T\(words[words.count - 2])Z") { return time }
        }
        return nil
    }
}
