import Compose
import StorageModel

/// A project of texts, without files.
func load(
    _ texts: String..., name: String? = "shop", directory: String = "/srv/shop", environment: [String: String] = [:],
    environmentFile: String? = nil
) throws -> ComposeProject {
    let sources = texts.enumerated().map { index, text in
        ComposeSource(name: index == 0 ? "compose.yaml" : "override\(index).yaml", text: text)
    }
    return try ComposeProject.load(
        sources, directory: directory, name: name, environment: environment,
        environmentFile: environmentFile.map { ComposeSource(name: ".env", text: $0) })
}

extension ComposeProject {
    func volume(_ key: String) -> ComposeVolume? { volumes.first { $0.key == key } }
    func service(_ name: String) -> ComposeService? { services.first { $0.name == name } }
}

extension ComposeService {
    /// The mounts as text: short ones as they are, long ones by what they are made of.
    var texts: [String] {
        mounts.map { mount in
            switch mount.form {
            case .short(let text): text
            case .tmpfs(let text): "tmpfs \(text)"
            case .long(let spec): "\(spec.kind) \(spec.destination)"
            }
        }
    }

    var longMounts: [MountSpec] {
        mounts.compactMap { if case .long(let spec) = $0.form { spec } else { nil } }
    }
}
