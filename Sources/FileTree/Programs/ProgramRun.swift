internal import CLinux
internal import Glibc
package import StorageModel

/// How a program ended that was run for what it prints.
package enum ProgramResult: Sendable {
    /// The exit status, or 128 + the number of the signal that ended it, what was printed, and of what was printed on
    /// standard error the beginning.
    case ended(status: Int32, output: [UInt8], errors: [UInt8])
    case tooMuchOutput
    case timedOut
    case interrupted
}

/// A program that is run to its end, with a little on standard input and a bounded output (`posix_spawnp(3)`).
///
/// It gets a process group of its own, this process's environment, no descriptor but the three standard ones, an empty
/// signal mask and default signal actions. When it takes too long, prints too much, or the user interrupts, its group is
/// killed.
package struct ProgramRun: Sendable {
    private let program: String
    private let arguments: [String]
    private let input: [UInt8]

    /// What a pipe holds without a reader (pipe(7)), so that the input is written before the program starts.
    private static let inputLimitBytes = 4096
    /// So much of standard error is kept; the rest is read and forgotten.
    private static let errorLimitBytes = 16 << 10

    /// - Parameters:
    ///   - program: found in `PATH` if it has no slash.
    ///   - input: at most a page; `EINVAL` for more.
    package init(_ program: String, _ arguments: [String], input: [UInt8] = []) {
        self.program = program
        self.arguments = arguments
        self.input = input
    }

    package func run(
        outputLimitBytes: Int, limitMilliseconds: Int64, until interruption: Interruption
    ) throws(FileError) -> ProgramResult {
        guard input.count <= Self.inputLimitBytes else { throw failure(-Int(EINVAL), "posix_spawnp", program) }
        let toProgram = try Pipe()
        let bytes = input
        let written: Result<Void, FileError> = bytes.withUnsafeBytes { buffer in
            Result { () throws(FileError) in try toProgram.writingEnd.writeAll(buffer, at: nil) }
        }
        try written.get()
        let fromProgram = try Pipe()
        let errorsOfProgram = try Pipe()
        let child = try spawn(toProgram.readingEnd, fromProgram.writingEnd, errorsOfProgram.writingEnd)
        // The program must be the only one that holds these, so that it and we see the ends.
        _ = consume toProgram
        let following = Following(child, fromProgram.keepingReadingEnd(), errorsOfProgram.keepingReadingEnd())
        return following.toTheEnd(outputLimitBytes, Self.errorLimitBytes, limitMilliseconds, interruption)
    }

    private func spawn(
        _ input: borrowing Descriptor, _ output: borrowing Descriptor, _ errors: borrowing Descriptor
    ) throws(FileError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.rawValue, 0)
        posix_spawn_file_actions_adddup2(&actions, output.rawValue, 1)
        posix_spawn_file_actions_adddup2(&actions, errors.rawValue, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var words = ([program] + arguments).map { strdup($0) }
        defer { words.forEach { free($0) } }
        words.append(nil)
        var child: pid_t = 0
        let result = posix_spawnp(&child, program, &actions, &attributes, words, holdfast_environment())
        guard result == 0 else { throw failure(-Int(result), "posix_spawnp", program) }
        return child
    }
}

/// A program that runs, and what it has printed so far.
private struct Following: ~Copyable {
    private let child: pid_t
    private let output: Descriptor
    private let errors: Descriptor

    private static let pollMilliseconds: CInt = 20

    init(_ child: pid_t, _ output: consuming Descriptor, _ errors: consuming Descriptor) {
        self.child = child
        self.output = output
        self.errors = errors
    }

    /// Reads both streams until they end, then waits for the program; kills its group if it goes beyond a limit.
    consuming func toTheEnd(
        _ outputLimitBytes: Int, _ errorLimitBytes: Int, _ limitMilliseconds: Int64, _ interruption: Interruption
    ) -> ProgramResult {
        let deadline = ContinuousClock.now + .milliseconds(limitMilliseconds)
        var (printed, complained): ([UInt8], [UInt8]) = ([], [])
        var (isPrinting, isComplaining) = (true, true)
        var status: CInt = 0
        while true {
            if interruption.isRequested || ContinuousClock.now > deadline || printed.count > outputLimitBytes {
                kill(-child, SIGKILL)
                while waitpid(child, &status, 0) < 0 && errno == EINTR {}
                return interruption.isRequested
                    ? .interrupted : printed.count > outputLimitBytes ? .tooMuchOutput : .timedOut
            }
            if !isPrinting {
                // The output is complete; the program is about to end. Who inherited its standard error may live on.
                if waitpid(child, &status, WNOHANG) == child { break }
                if !isComplaining { usleep(1000) }
            } else if output.isReadable(withinMilliseconds: Self.pollMilliseconds) {
                isPrinting = Self.read(from: output, into: &printed)
            }
            if isComplaining, errors.isReadable(withinMilliseconds: isPrinting ? 0 : 1) {
                isComplaining = Self.read(from: errors, into: &complained)
                if complained.count > errorLimitBytes { complained.removeSubrange(errorLimitBytes...) }
            }
        }
        while isComplaining, complained.count < errorLimitBytes, errors.isReadable(withinMilliseconds: 0) {
            isComplaining = Self.read(from: errors, into: &complained)
        }
        let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
        return .ended(status: code, output: printed, errors: complained)
    }

    /// - Returns: whether there may be more.
    private static func read(from descriptor: borrowing Descriptor, into bytes: inout [UInt8]) -> Bool {
        let number = descriptor.rawValue
        let piece = [UInt8](unsafeUninitializedCapacity: 65_536) { room, filled in
            filled = max(0, attempt { Glibc.read(number, room.baseAddress, room.count) })
        }
        bytes += piece
        return !piece.isEmpty
    }
}

/// Both ends of a pipe, closed on `execve(2)` (`pipe2(2)`).
struct Pipe: ~Copyable {
    let readingEnd: Descriptor
    let writingEnd: Descriptor

    init() throws(FileError) {
        var ends: [CInt] = [-1, -1]
        try check(attempt { Int(holdfast_pipe(&ends)) }, "pipe2")
        readingEnd = Descriptor(adopting: ends[0])
        writingEnd = Descriptor(adopting: ends[1])
    }

    /// Closes the writing end.
    consuming func keepingReadingEnd() -> Descriptor { readingEnd }

    /// Closes the reading end.
    consuming func keepingWritingEnd() -> Descriptor { writingEnd }
}
