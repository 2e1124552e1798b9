package import FileTree
package import StorageModel

/// The bytes of an age file that comes as text: base64 in lines of 64 characters between two marks.
///
/// Source: C2SP, age.md, "ASCII armor": a strict PEM. White space may stand before and behind the marks, nowhere else.
/// `@unchecked Sendable` holds because one thread uses it at a time, as every ``ByteStream``.
package final class Armor: ByteStream, @unchecked Sendable {
    static let begin = Array("-----BEGIN AGE ENCRYPTED FILE-----".utf8)
    private static let end = Array("-----END AGE ENCRYPTED FILE-----".utf8)
    private static let lineLength = 64
    private static let lineBytes = 48

    private enum Place {
        case before
        case inside
        /// A line that was not full has come: only the end may follow.
        case behindLast
        case behind
    }

    private let input: any ByteStream
    private let name: String
    private var buffer: [UInt8] = []
    private var inputHasEnded = false
    private var place = Place.before

    package init(_ input: any ByteStream, name: String) {
        self.input = input
        self.name = name
    }

    package func next() throws(StorageError) -> [UInt8]? {
        while true {
            if buffer.isEmpty && inputHasEnded {
                guard place == .behind else { throw Self.fault("ends before its last line").failure(of: name) }
                return nil
            }
            if !inputHasEnded {
                if let part = try input.next() { buffer += part } else { inputHasEnded = true }
            }
            do throws(AgeFault) {
                let output = try takeLines()
                if !output.isEmpty { return output }
            } catch {
                throw error.failure(of: name)
            }
        }
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

    private static func fault(_ reason: String) -> AgeFault { .format("is an armored age file that \(reason)") }

    private func takeLines() throws(AgeFault) -> [UInt8] {
        var output: [UInt8] = []
        var start = 0
        while let feed = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) {
            try take(buffer[start..<feed], to: &output)
            start = feed + 1
        }
        if inputHasEnded && start < buffer.count {
            try take(buffer[start...], to: &output)
            start = buffer.count
        }
        buffer.removeSubrange(..<start)
        // A line is short, blank ones aside: what goes on without an end is something else.
        guard buffer.count <= 64 << 10 else { throw Self.fault("has a line that is too long") }
        return output
    }

    private func take(_ ended: ArraySlice<UInt8>, to output: inout [UInt8]) throws(AgeFault) {
        let line = ended.last == UInt8(ascii: "\r") ? ended.dropLast() : ended
        switch place {
        case .before:
            if ended.allSatisfy(Self.isBlank) { return }
            guard line.elementsEqual(Self.begin) else { throw Self.fault("does not begin with its first line") }
            place = .inside
        case .inside, .behindLast:
            if line.elementsEqual(Self.end) {
                place = .behind
                return
            }
            guard place == .inside, !line.isEmpty, line.count <= Self.lineLength,
                let bytes = CanonicalBase64.decodePadded(line)
            else { throw Self.fault("has a line that is not base64 in its one form") }
            output += bytes
            if bytes.count < Self.lineBytes { place = .behindLast }
        case .behind:
            guard ended.allSatisfy(Self.isBlank) else { throw Self.fault("has something behind its last line") }
        }
    }
}
