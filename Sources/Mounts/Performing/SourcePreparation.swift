package import FileTree
package import StorageModel

/// Makes mounts of their sources, attached nowhere: one way for a container that is mounted and one that runs.
///
/// ```swift
/// let source = try MountSource.open(bind)                          // opened once
/// let ready = try preparation.prepare(mount, number: 0, from: source)
/// try MountAttachment.attach([ready], in: root, owner: 0)          // in the container's root
/// ```
package struct SourcePreparation: Sendable {
    /// Of the container's user namespace.
    private let mapping: IdentityMapping?
    /// `containers/<id>`
    private let home: SharedDescriptor
    private let scratch: SharedDescriptor
    private let interruption: Interruption
    /// The container's user, or the one that a text as of `--user` names, in ids of the container.
    private let user: @Sendable (String?) throws(StorageError) -> MountUser

    /// - Parameters:
    ///   - home: where the changes of overlays are kept, in `overlays/<number>`.
    ///   - scratch: for kernels without the newer calls; see ``FileTree/OverlayMount``.
    package init(
        mapping: IdentityMapping?, home: SharedDescriptor, scratch: SharedDescriptor,
        interruption: Interruption = Interruption(),
        user: @escaping @Sendable (String?) throws(StorageError) -> MountUser
    ) {
        self.mapping = mapping
        self.home = home
        self.scratch = scratch
        self.interruption = interruption
        self.user = user
    }

    /// - Parameter number: which of the container's mounts it is; the same at each start.
    /// - Throws: naming the mount. Only owners that `U` changes, and directories for overlays, may have been changed then.
    package func prepare(
        _ mount: ContainerMount, number: Int, from source: MountSource
    ) throws(StorageError) -> PreparedMount {
        let spec = mount.spec
        switch source {
        case .memory: return try finished(spec, try memory(spec))
        case .view(let view): return try finished(spec, try part(of: view, spec))
        case .entry(let entry): return try prepare(spec, number, try open(spec, entry))
        }
    }

    private func part(of view: SharedMount, _ spec: MountSpec) throws(StorageError) -> DetachedMount {
        if spec.subpath.isRoot { return try attempt(spec) { () throws(FileError) in try view.mount.share() } }
        let root = try attempt(spec) { () throws(FileError) in SharedDescriptor(try view.mount.openRoot()) }
        let part = try open(spec, root)
        let tree = try attempt(spec) { () throws(FileError) in
            try DetachedMount.cloning(part.descriptor, spec.furtherRestrictions.union(.readOnly))
        }
        withExtendedLifetime(view) {}
        return tree
    }

    private func open(_ spec: MountSpec, _ whole: SharedDescriptor) throws(StorageError) -> SharedDescriptor {
        if spec.subpath.isRoot { return whole }
        return try MountSource.open(spec.subpath, of: whole.descriptor, spec.sourceWords)
    }

    private func finished(_ spec: MountSpec, _ tree: consuming DetachedMount) throws(StorageError) -> PreparedMount {
        do throws(FileError) { return try PreparedMount(spec, tree) } catch { throw failure(error, spec) }
    }

    /// Ids of a container with a user namespace are those that the namespace shows.
    private func memory(_ spec: MountSpec) throws(StorageError) -> DetachedMount {
        guard case .tmpfs(var tmpfs) = spec.content else {
            throw StorageError(.invalidInput, object: spec.kind, "\(spec.sourceWords) has a source")
        }
        let owner = try MountUser(uid: tmpfs.uid ?? 0, gid: tmpfs.gid ?? 0).outside(mapping, for: spec.sourceWords)
        (tmpfs.uid, tmpfs.gid) = (owner.uid, owner.gid)
        return try MemoryMount.make(
            tmpfs.fileSystemOptions,
            restrictions: spec.isReadOnly
                ? spec.furtherRestrictions.union(.readOnly) : spec.furtherRestrictions,
            doing: "mount \(spec.sourceWords) at \(spec.destination)", object: spec.destination.rawValue)
    }

    private func prepare(
        _ spec: MountSpec, _ number: Int, _ entry: SharedDescriptor
    ) throws(StorageError) -> PreparedMount {
        let status = try attempt(spec) { () throws(FileError) in try entry.descriptor.status() }
        let owner = MountUser(uid: status.uid, gid: status.gid)
        if spec.access.changesOwner { try changeOwner(spec, of: entry) }
        let view = try IdentityView.make(
            spec.access.identity, mapping, owner: owner, user: user, for: spec.sourceWords)
        if let overlay = spec.access.overlay {
            return try finished(
                spec,
                try OverlaySource(spec: spec, overlay: overlay, home: home, scratch: scratch).make(
                    of: entry, number: number, view: view))
        }
        try refuseUnsharedSource(spec, entry)
        return try finished(spec, attempt(spec) { () throws(FileError) in try clone(spec, entry, view) })
    }

    private func clone(
        _ spec: MountSpec, _ entry: SharedDescriptor, _ view: IdentityView?
    ) throws(FileError) -> DetachedMount {
        let comesAlong = spec.recursion != .disabled
        let tree = try DetachedMount.copying(entry.descriptor, recursively: comesAlong)
        if let view {
            try IdentityMappedTree.map(tree, users: view.users, groups: view.groups, recursively: comesAlong)
        }
        var restrictions = spec.furtherRestrictions
        if spec.isReadOnly && spec.recursion == .writable {
            try tree.set(.readOnly, recursively: false)
        } else if spec.isReadOnly {
            restrictions.insert(.readOnly)
        }
        // What cannot be bound could not be attached to a shared place either: that comes last.
        try tree.set(
            restrictions, spec.propagation.isUnbindable ? .rprivate : spec.propagation, recursively: comesAlong)
        return tree
    }

    private func changeOwner(_ spec: MountSpec, of entry: SharedDescriptor) throws(StorageError) {
        let owner = try user(nil).outside(mapping, for: spec.sourceWords)
        try attempt(spec, "change the owner of") { () throws(FileError) in
            try OwnerChange.apply(
                uid: owner.uid, gid: owner.gid, to: entry.descriptor, interruption: interruption)
        }
        try interruption.check()
    }

    /// As Docker has it: nothing can spread from and to a source whose mount nothing spreads from.
    private func refuseUnsharedSource(_ spec: MountSpec, _ entry: SharedDescriptor) throws(StorageError) {
        let needsSlave = spec.propagation.isSlave
        guard needsSlave || spec.propagation.isShared else { return }
        let record = try attempt(spec) { () throws(FileError) in try MountTable.record(of: entry.descriptor) }
        guard let record, !record.isShared, !(needsSlave && record.isSlave) else { return }
        let place = String(decoding: record.mountpoint, as: UTF8.self).printable(limit: 300)
        let kind = needsSlave ? "shared or slave" : "shared"
        throw StorageError(
            .conflict, object: spec.destination.rawValue,
            "path \(spec.sourceWords) is mounted on '\(place)' but it is not a \(kind) mount",
            hint: "make it one: mount --make-shared '\(place)'; or choose bind-propagation=rprivate")
    }

    private func attempt<Result: ~Copyable>(
        _ spec: MountSpec, _ verb: String = "mount", _ body: () throws(FileError) -> Result
    ) throws(StorageError) -> Result {
        do throws(FileError) { return try body() } catch { throw failure(error, spec, verb) }
    }

    private func failure(_ error: FileError, _ spec: MountSpec, _ verb: String = "mount") -> StorageError {
        spec.failure(error, verb, mapsOwners: spec.access.identity != .asStored)
    }
}

extension MountSpec {
    /// Gives a failure of a file operation the mount's name.
    func failure(_ error: FileError, _ verb: String = "mount", mapsOwners: Bool = false) -> StorageError {
        let isUnmappable = mapsOwners && error.operation == "mount_setattr" && error.errno == .invalidArgument
        return StorageError(
            error, doing: "\(verb) \(sourceWords) at \(destination.rawValue.printable(limit: 300))",
            object: destination.rawValue,
            hint: isUnmappable
                ? "owners cannot be mapped on its file system, on one mounted below it, or twice: "
                    + "choose bind-recursive=disabled, or leave the mapping out" : nil)
    }
}

extension MountPropagation {
    var isShared: Bool { self == .shared || self == .rshared }
    var isSlave: Bool { self == .slave || self == .rslave }
    var isUnbindable: Bool { self == .unbindable || self == .runbindable }
}

extension TmpfsMount {
    /// As tmpfs(5) has them.
    package var fileSystemOptions: [String] {
        var result = ["mode=\(String(mode, radix: 8))"]
        if let sizeBytes { result.append("size=\(sizeBytes)") }
        if let uid { result.append("uid=\(uid)") }
        if let gid { result.append("gid=\(gid)") }
        return result + options
    }
}
