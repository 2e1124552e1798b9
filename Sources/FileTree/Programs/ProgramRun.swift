internal import CLinux
internal import Glibc
package import StorageModel

/// How a program ended that was run for what it prints.
package enum ProgramResult: Sendable {
    /// The exit status, or 128 + the number of the signal that ended it.
    case ended(status: Int32, output: [UInt8])
    case tooMuchOutput
    case timedOut
    case interrupted
}

/// A program that is run to its end, with a little on standard input and a bounded output (`posix_spawnp(3)`).
///
/// It gets a process group of its own, no descriptor but the three standard ones (standard error goes nowhere), an
/// empty signal mask and default signal actions. When it takes too long, prints too much, or the user interrupts, its
/// group is killed.
package struct ProgramRun: Sendable {
    private let program: String
    private let arguments: [String]
    private let input: [UInt8]

    /// What a pipe holds without a reader (pipe(7)), so that the input is written before the program starts.
    private static let inputLimitBytes = 4096
    private static let pollMilliseconds: CInt = 20

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
        let child = try spawn(toProgram.readingEnd, fromProgram.writingEnd)
        // The program must be the only one that holds these, so that it and we see the ends.
        _ = consume toProgram
        let output = fromProgram.keepingReadingEnd()
        return Self.follow(child, output, outputLimitBytes, limitMilliseconds, interruption)
    }

    private func spawn(_ input: borrowing Descriptor, _ output: borrowing Descriptor) throws(FileError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.rawValue, 0)
        posix_spawn_file_actions_adddup2(&actions, output.rawValue, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
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

    private static func follow(
        _ child: pid_t, _ output: borrowing Descriptor, _ outputLimitBytes: Int, _ limitMilliseconds: Int64,
        _ interruption: Interruption
    ) -> ProgramResult {
        let deadline = ContinuousClock.now + .milliseconds(limitMilliseconds)
        var bytes: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 4096)
        var hasEnded = false
        var status: CInt = 0
        while true {
            if interruption.isRequested || ContinuousClock.now > deadline || bytes.count > outputLimitBytes {
                kill(-child, SIGKILL)
                while waitpid(child, &status, 0) < 0 && errno == EINTR {}
                return interruption.isRequested
                    ? .interrupted : bytes.count > outputLimitBytes ? .tooMuchOutput : .timedOut
            }
            if hasEnded {
                // The output is complete; the program is about to end.
                if waitpid(child, &status, WNOHANG) == child { break }
                usleep(1000)
            } else if output.isReadable(withinMilliseconds: pollMilliseconds) {
                let count = room.withUnsafeMutableBytes { buffer in
                    attempt { Glibc.read(output.rawValue, buffer.baseAddress, buffer.count) }
                }
                if count > 0 { bytes += room.prefix(count) } else { hasEnded = true }
            }
        }
        let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
        return .ended(status: code, output: bytes)
    }
}

/// Both ends of a pipe, closed on `execve(2)` (`pipe2(2)`).
private struct Pipe: ~Copyable {
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
}
