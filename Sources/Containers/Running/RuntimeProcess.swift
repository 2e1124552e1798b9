internal import FileTree
internal import Glibc
package import StorageModel

/// Runs a container's process by an OCI runtime, in the foreground: with the caller's standard streams and terminal, until
/// it ends.
package struct RuntimeProcess: Sendable {
    private let program: RuntimeProgram
    private let statePath: String
    private let bundlePath: String
    private let container: Container
    private let streams: Streams

    /// The descriptors that become the process's standard streams; the caller keeps them open.
    package struct Streams: Sendable {
        package var input = STDIN_FILENO
        package var output = STDOUT_FILENO
        package var errors = STDERR_FILENO

        /// The caller's own.
        package init() {}

        package init(input: CInt, output: CInt, errors: CInt) {
            (self.input, self.output, self.errors) = (input, output, errors)
        }
    }

    /// - Parameters:
    ///   - statePath: an existing directory for what the runtime keeps of running containers; on a file system that does
    ///     not survive a restart, such as `/run`.
    ///   - bundlePath: the directory that ``RuntimeBundle`` wrote to.
    package init(
        _ program: RuntimeProgram, statePath: String, bundlePath: String, container: Container,
        streams: Streams = Streams()
    ) {
        self.program = program
        self.statePath = statePath
        self.bundlePath = bundlePath
        self.container = container
        self.streams = streams
    }

    /// Runs the process. Signals that this process gets are passed on to it. Whatever happens, the runtime's state of the
    /// container is deleted afterwards.
    ///
    /// - Returns: the process's exit status, 128 and the number if a signal ended it. A runtime that cannot start the
    ///   process says why on standard error, and its own status is returned.
    package func run() throws(StorageError) -> Int32 {
        do throws(FileError) {
            defer { deleteState() }
            return try ForegroundProcess.run(
                [program.path, "--root", statePath, "run", "--bundle", bundlePath, container.id.rawValue],
                streams: streams)
        } catch {
            throw StorageError(error, doing: "run container '\(container.name)'", object: container.name.rawValue)
        }
    }

    /// What the runtime says if there is nothing to delete, which is the rule, is of no interest.
    private func deleteState() {
        let quiet = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard quiet >= 0 else { return }
        defer { close(quiet) }
        _ = try? ForegroundProcess.run(
            [program.path, "--root", statePath, "delete", "--force", container.id.rawValue],
            streams: Streams(input: quiet, output: quiet, errors: quiet), takesTerminal: false)
    }
}
