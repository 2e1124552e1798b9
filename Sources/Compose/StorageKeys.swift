extension ComposeNode {
    private static let keys: Set = ["name", "include", "services", "volumes"]
    private static let serviceKeys: Set = ["image", "volumes", "tmpfs", "volumes_from", "profiles", "extends"]

    /// The file without what is not about storage, which may be merged by rules of its own.
    func withStorageAlone() -> ComposeNode {
        guard case .mapping(let entries) = content else { return self }
        var result = self
        result.content = .mapping(
            entries.filter { Self.keys.contains($0.key) }.map { entry in
                guard entry.key == "services", case .mapping(let services) = entry.value.content else { return entry }
                var kept = entry
                kept.value.content = .mapping(services.map { $0.withKeys(Self.serviceKeys) })
                return kept
            })
        return result
    }
}

extension ComposeEntry {
    fileprivate func withKeys(_ keys: Set<String>) -> ComposeEntry {
        guard case .mapping(let entries) = value.content else { return self }
        var result = self
        result.value.content = .mapping(entries.filter { keys.contains($0.key) })
        return result
    }
}
