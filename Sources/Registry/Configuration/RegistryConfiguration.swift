internal import FileTree
package import StorageModel

/// What the administrator says of registries: where their mirrors are, and which may be spoken to without TLS.
///
/// A JSON file:
///
///     {"registries": {
///         "docker.io": {"mirrors": ["mirror.example:5000"]},
///         "registry.lab:5000": {"insecure": true}
///     }}
///
/// A mirror is a host, with a port or without, or an `http://` or `https://` URL without a path. Mirrors are asked in
/// their order and before the registry itself, for what is pulled; nothing is ever pushed to one, and none gets
/// credentials. What a mirror says of a tag is believed, what it says of a digest is checked.
package struct RegistryConfiguration: Sendable {
    /// The settings of one registry.
    package struct Entry: Sendable {
        package var mirrors: [String]
        /// Whether it is spoken to by plain HTTP; `nil` where the file does not say: then only on this machine.
        package var isInsecure: Bool?

        package init(mirrors: [String] = [], isInsecure: Bool? = nil) {
            self.mirrors = mirrors
            self.isInsecure = isInsecure
        }
    }

    /// By the registry's name, as in image names.
    package var entries: [String: Entry]
    /// Allows plain HTTP for every registry, as a command line option does.
    package var allowsPlainHTTP: Bool

    private static let limitBytes: UInt64 = 1 << 20

    package init(entries: [String: Entry] = [:], allowsPlainHTTP: Bool = false) {
        self.entries = entries
        self.allowsPlainHTTP = allowsPlainHTTP
    }

    /// Reads the file at `path`; a missing one says nothing.
    ///
    /// - Throws: ``StorageError/Code/invalidInput`` for a file that is not of this form, unknown words included.
    package static func read(atHostPath path: String) throws(StorageError) -> RegistryConfiguration {
        guard let bytes = try SmallFile.read(path, limitBytes: limitBytes) else { return RegistryConfiguration() }
        let json = try JSONValue(parsing: bytes, of: "'\(path.printable())'")
        return try RegistryConfiguration(json, path: path)
    }

    init(_ json: JSONValue, path: String) throws(StorageError) {
        var entries: [String: Entry] = [:]
        guard let members = json.members, members.keys.allSatisfy({ $0 == "registries" }),
            let registries = json["registries"]?.members ?? (members.isEmpty ? [:] : nil)
        else { throw Self.invalid(path, "it must be an object with the member 'registries'") }
        for (name, value) in registries {
            let place = "registry '\(name.printable(limit: 80))'"
            guard let settings = value.members, settings.keys.allSatisfy({ ["mirrors", "insecure"].contains($0) })
            else {
                throw Self.invalid(path, "\(place) may have 'mirrors' and 'insecure'")
            }
            var entry = Entry()
            if let mirrors = settings["mirrors"] {
                guard let texts = mirrors.texts else { throw Self.invalid(path, "mirrors of \(place) are texts") }
                for text in texts where Endpoint.mirror(text) == nil {
                    throw Self.invalid(path, "'\(text.printable(limit: 80))' of \(place) is not a host or a URL of one")
                }
                entry.mirrors = texts
            }
            if let insecure = settings["insecure"] {
                guard case .boolean(let value) = insecure else {
                    throw Self.invalid(path, "'insecure' of \(place) is true or false")
                }
                entry.isInsecure = value
            }
            entries[name] = entry
        }
        self.init(entries: entries)
    }

    private static func invalid(_ path: String, _ reason: String) -> StorageError {
        StorageError(
            .invalidInput, object: path, "'\(path.printable())' is not a list of registries: \(reason)",
            hint: #"write {"registries": {"HOST": {"mirrors": ["HOST"], "insecure": false}}}"#)
    }

    /// Where a registry is asked for what is to be pulled: its mirrors, then itself.
    func pullEndpoints(for registry: String) throws(StorageError) -> [Endpoint] {
        let mirrors = (entries[registry]?.mirrors ?? []).compactMap { Endpoint.mirror($0) }
        return mirrors + [try endpoint(for: registry)]
    }

    /// Where the registry itself is.
    func endpoint(for registry: String) throws(StorageError) -> Endpoint {
        let host = registry == ImageReference.defaultRegistry ? "registry-1.docker.io" : registry
        guard let encrypted = WebAddress("https://\(host)")?.origin else {
            throw StorageError(
                .invalidInput, object: registry, "'\(registry.printable())' is not the name of a registry")
        }
        let isPlain = entries[registry]?.isInsecure ?? (allowsPlainHTTP || encrypted.isLoopback)
        guard isPlain, let plain = WebAddress("http://\(host)")?.origin else {
            return Endpoint(registry: registry, origin: encrypted, isMirror: false)
        }
        return Endpoint(registry: registry, origin: plain, isMirror: false)
    }
}
