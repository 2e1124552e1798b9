internal import StorageModel

/// The environment of a container's process: what the image says, over it what the container's settings say, and below both
/// what every process gets.
enum ProcessEnvironment {
    /// Docker's default for Linux.
    static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// `KEY=VALUE` in the order in which the keys first appear; each key once.
    ///
    /// - Parameters:
    ///   - changes: `KEY=VALUE` sets, a bare `KEY` takes away, defaults too.
    static func make(
        image: [String], changes: [String], home: String, hostname: String, hasTerminal: Bool
    ) -> [String] {
        var keys: [String] = []
        var values: [String: String] = [:]
        func set(_ key: String, _ value: String) {
            if values.updateValue(value, forKey: key) == nil && !keys.contains(key) { keys.append(key) }
        }
        set("PATH", defaultPath)
        set("HOSTNAME", hostname)
        if hasTerminal { set("TERM", "xterm") }
        set("HOME", home)
        for entry in image + changes {
            guard let equals = entry.firstIndex(of: "=") else {
                values[entry] = nil
                continue
            }
            let key = String(entry[..<equals])
            if !key.isEmpty { set(key, String(entry[entry.index(after: equals)...])) }
        }
        return keys.compactMap { key in values[key].map { "\(key)=\($0)" } }
    }
}
