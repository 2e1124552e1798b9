/// The name of an image, in Docker's grammar: `[registry/]path[:tag][@sha256:…]`.
///
/// Parsed once into what it means: a name without a registry is Docker Hub's (`docker.io`), one of a single component is an
/// official image (`library/`), as every engine has it. Source: the reference grammar of the distribution project.
public struct ImageReference: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The registry: a host, with a port if one was named.
    public let registry: String
    /// The repository in the registry: `library/alpine`.
    public let repository: String
    public let tag: String?
    public let digest: Digest?

    public static let defaultRegistry = "docker.io"
    public static let defaultTag = "latest"
    /// The longest name, registry and repository together, in bytes.
    public static let nameLimitBytes = 255

    /// Parses a name as users type it. Without a tag and a digest, the tag is `latest`.
    ///
    /// - Throws: ``StorageError/Code/invalidInput``, saying which part is wrong.
    public init(_ text: String) throws(StorageError) {
        var rest = Substring(text)
        var digest: Digest?
        if let at = rest.firstIndex(of: "@") {
            guard let parsed = Digest(parsing: rest[rest.index(after: at)...]) else {
                throw Self.invalid(text, "what follows @ is not sha256: and 64 hexadecimal digits")
            }
            digest = parsed
            rest = rest[..<at]
        }
        var tag: String?
        let lastSlash = rest.lastIndex(of: "/") ?? rest.startIndex
        if let colon = rest[lastSlash...].lastIndex(of: ":") {
            let found = String(rest[rest.index(after: colon)...])
            guard Self.isTag(found) else { throw Self.invalid(text, "'\(found.printable(limit: 80))' is not a tag") }
            tag = found
            rest = rest[..<colon]
        }
        let (registry, repository) = Self.split(rest)
        guard Self.isRegistry(registry) else {
            throw Self.invalid(text, "'\(registry.printable(limit: 80))' is not the name of a registry")
        }
        if let part = repository.split(separator: "/", omittingEmptySubsequences: false).first(where: {
            !Self.isPathComponent($0)
        }) {
            let reason =
                part.contains { $0.isUppercase }
                ? "names of images are lower case" : "'\(String(part).printable(limit: 80))' is not a path component"
            throw Self.invalid(text, reason)
        }
        guard registry.utf8.count + 1 + repository.utf8.count <= Self.nameLimitBytes else {
            throw Self.invalid(text, "it is longer than \(Self.nameLimitBytes) bytes")
        }
        self.registry = registry
        self.repository = repository
        self.tag = tag ?? (digest == nil ? Self.defaultTag : nil)
        self.digest = digest
    }

    /// Registry and repository: `docker.io/library/alpine`.
    public var name: String { "\(registry)/\(repository)" }

    /// The whole name, the same for every way to write it: `docker.io/library/alpine:3`.
    public var canonical: String { name + suffix }

    /// The shortest way to write it, as Docker shows it: `alpine:3`.
    public var description: String {
        guard registry == Self.defaultRegistry else { return canonical }
        let official = "library/"
        return
            (repository.hasPrefix(official) && !repository.dropFirst(official.count).contains("/")
            ? String(repository.dropFirst(official.count)) : repository) + suffix
    }

    private var suffix: String {
        (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }

    public static func < (left: ImageReference, right: ImageReference) -> Bool {
        left.canonical.utf8.lexicographicallyPrecedes(right.canonical.utf8)
    }

    // MARK: Grammar

    /// The first component is a registry if it cannot be part of a path: with a dot or a port, or `localhost`.
    private static func split(_ name: Substring) -> (registry: String, repository: String) {
        if let slash = name.firstIndex(of: "/") {
            let first = name[..<slash]
            if first == "localhost" || first.contains(".") || first.contains(":")
                || first.contains(where: \.isUppercase)
            {
                let rest = String(name[name.index(after: slash)...])
                let registry = first == "index.docker.io" ? defaultRegistry : String(first)
                let isOfficial = registry == defaultRegistry && !rest.contains("/")
                return (registry, isOfficial ? "library/\(rest)" : rest)
            }
            return (defaultRegistry, String(name))
        }
        return (defaultRegistry, "library/\(name)")
    }

    private static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128, first.isWord else { return false }
        return text.utf8.allSatisfy { $0.isWord || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    /// A host name or an address, with a port or without.
    private static func isRegistry(_ text: String) -> Bool {
        var host = Substring(text)
        if host.hasPrefix("["), let end = host.lastIndex(of: "]") {
            let inside = host[host.index(after: host.startIndex)..<end]
            let rest = host[host.index(after: end)...]
            return inside.utf8.allSatisfy { $0.isHexadecimal || $0 == UInt8(ascii: ":") }
                && (rest.isEmpty || rest.first == ":" && isPort(rest.dropFirst()))
        }
        if let colon = host.lastIndex(of: ":") {
            guard isPort(host[host.index(after: colon)...]) else { return false }
            host = host[..<colon]
        }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            guard let first = label.utf8.first, let last = label.utf8.last else { return false }
            return first.isLetterOrDigit && last.isLetterOrDigit
                && label.utf8.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isPort(_ text: Substring) -> Bool { UInt16(text).map { $0 > 0 } ?? false }

    /// `[a-z0-9]+` runs joined by one `.`, one or two `_`, or any number of `-`.
    private static func isPathComponent(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, first.isLowerOrDigit, last.isLowerOrDigit else {
            return false
        }
        var separator: [UInt8] = []
        for byte in text.utf8 {
            if byte.isLowerOrDigit {
                let isAllowed =
                    separator.isEmpty || separator == Array(".".utf8) || separator == Array("_".utf8)
                    || separator == Array("__".utf8) || separator.allSatisfy { $0 == UInt8(ascii: "-") }
                guard isAllowed else { return false }
                separator = []
            } else {
                separator.append(byte)
            }
        }
        return true
    }

    private static func invalid(_ text: String, _ reason: String) -> StorageError {
        StorageError(
            .invalidInput, object: text, "'\(text.printable(limit: 200))' is not the name of an image: \(reason)",
            hint: "write [REGISTRY/]NAME[:TAG][@sha256:…], as in alpine:3.20 or localhost:5000/team/app:1.2")
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (0x30...0x39).contains(self) }
    fileprivate var isLowerOrDigit: Bool { isDigit || (0x61...0x7a).contains(self) }
    fileprivate var isLetterOrDigit: Bool { isLowerOrDigit || (0x41...0x5a).contains(self) }
    fileprivate var isHexadecimal: Bool { isDigit || (0x61...0x66).contains(self) || (0x41...0x46).contains(self) }
    fileprivate var isWord: Bool { isLetterOrDigit || self == UInt8(ascii: "_") }
}
