internal import StorageModel

/// Arguments as the kernel passed them: bytes.
///
/// Swift's strings would replace bytes that are not UTF-8, and a file of that name could not be named. So each such byte
/// travels as one private-use character and is turned back where a path is made of the text.
enum RawArguments {
    private static let escapeBase: UInt32 = 0x10_ff00

    /// The arguments behind the program's name.
    static func ofProcess() -> [String] {
        (1..<max(1, Int(CommandLine.argc))).compactMap { index in
            CommandLine.unsafeArgv[index].map { pointer in
                let text = UnsafeRawPointer(pointer).assumingMemoryBound(to: UInt8.self)
                var count = 0
                while text[count] != 0 { count += 1 }
                return escape(UnsafeBufferPointer(start: text, count: count))
            }
        }
    }

    /// Bytes as text: what is UTF-8 as it is, every other byte as a private-use character.
    static func escape(_ bytes: some Collection<UInt8>) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        if text.utf8.elementsEqual(bytes) { return text }
        var result = String.UnicodeScalarView()
        var decoder = Unicode.UTF8.ForwardParser()
        var rest = Array(bytes).makeIterator()
        while true {
            switch decoder.parseScalar(from: &rest) {
            case .emptyInput: return String(result)
            case .valid(let encoded): result.append(Unicode.UTF8.decode(encoded))
            case .error(let length):
                appendEscapes(of: bytes, after: result, count: length, to: &result)
            }
        }
    }

    /// The bytes that ``escape(_:)`` made the text of.
    static func bytes(of text: String) -> [UInt8] {
        var result: [UInt8] = []
        for scalar in text.unicodeScalars {
            if scalar.value >= escapeBase + 0x80 && scalar.value <= escapeBase + 0xff {
                result.append(UInt8(scalar.value - escapeBase))
            } else {
                result.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
            }
        }
        return result
    }

    /// - Throws: ``StorageModel/StorageError/Code/invalidInput`` for an argument that is not UTF-8, where text is needed.
    static func refuseEscapes(in text: String) throws(StorageError) {
        let escapes = (escapeBase + 0x80)...(escapeBase + 0xff)
        guard text.unicodeScalars.contains(where: { escapes.contains($0.value) }) else { return }
        throw StorageError(
            .invalidInput, object: text, "the argument '\(text.printable(limit: 200))' is not UTF-8",
            hint: "give the file or directory a name in UTF-8, or mount the directory above it")
    }

    /// Appends the next `count` bytes of the input behind what `done` already stands for.
    private static func appendEscapes(
        of bytes: some Collection<UInt8>, after done: String.UnicodeScalarView, count: Int,
        to result: inout String.UnicodeScalarView
    ) {
        let consumed = Self.bytes(of: String(done)).count
        for byte in bytes.dropFirst(consumed).prefix(count) {
            if let scalar = Unicode.Scalar(escapeBase + UInt32(byte)) { result.append(scalar) }
        }
    }
}

extension EntryPath {
    /// Parses a path inside an archive from the command line.
    init(argument text: String) throws(StorageError) {
        guard let path = EntryPath(parsing: RawArguments.bytes(of: text)) else {
            throw StorageError(
                .invalidInput, object: text,
                "'\(text.printable(limit: 200))' is not a path inside an archive: it is absolute or contains '..'",
                hint: "write it relative to the root of what was backed up, as 'backup contents' shows it")
        }
        self = path
    }
}
