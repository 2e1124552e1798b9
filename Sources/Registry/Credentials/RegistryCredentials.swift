internal import Archive
internal import StorageModel

/// Where credentials come from: the files that `docker login` and `podman login` write, and the helpers that they name.
///
/// Looked up anew for each registry, when it first asks. For one registry the first of the files that knows it counts;
/// within a file its own helper (`credHelpers`), then the common one (`credsStore`), then the file itself (`auths`).
package struct RegistryCredentials: Sendable {
    private let paths: [String]
    private let helperDirectories: [String]

    private static let limitBytes: UInt64 = 4 << 20
    /// How Docker's files name Docker Hub.
    static let dockerHubKey = "https://index.docker.io/v1/"

    /// - Parameters:
    ///   - paths: the files, in the order in which they are asked; those that are missing say nothing.
    ///   - helperDirectories: where helpers are looked for, in this order.
    package init(paths: [String], helperDirectories: [String] = []) {
        self.paths = paths
        self.helperDirectories = helperDirectories
    }

    /// The files of this user: `REGISTRY_AUTH_FILE` alone if it is set, as Podman has it; else Docker's `config.json`,
    /// in `DOCKER_CONFIG` or `~/.docker`, and Podman's `auth.json` below `XDG_RUNTIME_DIR`. Helpers are found in
    /// `PATH`.
    package init(environment: [String: String]) {
        let directories = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        if let chosen = environment["REGISTRY_AUTH_FILE"], !chosen.isEmpty {
            self.init(paths: [chosen], helperDirectories: directories)
            return
        }
        var paths: [String] = []
        if let directory = environment["DOCKER_CONFIG"], !directory.isEmpty {
            paths.append("\(directory)/config.json")
        } else if let home = environment["HOME"], !home.isEmpty {
            paths.append("\(home)/.docker/config.json")
        }
        if let directory = environment["XDG_RUNTIME_DIR"], !directory.isEmpty {
            paths.append("\(directory)/containers/auth.json")
        }
        self.init(paths: paths, helperDirectories: directories)
    }

    /// The credential for a repository; `nil` if there is none.
    ///
    /// - Throws: if a file cannot be read or a helper fails. No secret is in the message.
    func credential(
        for registry: String, _ repository: String, helperMilliseconds: Int64, until interruption: Interruption
    ) throws(StorageError) -> Credential? {
        for path in paths {
            guard let bytes = try SmallFile.read(path, limitBytes: Self.limitBytes) else { continue }
            let json: JSONValue
            do throws(StorageError) {
                json = try JSONValue(parsing: bytes, of: "'\(path.printable())'")
            } catch {
                // Why: the parser's message may quote the text, and that holds secrets.
                throw StorageError(.damaged, object: path, "'\(path.printable())' is not JSON")
            }
            let helpers = (json["credHelpers"]?.members ?? [:]).compactMapValues(\.text)
            let helper = Self.lookUp(helpers, registry, repository) ?? json["credsStore"]?.text
            if let helper, !helper.isEmpty {
                let server = registry == ImageReference.defaultRegistry ? Self.dockerHubKey : registry
                let found = try CredentialHelper(helper, in: helperDirectories).get(
                    server, limitMilliseconds: helperMilliseconds, until: interruption)
                if let found { return found }
            }
            let entries = json["auths"]?.members ?? [:]
            if let entry = Self.lookUp(entries, registry, repository), let found = try Self.parse(entry, path, registry)
            {
                return found
            }
        }
        return nil
    }

    /// The entry for the repository itself, for a path above it, or for the registry: the most exact one
    /// (containers-auth.json(5)).
    private static func lookUp<Value>(_ entries: [String: Value], _ registry: String, _ repository: String) -> Value? {
        let names =
            registry == ImageReference.defaultRegistry
            ? [registry, "index.docker.io", "registry-1.docker.io"] : [registry]
        let normal = Dictionary(entries.map { (normalize($0.key), $0.value) }) { first, _ in first }
        for name in names {
            var path = repository.split(separator: "/")
            while true {
                if let value = normal[([name[...]] + path).joined(separator: "/")] { return value }
                if path.isEmpty { break }
                path.removeLast()
            }
        }
        return nil
    }

    /// Docker's keys may be URLs with the version of the protocol as path.
    private static func normalize(_ key: String) -> String {
        var text = key[...]
        for scheme in ["https://", "http://"] where text.hasPrefix(scheme) { text = text.dropFirst(scheme.count) }
        while text.hasSuffix("/") { text = text.dropLast() }
        for version in ["/v1", "/v2"] where text.hasSuffix(version) { text = text.dropLast(version.count) }
        return String(text)
    }

    private static func parse(
        _ entry: JSONValue, _ path: String, _ registry: String
    ) throws(StorageError) -> Credential? {
        if let token = entry["identitytoken"]?.text, !token.isEmpty { return .identityToken(token) }
        if let user = entry["username"]?.text, let secret = entry["password"]?.text, !user.isEmpty {
            return .password(user: user, secret: secret)
        }
        guard let auth = entry["auth"]?.text, !auth.isEmpty else { return nil }
        guard let bytes = Base64.decode(auth.utf8), let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > 0
        else {
            throw StorageError(
                .damaged, object: path, "'\(path.printable())' has no user and password for '\(registry)'",
                hint: "log in anew: docker login \(registry)")
        }
        // Docker pads with NULs what it writes for itself.
        let secret = bytes[(colon + 1)...].prefix { $0 != 0 }
        return .password(
            user: String(decoding: bytes[..<colon], as: UTF8.self), secret: String(decoding: secret, as: UTF8.self))
    }
}
