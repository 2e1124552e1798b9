internal import Crypto
internal import StorageModel

/// A volume that a compose file declares.
package struct ComposeVolume: Sendable {
    /// The name in the file.
    package let key: String
    /// The name in the store: the project's name and the key, unless the file says otherwise.
    package let name: String
    package let driver: String
    package let options: [String: String]
    /// Those of the file alone.
    package let labels: [String: String]
    /// Whether somebody else makes and removes it.
    package let isExternal: Bool
    package let place: ComposePlace
    /// Whether the file names the driver, which is part of the hash if it does.
    let project: ComposeProjectName

    /// The labels by which Docker Compose knows its volumes (docker/compose, `pkg/api/labels.go`).
    package enum Label {
        package static let project = "com.docker.compose.project"
        package static let volume = "com.docker.compose.volume"
        package static let version = "com.docker.compose.version"
        package static let configurationHash = "com.docker.compose.config-hash"
    }

    /// The version of Docker Compose whose rules these are. Docker Compose writes it and never reads it.
    package static let composeVersion = "5.0.0"

    /// The labels that the volume gets.
    package var allLabels: [String: String] {
        labels.merging([
            Label.project: project.rawValue, Label.volume: key, Label.version: Self.composeVersion,
            Label.configurationHash: configurationHash,
        ]) { $1 }
    }

    /// By which Docker Compose sees whether a volume is as the file has it: the SHA-256 of its configuration as Go's
    /// `encoding/json` writes it (docker/compose, `VolumeHash`; compose-go, `VolumeConfig`).
    package var configurationHash: String {
        var members: [String] = ["\"name\":\(GoJSON.text(name))", "\"driver\":\(GoJSON.text(driver))"]
        if !options.isEmpty { members.append("\"driver_opts\":\(GoJSON.object(options))") }
        if isExternal { members.append("\"external\":true") }
        if !labels.isEmpty { members.append("\"labels\":\(GoJSON.object(labels))") }
        let document = "{" + members.joined(separator: ",") + "}"
        let digits = Array("0123456789abcdef".utf8)
        let hex = SHA256.hash(data: Array(document.utf8)).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: hex, as: UTF8.self)
    }
}

/// JSON as Go writes it: no blanks, keys in byte order, `<`, `>` and `&` escaped.
enum GoJSON {
    static func object(_ pairs: [String: String]) -> String {
        let sorted = pairs.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        return "{" + sorted.map { "\(text($0.key)):\(text($0.value))" }.joined(separator: ",") + "}"
    }

    static func text(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{8}": result += "\\b"
            case "\u{c}": result += "\\f"
            case "<", ">", "&", "\u{2028}", "\u{2029}",
                _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
