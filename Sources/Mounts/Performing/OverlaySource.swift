internal import FileTree
internal import StorageModel

/// A source that stays as it is: what is changed goes to a directory of the container, or to one that the user named.
struct OverlaySource {
    let spec: MountSpec
    let overlay: SourceAccess.Overlay
    /// `containers/<id>`
    let home: SharedDescriptor
    let scratch: SharedDescriptor

    private static let directoryName = Array("overlays".utf8)
    private static let upperName = Array("upper".utf8)
    private static let workName = Array("work".utf8)

    func make(
        of entry: SharedDescriptor, number: Int, view: IdentityView?
    ) throws(StorageError) -> DetachedMount {
        let doing = "mount \(spec.sourceWords) at \(spec.destination)"
        let isMapped = view != nil
        let source = try attempt(isMapped) { () throws(FileError) in
            SharedMount(try DetachedMount.cloning(entry.descriptor))
        }
        let isDirectory = try attempt(isMapped) { () throws(FileError) in
            try source.mount.status().kind == .directory
        }
        guard isDirectory else {
            throw StorageError(
                .invalidInput, object: spec.destination.rawValue,
                "cannot \(doing): changes are kept apart (O) for directories only",
                hint: "leave O out, or mount the directory that it is in")
        }
        let lower = try attempt(isMapped) { () throws(FileError) in
            if let view { try IdentityMappedTree.map(source.mount, users: view.users, groups: view.groups) }
            return SharedDescriptor(try source.mount.openRoot())
        }
        let result = try OverlayMount.make(
            lowers: [lower], changes: try changes(number, like: lower),
            restrictions: spec.isReadOnly ? spec.furtherRestrictions.union(.readOnly) : spec.furtherRestrictions,
            scratch: scratch.descriptor, doing: doing, object: spec.destination.rawValue)
        withExtendedLifetime(source) {}
        return result
    }

    private func attempt<Result>(
        _ mapsOwners: Bool, _ body: () throws(FileError) -> Result
    ) throws(StorageError) -> Result {
        do throws(FileError) { return try body() } catch { throw spec.failure(error, mapsOwners: mapsOwners) }
    }

    private func changes(
        _ number: Int, like lower: SharedDescriptor
    ) throws(StorageError) -> OverlayMount.Changes {
        if overlay.upper == nil && overlay.work == nil {
            return try attempt(false) { () throws(FileError) in try ownChanges(number, like: lower) }
        }
        guard let upper = overlay.upper, let work = overlay.work else {
            throw StorageError(
                .invalidInput, object: spec.destination.rawValue,
                "an overlay at \(spec.destination) has only one of upperdir and workdir",
                hint: "give both, on the same file system, or none")
        }
        return OverlayMount.Changes(upper: try open(upper), work: try open(work))
    }

    private func open(_ path: String) throws(StorageError) -> SharedDescriptor {
        do throws(FileError) {
            return SharedDescriptor(try Descriptor.openDirectory(atHostPath: path))
        } catch {
            let shown = path.printable(limit: 300)
            throw StorageError(
                error, doing: "open '\(shown)' for the changes at \(spec.destination)", object: shown,
                hint: error.errno == .noEntry ? "make it first: mkdir -p '\(shown)'" : nil)
        }
    }

    /// The directories that go with the container, made at the first start: under another name first, so that they are there
    /// whole or not at all.
    private func ownChanges(_ number: Int, like lower: SharedDescriptor) throws(FileError) -> OverlayMount.Changes {
        let all = try directory(Self.directoryName, in: home.descriptor)
        let name = Array(String(number).utf8)
        do throws(FileError) {
            return try changes(in: try all.openDirectory(name))
        } catch  where error.errno == .noEntry {}
        let fresh = name + Array(".new".utf8)
        try TreeRemoval.remove(fresh, in: all)
        try all.makeDirectory(fresh)
        let made = try all.openDirectory(fresh)
        try made.makeDirectory(Self.workName)
        try made.makeDirectory(Self.upperName)
        // The root of the upper directory is the root of the overlay: it looks as the source does.
        let attributes = try lower.descriptor.extendedAttributes().filter { !$0.name.hasPrefix("trusted.overlay.") }
        try made.openDirectory(Self.upperName).applyMetadata(
            try lower.descriptor.status().metadata, xattrs: attributes, ownership: true)
        try all.rename(fresh, to: all, name, mode: .noReplace)
        return try changes(in: made)
    }

    private func changes(in directory: borrowing Descriptor) throws(FileError) -> OverlayMount.Changes {
        OverlayMount.Changes(
            upper: SharedDescriptor(try directory.openDirectory(Self.upperName)),
            work: SharedDescriptor(try directory.openDirectory(Self.workName)))
    }

    private func directory(_ name: [UInt8], in parent: borrowing Descriptor) throws(FileError) -> Descriptor {
        do throws(FileError) {
            try parent.makeDirectory(name)
        } catch  where error.errno == .exists {}
        return try parent.openDirectory(name)
    }
}
