internal import CTestSystem
internal import Glibc
internal import Synchronization

/// How a child process ended and what it printed.
package struct ProcessResult: Sendable, CustomStringConvertible {
    /// The exit status; 128 + the signal's number if a signal ended it.
    package let status: Int32
    package let output: [UInt8]
    package let errorOutput: [UInt8]
    /// The command line, for messages.
    package let command: String

    package var text: String { String(decoding: output, as: UTF8.self) }
    package var errorText: String { String(decoding: errorOutput, as: UTF8.self) }
    package var lines: [String] { text.split(separator: "\n").map(String.init) }

    package var description: String {
        "\(command)\nstatus \(status)\nstdout: \(text.prefix(4000))\nstderr: \(errorText.prefix(4000))"
    }

    /// Turns a status other than the expected one into an error that shows everything.
    @discardableResult package func check(_ expected: Int32 = 0) throws -> ProcessResult {
        guard status == expected else { throw UnexpectedStatus(description: "expected status \(expected): \(self)") }
        return self
    }
}

/// A child process that ended in another way than a test expects.
package struct UnexpectedStatus: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}

/// What a child process gets on standard input.
package enum ChildInput: Sendable {
    case nothing
    case bytes([UInt8])
    case file(String)
}

/// A running child process in a process group of its own, with its output going to files in memory. Nobody outlives the
/// test: what still runs when the last reference goes is killed with its group, and its status collected.
///
/// `posix_spawn` and not Foundation's `Process`: the output can be of any size without a reader thread, and file names and
/// arguments can be any bytes.
package final class ChildProcess: Sendable {
    package let identifier: Int32
    private let command: String
    private let output: CInt
    private let errorOutput: CInt
    private let isCollected = Atomic<Bool>(false)

    /// - Parameter arguments: the program first, found in `PATH` if it has no `/`; bytes, not text.
    package init(
        _ arguments: [[UInt8]], environment: [String: String] = [:], input: ChildInput = .nothing,
        workingDirectory: String? = nil
    ) throws {
        command = arguments.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
        output = try Self.memoryFile()
        errorOutput = try Self.memoryFile()
        let standardInput = try Self.open(input)
        defer { close(standardInput) }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, standardInput, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errorOutput, 2)
        if let workingDirectory { posix_spawn_file_actions_addchdir_np(&actions, workingDirectory) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Why: the threads that tests run on block signals, and a child would inherit that.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var identifier: pid_t = 0
        let variables = Self.environment(adding: environment).map { Array($0.utf8) }
        let program = String(decoding: arguments.first ?? [], as: UTF8.self)
        let result = withCStrings(arguments) { argv in
            withCStrings(variables) { envp in posix_spawnp(&identifier, program, &actions, &attributes, argv, envp) }
        }
        guard result == 0 else {
            errno = result
            throw SystemFailure("posix_spawnp", command)
        }
        self.identifier = identifier
    }

    deinit {
        if !isCollected.load(ordering: .relaxed) {
            kill(-identifier, SIGKILL)
            var status: CInt = 0
            while waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
        }
        close(output)
        close(errorOutput)
    }

    /// Sends a signal to the process alone.
    package func send(_ signal: CInt) { kill(identifier, signal) }

    /// Waits for its end. After `limitSeconds` the whole process group is killed, and the status is that of SIGKILL.
    package func wait(limitSeconds: Int = 120) throws -> ProcessResult {
        var status: CInt = 0
        var waitedMicroseconds = 0
        var pause: UInt32 = 500
        while true {
            let ended = waitpid(identifier, &status, WNOHANG)
            if ended == identifier {
                isCollected.store(true, ordering: .relaxed)
                break
            }
            if ended < 0 && errno != EINTR { throw SystemFailure("waitpid", command) }
            if waitedMicroseconds > limitSeconds * 1_000_000 { kill(-identifier, SIGKILL) }
            usleep(pause)
            waitedMicroseconds += Int(pause)
            pause = min(pause * 2, 10_000)
        }
        let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
        return ProcessResult(
            status: code, output: Self.contents(of: output), errorOutput: Self.contents(of: errorOutput),
            command: command)
    }

    /// What it has printed so far on standard error.
    package var errorTextSoFar: String { String(decoding: Self.contents(of: errorOutput), as: UTF8.self) }

    /// What it has printed so far on standard output.
    package var textSoFar: String { String(decoding: Self.contents(of: output), as: UTF8.self) }

    /// An anonymous file (`memfd_create(2)` with `MFD_CLOEXEC`, which is 1).
    private static func memoryFile() throws -> CInt {
        let descriptor = memfd_create("child", 1)
        guard descriptor >= 0 else { throw SystemFailure("memfd_create", "child") }
        return descriptor
    }

    private static func open(_ input: ChildInput) throws -> CInt {
        switch input {
        case .nothing: return Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
        case .file(let path):
            let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw SystemFailure("open", path) }
            return descriptor
        case .bytes(let bytes):
            let descriptor = try memoryFile()
            guard pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else {
                throw SystemFailure("pwrite", "stdin")
            }
            return descriptor
        }
    }

    private static func contents(of descriptor: CInt) -> [UInt8] {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
            count = max(0, pread(descriptor, buffer.baseAddress, buffer.count, 0))
        }
    }

    private static func environment(adding changes: [String: String]) -> [String] {
        var variables: [String: String] = ["LC_ALL": "C.UTF-8"]
        for name in ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "USER"] { variables[name] = Environment[name] }
        return variables.merging(changes) { _, new in new }.map { "\($0.key)=\($0.value)" }
    }
}

/// Lends a NULL-terminated array of C strings.
func withCStrings<Result>(
    _ strings: [[UInt8]], _ body: ([UnsafeMutablePointer<CChar>?]) throws -> Result
) rethrows -> Result {
    let pointers = strings.map { strdup($0.map { CChar(bitPattern: $0) } + [0]) }
    defer { pointers.forEach { free($0) } }
    return try body(pointers + [nil])
}
