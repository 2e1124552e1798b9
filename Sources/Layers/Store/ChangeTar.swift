package import Archive
package import FileTree
package import StorageModel

/// The tar of a layer made of an upper directory: exactly what was changed on top of the layers below.
///
/// Whiteouts become `.wh.` entries, opaque directories get their mark (OCI image specification, "Representing Changes").
package enum ChangeTar {
    /// - Parameters:
    ///   - volumes: directories of whose content nothing is taken; what is left out is among the feed's notices.
    ///   - mapping: the ids of the user namespace that the changes were made in; the tar has those inside.
    package static func feed(
        of upper: SharedDescriptor, without volumes: [EntryPath], form: OverlayForm, mapping: IdentityMapping?,
        checkpoint: Checkpoint
    ) -> TreeTarFeed {
        var options = TreeTarFeed.Options()
        options.mapping = mapping
        options.keepsAttribute = { !OverlayForm.isReserved($0) && $0 != "security.selinux" }
        options.translate = { walked, attributes in
            let path = walked.path
            if let volume = volumes.first(where: path.isWithin), path != volume || !walked.status.isWhiteout {
                if path == volume { return .asItIs }
                return path.parent == volume ? .skipped("in a volume, which no image contains") : .nothing
            }
            if walked.status.isWhiteout {
                return .replaced([mark(path.parent.appending(WhiteoutName.name(hiding: path.name)), walked)])
            }
            let isOpaque = attributes.contains { $0.name == form.opaque.name && $0.value.first == UInt8(ascii: "y") }
            guard walked.status.kind == .directory, isOpaque else { return .asItIs }
            return .followed([mark(path.appending(WhiteoutName.opaqueMark), walked)])
        }
        return TreeTarFeed(upper, options: options, checkpoint: checkpoint)
    }

    /// An empty file that stands for something.
    private static func mark(_ path: EntryPath, _ walked: WalkedEntry) -> TarEntry {
        TarEntry(
            path: path, kind: .file,
            metadata: EntryMetadata(mode: 0o600, uid: 0, gid: 0, modifiedAt: walked.status.modifiedAt))
    }
}
