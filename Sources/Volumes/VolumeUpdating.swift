internal import Catalog
package import StorageModel

extension Volumes {
    /// Changes labels, in one transaction: of two processes neither undoes what the other did. On disk when this returns.
    package func update(
        _ name: VolumeName, setting labels: [String: String], removing removed: Set<String>
    ) throws(StorageError) {
        guard labels.keys.allSatisfy({ !$0.isEmpty }) else {
            throw StorageError(
                .invalidInput, object: name.rawValue, "a label has an empty key", hint: "write --label KEY=VALUE")
        }
        try catalog.transaction { transaction throws(StorageError) in
            guard let volume = try transaction.volume(named: name) else { throw Self.missing(name) }
            let kept = volume.labels.filter { !removed.contains($0.key) }
            _ = try transaction.setLabels(kept.merging(labels) { $1 }, of: name)
        }
    }
}
