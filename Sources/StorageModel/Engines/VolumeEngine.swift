/// A container engine beside Holdfast on this host, whose volumes can be read, restored and adopted.
public enum VolumeEngine: String, Hashable, Sendable, CaseIterable {
    case docker
    case podman

    /// The name as it is written in a sentence.
    public var title: String {
        switch self {
        case .docker: "Docker"
        case .podman: "Podman"
        }
    }

    /// The shortest name of a volume that the engine takes: Docker's expression wants two characters.
    var shortestName: Int {
        switch self {
        case .docker: 2
        case .podman: 1
        }
    }
}

/// A volume of another engine by its name: `docker:pg`.
public struct EngineVolumeReference: Hashable, Sendable, CustomStringConvertible {
    public let engine: VolumeEngine
    public let name: VolumeName

    /// - Throws: ``StorageError/Code/invalidInput`` for a name that the engine would not take.
    public init(_ engine: VolumeEngine, _ name: VolumeName) throws(StorageError) {
        guard name.rawValue.utf8.count >= engine.shortestName else {
            throw StorageError(
                .invalidInput, object: "\(engine.rawValue):\(name)",
                "'\(name)' is not the name of a volume of \(engine.title): that has at least two characters",
                hint: "docker volume ls shows the names")
        }
        self.engine = engine
        self.name = name
    }

    public var description: String { "\(engine.rawValue):\(name)" }
}
