/// One change to an image's configuration, in the words of a Dockerfile: what `--change` takes.
public enum ConfigurationChange: Hashable, Sendable {
    case command([String])
    case entrypoint([String])
    case environment(key: String, value: String)
    case user(String)
    case volume(String)
    case workingDirectory(String)
    case label(key: String, value: String)
    case exposedPort(String)
    case stopSignal(String)

    private static let shell = ["/bin/sh", "-c"]

    /// Parses one instruction: `CMD`, `ENTRYPOINT`, `ENV`, `USER`, `VOLUME`, `WORKDIR`, `LABEL`, `EXPOSE` or `STOPSIGNAL`, in
    /// any case, with its arguments; several pairs, paths or ports are several changes.
    ///
    /// - Throws: ``StorageError/Code/invalidInput``, saying what is wrong with which instruction.
    public static func parse(_ text: String) throws(StorageError) -> [ConfigurationChange] {
        let trimmed = text.trimmingBlanks
        let keyword = trimmed.prefix { !$0.isWhitespace }
        let rest = String(trimmed.dropFirst(keyword.count)).trimmingBlanks
        let change = Instruction(text: text, arguments: rest)
        guard !rest.isEmpty || ["CMD", "ENTRYPOINT"].contains(keyword.uppercased()) else {
            throw change.invalid("it has no argument")
        }
        switch keyword.uppercased() {
        case "CMD": return [.command(try change.commandLine())]
        case "ENTRYPOINT": return [.entrypoint(try change.commandLine())]
        case "ENV": return try change.pairs().map { .environment(key: $0.key, value: $0.value) }
        case "LABEL": return try change.pairs().map { .label(key: $0.key, value: $0.value) }
        case "USER": return [.user(try change.oneWord())]
        case "WORKDIR": return [.workingDirectory(try change.oneWord())]
        case "STOPSIGNAL": return [.stopSignal(try change.oneWord())]
        case "VOLUME":
            if let paths = try change.jsonArray() { return paths.map { .volume($0) } }
            return try change.words().map { .volume($0) }
        case "EXPOSE": return try change.ports().map { .exposedPort($0) }
        default:
            throw StorageError(
                .invalidInput, object: text,
                "'\(String(keyword).printable(limit: 40))' is not an instruction that changes an image",
                hint: "use CMD, ENTRYPOINT, ENV, USER, VOLUME, WORKDIR, LABEL, EXPOSE or STOPSIGNAL")
        }
    }

    /// Changes the `config` member of an image's configuration.
    public func apply(to settings: inout [String: JSONValue]) {
        func members(_ key: String) -> [String: JSONValue] { settings[key]?.members ?? [:] }
        switch self {
        case .command(let words): settings["Cmd"] = .array(words.map { .string($0) })
        case .entrypoint(let words): settings["Entrypoint"] = .array(words.map { .string($0) })
        case .user(let user): settings["User"] = .string(user)
        case .stopSignal(let signal): settings["StopSignal"] = .string(signal)
        case .volume(let path): settings["Volumes"] = .object(members("Volumes").merging([path: [:]]) { $1 })
        case .exposedPort(let port):
            settings["ExposedPorts"] = .object(members("ExposedPorts").merging([port: [:]]) { $1 })
        case .label(let key, let value):
            settings["Labels"] = .object(members("Labels").merging([key: .string(value)]) { $1 })
        case .environment(let key, let value):
            var variables = (settings["Env"]?.texts ?? []).filter { !$0.hasPrefix("\(key)=") }
            variables.append("\(key)=\(value)")
            settings["Env"] = .array(variables.map { .string($0) })
        case .workingDirectory(let path):
            let current = settings["WorkingDir"]?.text ?? ""
            settings["WorkingDir"] = .string(
                path.hasPrefix("/") ? path : (current.hasSuffix("/") ? current : current + "/") + path)
        }
    }

    /// An instruction that is being parsed.
    private struct Instruction {
        let text: String
        let arguments: String

        /// A JSON array of strings, or a line for the shell.
        func commandLine() throws(StorageError) -> [String] {
            if let words = try jsonArray() { return words }
            return arguments.isEmpty ? [] : ConfigurationChange.shell + [arguments]
        }

        func jsonArray() throws(StorageError) -> [String]? {
            guard arguments.hasPrefix("[") else { return nil }
            guard let words = (try? JSONValue(parsing: Array(arguments.utf8), of: "the list"))?.texts else {
                return nil
            }
            return words
        }

        func oneWord() throws(StorageError) -> String {
            let words = try words()
            guard words.count == 1 else { throw invalid("it takes one argument") }
            return words[0]
        }

        /// `KEY=VALUE …` with quotes as in a shell, or the old form `KEY VALUE`.
        func pairs() throws(StorageError) -> [(key: String, value: String)] {
            let words = try words()
            guard let first = words.first else { throw invalid("it has no argument") }
            if !first.contains("=") {
                let value = String(arguments.dropFirst(arguments.prefix { !$0.isWhitespace }.count)).trimmingBlanks
                guard !value.isEmpty else { throw invalid("it is not of the form KEY=VALUE") }
                return [(first, value)]
            }
            var pairs: [(key: String, value: String)] = []
            for word in words {
                let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                guard parts.count == 2, !parts[0].isEmpty else {
                    throw invalid("'\(word.printable(limit: 80))' is not of the form KEY=VALUE")
                }
                pairs.append((parts[0], parts[1]))
            }
            return pairs
        }

        func ports() throws(StorageError) -> [String] {
            var ports: [String] = []
            for word in try words() { ports.append(try port(word)) }
            return ports
        }

        private func port(_ word: String) throws(StorageError) -> String {
            let parts = word.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            let isKnown = parts.count == 1 || parts.count == 2 && ["tcp", "udp", "sctp"].contains(parts[1])
            guard isKnown, UInt16(parts[0]) != nil else {
                throw invalid("'\(word.printable(limit: 80))' is not a port, such as 80 or 53/udp")
            }
            return parts.count == 1 ? "\(parts[0])/tcp" : word
        }

        /// Words between blanks; quotes and backslashes keep blanks in a word.
        func words() throws(StorageError) -> [String] {
            var words: [String] = []
            var word: String?
            var quote: Character?
            var isEscaped = false
            for character in arguments {
                if isEscaped {
                    word = (word ?? "") + String(character)
                    isEscaped = false
                } else if character == "\\" && quote != "'" {
                    isEscaped = true
                } else if let open = quote {
                    if character == open { quote = nil } else { word = (word ?? "") + String(character) }
                } else if character == "\"" || character == "'" {
                    quote = character
                    word = word ?? ""
                } else if character.isWhitespace {
                    if let done = word { words.append(done) }
                    word = nil
                } else {
                    word = (word ?? "") + String(character)
                }
            }
            guard quote == nil, !isEscaped else { throw invalid("a quote is not closed") }
            if let done = word { words.append(done) }
            return words
        }

        func invalid(_ reason: String) -> StorageError {
            StorageError(
                .invalidInput, object: text, "the change '\(text.printable(limit: 200))' is not valid: \(reason)",
                hint: "write it as in a Dockerfile, as in --change 'ENV DEBUG=1' or --change 'CMD [\"/bin/sh\"]'")
        }
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
