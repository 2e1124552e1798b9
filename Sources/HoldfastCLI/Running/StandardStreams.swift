internal import Glibc
internal import StorageModel

/// Whoever read our standard output has gone away: the command ends quietly with status 1, as `cat` does.
struct OutputClosed: Error {}

/// Buffered standard output. A failed write is an error of the command, never ignored.
final class StandardOutput {
    private var buffer: [UInt8] = []
    private static let limitBytes = 65_536

    func write(_ text: String) throws { try write(text.utf8) }

    func write(_ bytes: some Collection<UInt8>) throws {
        buffer.append(contentsOf: bytes)
        if buffer.count >= Self.limitBytes { try flush() }
    }

    /// Call at the end of a command: what is still buffered is lost otherwise.
    func flush() throws {
        var start = 0
        defer { buffer.removeAll(keepingCapacity: true) }
        while start < buffer.count {
            let written = buffer.withUnsafeBytes { Glibc.write(1, $0.baseAddress.map { $0 + start }, $0.count - start) }
            if written >= 0 {
                start += written
                continue
            }
            let error = Errno.current
            if error == .interrupted { continue }
            if error == .brokenPipe { throw OutputClosed() }
            throw StorageError.system("write to standard output", object: "standard output", errno: error)
        }
    }
}

/// Unbuffered standard error; failures to write there have nowhere to be told.
enum StandardError {
    static let isTerminal = isatty(2) == 1 && getenv("TERM").map { strcmp($0, "dumb") != 0 } ?? false

    static func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
            if written < 0 && Errno.current != .interrupted { return }
            bytes = bytes.dropFirst(max(0, written))
        }
    }
}

/// A terminal's width in columns.
enum Terminal {
    static let standardOutputIsOne = isatty(1) == 1
    static let standardInputIsOne = isatty(0) == 1

    /// Whether standard output shows colours: a terminal that is not `dumb`, unless NO_COLOR says otherwise (no-color.org).
    static let wantsColour = standardOutputIsOne && drawsBlocks && getenv("NO_COLOR").map { strlen($0) == 0 } ?? true

    /// Whether standard output is a terminal that shows characters for drawing.
    static let drawsBlocks = standardOutputIsOne && getenv("TERM").map { strcmp($0, "dumb") != 0 } ?? false

    /// Moves to the upper left corner and clears the screen (ECMA-48).
    static let clearing = "\u{1b}[H\u{1b}[2J"

    /// The width of the terminal behind a descriptor (`TIOCGWINSZ`); `nil` if there is none.
    static func columns(of descriptor: CInt) -> Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }
}
