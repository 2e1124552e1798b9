package import StorageModel

/// A container of an engine that runs and is not paused.
package struct RunningContainer: Hashable, Sendable {
    package let id: String
    package let name: String
}

extension EngineClient {
    /// The containers that have the volume mounted and run. One that is paused already is not among them.
    package func containers(running name: VolumeName) throws(StorageError) -> [RunningContainer] {
        let arguments = [
            "ps", "--no-trunc", "--filter", "volume=\(name)", "--filter", "status=running", "--format",
            "{{.ID}} {{.Names}}",
        ]
        return try demand(arguments, "tell who uses volume '\(name)'").lines.compactMap { line in
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard let id = words.first, id.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
            else { return nil }
            return RunningContainer(id: id, name: words.count > 1 ? words[1] : id)
        }
    }
}
