internal import CLinux
internal import Glibc
package import StorageModel

/// A child process in a session of its own, that outlives this one if need be, with a pipe in both directions.
///
/// What ends this process's group, or its terminal, does not reach it. It sees the end of its standard input when this process
/// ends, however that happens: the pipe is closed on `execve(2)`, so that no other child holds it.
package final class ApartProcess: Sendable {
    package let process: Int32
    private let input: Monitor<SharedDescriptor?>
    private let output: Descriptor
    private let received = Monitor<[UInt8]>([])

    /// - Parameter program: its path.
    package init(_ program: String, _ arguments: [String]) throws(FileError) {
        let toChild = try Pipe()
        let fromChild = try Pipe()
        var words = ([program] + arguments).map { strdup($0) }
        defer { words.forEach { free($0) } }
        words.append(nil)
        let (reading, writing) = (toChild.readingEnd.rawValue, fromChild.writingEnd.rawValue)
        let result = program.withCString { path in
            changing("posix_spawn") { Int(holdfast_spawn_apart(path, words, reading, writing)) }
        }
        process = Int32(try check(result, "posix_spawn", program.utf8))
        input = Monitor(SharedDescriptor(toChild.keepingWritingEnd()))
        output = fromChild.keepingReadingEnd()
    }

    /// Sends a line to the child's standard input.
    package func send(_ line: String) throws(FileError) {
        guard let end = input.update({ $0 }) else { throw FileError("write", errno: .brokenPipe) }
        try end.descriptor.writeAll(Array((line + "\n").utf8), at: nil)
    }

    /// The next line of its standard output; `nil` if none comes within the time limit, or it has ended.
    package func nextLine(withinMilliseconds limit: Int64) -> String? {
        let deadline = ContinuousClock.now + .milliseconds(limit)
        let newline = UInt8(ascii: "\n")
        return received.update { bytes in
            while true {
                if let end = bytes.firstIndex(of: newline) {
                    defer { bytes.removeSubrange(...end) }
                    return String(decoding: bytes[..<end], as: UTF8.self)
                }
                let left = deadline - .now
                guard left > .zero, output.isReadable(withinMilliseconds: CInt(min(left.milliseconds + 1, 1000))) else {
                    if left > .zero { continue }
                    return nil
                }
                var piece = [UInt8](repeating: 0, count: 4096)
                let count = piece.withUnsafeMutableBytes { room in (try? output.readAvailable(into: room)) ?? 0 }
                if count == 0 { return nil }
                bytes += piece[..<count]
            }
        }
    }

    /// Closes its standard input and waits for its end, but not longer than the time limit.
    package func end(withinMilliseconds limit: Int64) {
        input.update { $0 = nil }
        let deadline = ContinuousClock.now + .milliseconds(limit)
        var status: CInt = 0
        while waitpid(process, &status, WNOHANG) == 0 && ContinuousClock.now < deadline { usleep(1000) }
    }
}

extension Duration {
    /// Whole milliseconds.
    package var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
