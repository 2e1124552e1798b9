internal import FileTree
package import StorageModel

/// What an administrator permits as the source of a bind mount.
///
/// A JSON object, `mount-policy.json` in the store or the file of `--policy`; every member may be left out:
///
/// ```json
/// {
///   "allowedPrefixes": ["/srv", "/home"],
///   "deniedPrefixes": ["/srv/keys"],
///   "sensitive": "deny"
/// }
/// ```
///
/// - `allowedPrefixes`: the directories in which every source must lie; without it all are allowed, with an empty list none.
/// - `deniedPrefixes`: the directories in which no source may lie, and that no source may contain. They count more.
/// - `sensitive`: whether sources that give the container power over the host (the host's root and settings, a runtime's
///   socket, the store) only `warn`, which is the default, or `deny`.
///
/// Both sides are compared with their links resolved.
package struct MountPolicy: Hashable, Sendable {
    /// The name of the file in a store's directory.
    package static let fileName = "mount-policy.json"

    /// Resolved, absolute; `nil` for no restriction.
    package let allowedPrefixes: [String]?
    package let deniedPrefixes: [String]
    package let sensitive: MountFinding.Severity

    package init(
        allowedPrefixes: [String]? = nil, deniedPrefixes: [String] = [], sensitive: MountFinding.Severity = .warning
    ) {
        self.allowedPrefixes = allowedPrefixes?.map(Self.resolved)
        self.deniedPrefixes = deniedPrefixes.map(Self.resolved)
        self.sensitive = sensitive
    }

    /// Permits everything, and warns of what is sensitive.
    package static let none = MountPolicy()

    /// - Parameter path: of the file, for messages.
    /// - Throws: ``StorageModel/StorageError/Code/invalidInput`` naming the member that is not of the form.
    package init(parsing text: [UInt8], path: String) throws(StorageError) {
        let document: JSONValue
        do throws(StorageError) {
            document = try JSONValue(parsing: text, of: "the policy")
        } catch {
            throw Self.fault(path, "it is not JSON", causes: error.causes)
        }
        guard let members = document.members else { throw Self.fault(path, "it is no JSON object") }
        for key in members.keys.sorted() where !Self.keys.contains(key) {
            throw Self.fault(path, "it has no member '\(key.printable(limit: 60))'")
        }
        var severity = MountFinding.Severity.warning
        if let word = members["sensitive"] {
            switch word.text {
            case "warn": severity = .warning
            case "deny": severity = .denied
            default: throw Self.fault(path, "'sensitive' is neither \"warn\" nor \"deny\"")
            }
        }
        self.init(
            allowedPrefixes: try Self.prefixes("allowedPrefixes", members, path),
            deniedPrefixes: try Self.prefixes("deniedPrefixes", members, path) ?? [], sensitive: severity)
    }

    /// Without links, as far as it exists; without slashes at the end.
    private static func resolved(_ path: String) -> String {
        let resolved = HostPath.absolute(path)
        let trimmed = resolved.utf8.reversed().drop { $0 == UInt8(ascii: "/") }.reversed()
        return trimmed.isEmpty ? "/" : String(decoding: Array(trimmed), as: UTF8.self)
    }

    private static let keys = ["allowedPrefixes", "deniedPrefixes", "sensitive"]

    private static func prefixes(
        _ key: String, _ members: [String: JSONValue], _ path: String
    ) throws(StorageError) -> [String]? {
        guard let value = members[key] else { return nil }
        guard let prefixes = value.texts else { throw fault(path, "'\(key)' is not an array of strings") }
        for prefix in prefixes where !prefix.hasPrefix("/") || prefix.utf8.contains(0) {
            throw fault(path, "'\(prefix.printable(limit: 200))' in '\(key)' is not an absolute path")
        }
        return prefixes
    }

    private static func fault(_ path: String, _ reason: String, causes: [String] = []) -> StorageError {
        StorageError(
            .invalidInput, object: path, "the mount policy '\(path.printable(limit: 300))' is not valid: \(reason)",
            hint: "its members are allowedPrefixes and deniedPrefixes, arrays of absolute paths, and sensitive, "
                + "\"warn\" or \"deny\"",
            causes: causes)
    }
}

extension MountPolicy {
    /// The allowed prefix that a resolved path lies in; `nil` if there is none.
    func allowedPrefix(of path: [UInt8]) -> String? {
        allowedPrefixes?.first { path.isWithin($0) }
    }

    /// Whether a resolved path may be a source as far as the allowed prefixes are concerned.
    func allows(_ path: [UInt8]) -> Bool { allowedPrefixes == nil || allowedPrefix(of: path) != nil }

    /// The denied prefix that a resolved path lies in or contains.
    func deniedPrefix(of path: [UInt8]) -> String? {
        deniedPrefixes.first { path.isWithin($0) || Array($0.utf8).isWithin(path) }
    }
}
