internal import FileTree
internal import Mounts
internal import StorageModel

extension Store {
    /// Refuses bind mounts whose sources the store's policy forbids. Without a policy nothing is looked at.
    ///
    /// Whether the container's user can use what is permitted is another question, which `mount check` answers.
    /// - Throws: ``StorageError/Code/deniedByCheck`` naming the source and the rule.
    func refuseForbidden(_ mounts: [MountSpec]) throws(StorageError) {
        let binds = mounts.filter { $0.kind == "bind" }
        guard !binds.isEmpty, HostPath.exists(MountPolicy.fileName, in: rootPath) else { return }
        let report = try checkMounts(binds, for: MountSubject(uid: 0))
        let forbidden = report.findings.filter { $0.severity == .denied && Self.policyCodes.contains($0.code) }
        guard let first = forbidden.first else { return }
        throw StorageError(
            .deniedByCheck, object: first.path, first.message,
            hint: "the policy is \(HostPath.join(rootPath, MountPolicy.fileName)); holdfast mount check tells more",
            causes: forbidden.dropFirst().map(\.message))
    }

    private static let policyCodes: Set<MountFinding.Code> = [
        .deniedPrefix, .outsideAllowedPrefixes, .symlinkEscapes, .sensitiveSource, .storeSource, .runtimeSocket,
    ]
}
