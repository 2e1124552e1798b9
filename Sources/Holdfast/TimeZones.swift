internal import FileTree
internal import Foundation
public import StorageModel

/// The time zones that this host knows.
public enum TimeZones {
    private static let directory = "/usr/share/zoneinfo"
    private static let limitBytes = 1 << 20

    /// Finds a zone by its name in the time zone database: `Europe/Berlin`; `UTC` is always there, `local` is the host's own.
    ///
    /// - Throws: ``StorageError/Code/invalidInput`` for an unknown one.
    public static func named(_ name: String) throws(StorageError) -> ZoneRules {
        if name == "UTC" { return .utc }
        if name == "local" { return try local() }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isName = parts.allSatisfy { part in
            !part.isEmpty && part.first != "." && part.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
        }
        guard isName else { throw unknown(name, errno: nil) }
        return try rules(in: "\(directory)/\(name)", name)
    }

    /// The zone of this host, by `TZ` where that names one, else `/etc/localtime`; UTC without both.
    public static func local() throws(StorageError) -> ZoneRules {
        if let name = ProcessInfo.processInfo.environment["TZ"], !name.isEmpty, name != "local" {
            return try named(name.hasPrefix(":") ? String(name.dropFirst()) : name)
        }
        guard HostPath.resolved("/etc/localtime") != nil else { return .utc }
        return try rules(in: "/etc/localtime", "/etc/localtime")
    }

    private static func rules(in path: String, _ name: String) throws(StorageError) -> ZoneRules {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try Descriptor.openFile(atHostPath: path).readToEnd(limitBytes: limitBytes)
        } catch {
            throw unknown(name, errno: error.errno)
        }
        guard let rules = ZoneRules(parsing: bytes) else { throw unknown(name, errno: nil) }
        return rules
    }

    private static func unknown(_ name: String, errno: Errno?) -> StorageError {
        StorageError(
            .invalidInput, object: name, "'\(name.printable(limit: 80))' is not a time zone that this host knows",
            errno: errno, hint: "name one of \(directory), as in Europe/Berlin (Debian: package tzdata), or UTC")
    }
}
