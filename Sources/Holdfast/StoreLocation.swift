internal import Glibc
internal import StorageModel

/// Where the store is: `--root`, else `HOLDFAST_ROOT`, else the default of the user. The one place that reads the
/// environment.
enum StoreLocation {
    static let variable = "HOLDFAST_ROOT"

    /// - Parameter option: what the command line or the caller says; `nil` for nothing.
    /// - Throws: ``StorageError/Code/invalidInput`` for a path that is not absolute, and if there is no home directory.
    static func resolve(_ option: String?) throws(StorageError) -> String {
        if let option { return try absolute(option, from: "--root") }
        if let path = environment(variable) { return try absolute(path, from: variable) }
        if geteuid() == 0 { return "/var/lib/holdfast" }
        // The XDG base directory specification: a relative path counts as not set.
        if let data = environment("XDG_DATA_HOME"), data.hasPrefix("/") { return "\(data)/holdfast" }
        guard let home = environment("HOME"), home.hasPrefix("/") else {
            throw StorageError(
                .invalidInput, "there is no home directory to keep the store in",
                hint: "set HOME, XDG_DATA_HOME or \(variable), or pass --root with an absolute path")
        }
        return "\(home)/.local/share/holdfast"
    }

    /// An empty variable counts as not set.
    private static func environment(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }

    private static func absolute(_ path: String, from origin: String) throws(StorageError) -> String {
        guard path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw StorageError(
                .invalidInput, object: path,
                "the store's root '\(path.printable(limit: 200))' (from \(origin)) is not an absolute path",
                hint: "write the path from the root directory, such as /var/lib/holdfast")
        }
        return path
    }
}
