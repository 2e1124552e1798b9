internal import CLinux
internal import FileTree
internal import Glibc
internal import StorageModel

/// A program that runs in this process's place for a while: it has the terminal, gets the signals that are meant for it,
/// and its end is waited for.
///
/// It runs in a process group of its own, which is the terminal's foreground group meanwhile: what is typed there (Ctrl-C)
/// reaches it once, from the terminal. What others send to this process is passed on.
enum ForegroundProcess {
    /// What is passed on to the program. Changes of the terminal's size reach its foreground group anyway.
    private static let forwarded: [CInt] = [
        SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGALRM, SIGCONT,
    ]

    /// Runs a program to its end.
    ///
    /// Call it on a thread that is the only one not to block signals, as the main thread of a command is: signals that
    /// come meanwhile are taken from the process by `signalfd(2)`, other threads would handle theirs.
    /// - Returns: the exit status; 128 and the signal's number if a signal ended it.
    static func run(
        _ arguments: [String], streams: RuntimeProcess.Streams, takesTerminal: Bool = true
    ) throws(FileError) -> Int32 {
        let signals = try BlockedSignals(forwarded)
        let terminal = takesTerminal ? Terminal.ofThisGroup(streams.input) : nil
        let process = try spawn(arguments, streams, terminal)
        defer { terminal?.takeBack() }
        let handle = holdfast_pidfd_open(process)
        defer { if handle >= 0 { close(handle) } }
        while true {
            if let status = collect(process, terminal) { return status }
            // Without pidfd_open(2) (Linux 5.3), and to see that it was stopped, it is looked at now and then.
            signals.wait(orReadable: handle, milliseconds: handle < 0 ? 50 : terminal == nil ? 10_000 : 200)
            while let number = signals.next() { kill(process, number) }
        }
    }

    private static func spawn(
        _ arguments: [String], _ streams: RuntimeProcess.Streams, _ terminal: Terminal?
    ) throws(FileError) -> pid_t {
        let pointers = arguments.map { strdup($0) }
        defer { pointers.forEach { free($0) } }
        let program = arguments.first ?? ""
        let result = holdfast_spawn(
            program, pointers + [nil], streams.input, streams.output, streams.errors, terminal?.descriptor ?? -1)
        guard result > 0 else {
            throw FileError(operation: "posix_spawn", path: program.printable(), errno: Errno.current)
        }
        return result
    }

    /// - Returns: its status if it has ended.
    private static func collect(_ process: pid_t, _ terminal: Terminal?) -> Int32? {
        var status: CInt = 0
        let result = waitpid(process, &status, WNOHANG | (terminal == nil ? 0 : WUNTRACED))
        if result < 0 && errno != EINTR { return 1 }
        guard result == process else { return nil }
        if status & 0xff == 0x7f {
            // Stopped from the terminal (Ctrl-Z): this process stops too, and both go on together.
            terminal?.takeBack()
            kill(getpid(), SIGSTOP)
            terminal?.give(to: process)
            kill(-process, SIGCONT)
            return nil
        }
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    }
}

/// The terminal that this process reads from, while its process group is the foreground group.
private struct Terminal {
    let descriptor: CInt
    private let group: pid_t

    /// - Returns: `nil` if the descriptor is no terminal, or others have it.
    static func ofThisGroup(_ descriptor: CInt) -> Terminal? {
        let own = getpgrp()
        guard isatty(descriptor) == 1, tcgetpgrp(descriptor) == own else { return nil }
        return Terminal(descriptor: descriptor, group: own)
    }

    func takeBack() { give(to: group) }

    /// SIGTTOU would stop a background process that does this; blocked, it does not come.
    func give(to group: pid_t) {
        var set = sigset_t()
        var before = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTTOU)
        pthread_sigmask(SIG_BLOCK, &set, &before)
        tcsetpgrp(descriptor, group)
        pthread_sigmask(SIG_SETMASK, &before, nil)
    }
}

/// Signals that are kept from being handled as long as this value lives, and can be read in their order.
private struct BlockedSignals: ~Copyable {
    private let descriptor: Descriptor
    private let before: sigset_t

    init(_ numbers: [CInt]) throws(FileError) {
        var set = sigset_t()
        var before = sigset_t()
        sigemptyset(&set)
        for number in numbers { sigaddset(&set, number) }
        let result = holdfast_signal_descriptor(numbers, CInt(numbers.count))
        guard result >= 0 else { throw FileError(operation: "signalfd", path: "", errno: Errno.current) }
        descriptor = Descriptor(adopting: result)
        pthread_sigmask(SIG_BLOCK, &set, &before)
        self.before = before
    }

    deinit {
        var mask = before
        pthread_sigmask(SIG_SETMASK, &mask, nil)
    }

    borrowing func wait(orReadable other: CInt, milliseconds: CInt) {
        var requests = [
            pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0),
            pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        // Interrupted or not: the caller looks again.
        _ = poll(&requests, 2, milliseconds)
    }

    borrowing func next() -> CInt? {
        let number = holdfast_next_signal(descriptor.rawValue)
        return number > 0 ? number : nil
    }
}
