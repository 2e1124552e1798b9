internal import CLinux
internal import Glibc
package import StorageModel

/// A program that is run to its end for what it does; what it prints, on both streams, is kept for people, as far as it is not
/// too much.
///
/// It gets a process group of its own, and nothing to read unless there is an input. When it takes too long, or the user interrupts, its group is killed.
/// Children that it leaves behind in the background keep running and are not waited for.
package struct CapturedRun: Sendable {
    package enum End: Hashable, Sendable {
        /// The exit status, or 128 + the number of the signal that ended it.
        case exited(Int32)
        case timedOut
        case interrupted
    }

    package struct Outcome: Sendable {
        package let end: End
        /// The beginning of what it printed.
        package let output: [UInt8]
        /// Whether it printed more.
        package let isCut: Bool
    }

    private let program: String
    private let arguments: [String]
    private let input: [UInt8]

    private static let pollMilliseconds: CInt = 20

    /// - Parameters:
    ///   - program: its path.
    ///   - input: what it finds on standard input; of any size.
    package init(_ program: String, _ arguments: [String], input: [UInt8] = []) {
        self.program = program
        self.arguments = arguments
        self.input = input
    }

    package func run(
        outputLimitBytes: Int, limitMilliseconds: Int64, until interruption: Interruption
    ) throws(FileError) -> Outcome {
        let given = try Self.open(input)
        let pipe = try Pipe()
        var words = ([program] + arguments).map { strdup($0) }
        defer { words.forEach { free($0) } }
        words.append(nil)
        let (input, output) = (given.rawValue, pipe.writingEnd.rawValue)
        let result = program.withCString { path in
            attempt { Int(holdfast_spawn(path, words, input, output, output, -1)) }
        }
        let child = pid_t(try check(result, "posix_spawn", program.utf8))
        return Self.follow(child, pipe.keepingReadingEnd(), outputLimitBytes, limitMilliseconds, interruption)
    }

    /// A file in memory (`memfd_create(2)`), so that nobody has to feed a pipe.
    private static func open(_ input: [UInt8]) throws(FileError) -> Descriptor {
        if input.isEmpty { return try Descriptor.openFile(atHostPath: "/dev/null") }
        let file = Descriptor(try check(attempt { Int(holdfast_memory_file()) }, "memfd_create"))
        try file.writeAll(input, at: 0)
        return file
    }

    private static func follow(
        _ child: pid_t, _ output: consuming Descriptor, _ outputLimitBytes: Int, _ limitMilliseconds: Int64,
        _ interruption: Interruption
    ) -> Outcome {
        let deadline = ContinuousClock.now + .milliseconds(limitMilliseconds)
        var printed: [UInt8] = []
        var (isPrinting, isCut) = (true, false)
        var status: CInt = 0
        var end: End?
        while end == nil {
            if interruption.isRequested || ContinuousClock.now > deadline {
                end = interruption.isRequested ? .interrupted : .timedOut
                kill(-child, SIGKILL)
                while waitpid(child, &status, 0) < 0 && errno == EINTR {}
            } else if waitpid(child, &status, WNOHANG) == child {
                end = .exited(status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f))
            }
            // What it printed before its end is in the pipe by now.
            var wait = end == nil ? pollMilliseconds : 0
            if !isPrinting && end == nil { usleep(useconds_t(pollMilliseconds) * 1000) }
            while isPrinting, output.isReadable(withinMilliseconds: wait) {
                isPrinting = read(from: output, into: &printed, outputLimitBytes, &isCut)
                wait = 0
                if ContinuousClock.now > deadline { break }
            }
        }
        return Outcome(end: end ?? .timedOut, output: printed, isCut: isCut)
    }

    /// - Returns: `false` at the end.
    private static func read(
        from output: borrowing Descriptor, into printed: inout [UInt8], _ limitBytes: Int, _ isCut: inout Bool
    ) -> Bool {
        var piece = [UInt8](repeating: 0, count: 16 << 10)
        let count = piece.withUnsafeMutableBytes { room in (try? output.readAvailable(into: room)) ?? 0 }
        let kept = min(count, max(0, limitBytes - printed.count))
        if kept < count { isCut = true }
        printed += piece[..<kept]
        return count > 0
    }
}
