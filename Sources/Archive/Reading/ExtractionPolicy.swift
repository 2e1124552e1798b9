package import FileTree
package import StorageModel

/// What an extraction may do, decided once before it begins.
package struct ExtractionPolicy: Sendable {
    /// Whether the target may hold entries already: they are replaced one by one, each in a single step.
    package var merges: Bool
    /// Whether owners are set and devices made: only root can.
    package var isPrivileged: Bool
    /// Only these and what is below them; empty for all.
    package var paths: [EntryPath]
    /// Files that are not selected themselves, but by a further name: the name that they get instead of their own.
    package var aliases: [EntryPath: EntryPath] = [:]

    /// Whom the entries belong to.
    package var owners = OwnerTranslation.same

    package init(merges: Bool, isPrivileged: Bool, paths: [EntryPath] = []) {
        self.merges = merges
        self.isPrivileged = isPrivileged
        self.paths = paths
    }

    func selects(_ path: EntryPath) -> Bool { paths.isEmpty || paths.contains { path.isWithin($0) } }

    /// Whether the entry is a directory on the way to a selected one.
    func leadsToSelection(_ path: EntryPath) -> Bool { paths.contains { $0.isWithin(path) } }

    /// The attributes that may be set, and why the others may not.
    func admit(_ attributes: [ExtendedAttribute]) -> (set: [ExtendedAttribute], refused: [String]) {
        if attributes.isEmpty { return ([], []) }
        var set: [ExtendedAttribute] = []
        var refused: [String] = []
        for attribute in attributes {
            // Set on a directory of an overlay mount these would hide or redirect what is below (CVE-2021-3493 and kin).
            if attribute.name.hasPrefix("trusted.overlay.") {
                refused.append(attribute.name)
            } else if !isPrivileged, attribute.name.hasPrefix("trusted.") || attribute.name.hasPrefix("security.") {
                refused.append(attribute.name)
            } else {
                set.append(attribute)
            }
        }
        return (set, refused)
    }
}
