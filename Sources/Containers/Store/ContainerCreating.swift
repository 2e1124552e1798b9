package import Catalog
internal import FileTree
internal import Glibc
package import Layers
package import StorageModel

extension ContainerStore {
    /// Makes a container on an image.
    ///
    /// Built in staging, brought to disk, then published by one transaction: a crash leaves no container or a whole one.
    ///
    /// - Parameters:
    ///   - image: the image; the catalog keeps it as long as the container is there.
    ///   - stack: the image's layers, the uppermost first.
    ///   - mounts: what it mounts, in order; their volumes are there, or come with `alongside`.
    ///   - alongside: what is published with it, in the transaction that makes its row and before it.
    /// - Throws: ``StorageError/Code/conflict`` if the name is taken, or if a volume was removed meanwhile.
    package func create(
        _ request: ContainerRequest, on image: Image, stack: LayerStack, mounts: [ContainerMount] = [],
        alongside: (Transaction) throws(StorageError) -> Void = { (_) throws(StorageError) in }
    ) throws(StorageError) -> Container {
        let name = if let name = request.name { name } else { try ContainerName(GeneratedName.make()) }
        try refuseTaken(name)
        let container = Container(
            id: Self.newID(), name: name, image: image.id, imageName: request.image,
            createdAt: .now, settings: request.settings, mounts: mounts)
        let area = try attempt(container, "create") { () throws(FileError) in try StagingArea.make(in: staging) }
        do throws(StorageError) {
            try attempt(container, "create") { () throws(FileError) in
                try build(container, in: area, stack: stack)
                if request.isDurable { try Publication.syncTree(Self.stagedName, in: area.directory) }
            }
            try publish(container, from: area, isDurable: request.isDurable, alongside)
        } catch {
            // The first failure is the one to tell; what could not be removed is swept later.
            try? area.discard()
            throw error
        }
        // The container is made. An area that cannot be removed is swept by the next open.
        try? area.discard()
        return container
    }

    /// - Throws: ``StorageError/Code/conflict`` if a container has the name.
    package func refuseTaken(_ name: ContainerName) throws(StorageError) {
        let taken = try catalog.read { transaction throws(StorageError) in try transaction.container(named: name) }
        guard let taken else { return }
        throw StorageError(
            .conflict, object: name.rawValue, "the name '\(name)' is taken by container \(taken.id.short)",
            hint: "choose another name, or remove that container: holdfast container rm \(name)")
    }

    private func build(_ container: Container, in area: StagingArea, stack: LayerStack) throws(FileError) {
        try area.directory.makeDirectory(Self.stagedName, mode: 0o700)
        let home = try area.directory.openDirectory(Self.stagedName)
        _ = try home.createFile(Self.leaseName)
        for name in [Self.upperName, Self.workName, Self.mergedName] { try home.makeDirectory(name, mode: 0o755) }
        let upper = try home.openDirectory(Self.upperName)
        let mapping = container.settings.identityMapping.flatMap { try? IdentityMapping($0) }
        try Self.setRoot(of: upper, like: stack, mapping)
        if let mapping, let owner = mapping.outside(of: 0) {
            // The kernel makes entries in the work directory as the container's root.
            let work = try home.openDirectory(Self.workName)
            var metadata = try work.status().metadata
            (metadata.uid, metadata.gid) = (owner, owner)
            try work.applyMetadata(metadata, xattrs: [], ownership: true)
        }
    }

    /// In an overlay the root of the upper directory is the root: it takes what the image's root has.
    private static func setRoot(
        of upper: borrowing Descriptor, like stack: LayerStack, _ mapping: IdentityMapping?
    ) throws(FileError) {
        let isPrivileged = geteuid() == 0
        guard let top = stack.layers.first else { return }
        var metadata = try top.descriptor.status().metadata
        if let mapping {
            metadata.uid = mapping.outside(of: metadata.uid) ?? metadata.uid
            metadata.gid = mapping.outside(of: metadata.gid) ?? metadata.gid
        }
        let attributes = try top.descriptor.extendedAttributes().filter { !OverlayForm.isReserved($0.name) }
        try upper.applyMetadata(metadata, xattrs: attributes, ownership: isPrivileged)
    }

    private func publish(
        _ container: Container, from area: StagingArea, isDurable: Bool,
        _ alongside: (Transaction) throws(StorageError) -> Void
    ) throws(StorageError) {
        let name = Array(container.id.rawValue.utf8)
        var isRenamed = false
        do throws(StorageError) {
            try catalog.transaction { transaction throws(StorageError) in
                try alongside(transaction)
                try transaction.insert(container)
                try attempt(container, "create") { () throws(FileError) in
                    try area.directory.rename(Self.stagedName, to: records.directory, name, mode: .noReplace)
                    isRenamed = true
                    if isDurable { try records.directory.sync() }
                }
            }
        } catch {
            // The transaction was rolled back, or its commit failed: what has no row is garbage again.
            if isRenamed { try? records.discard(name) }
            throw error
        }
    }

    /// 64 random hexadecimal digits.
    private static func newID() -> ContainerID {
        let text = String(decoding: RandomName.make() + RandomName.make(), as: UTF8.self)
        guard let id = ContainerID(text) else { preconditionFailure("a random name is hexadecimal") }
        return id
    }
}

/// Names for containers that nobody named: two words and a number, easy to say and to type.
enum GeneratedName {
    private static let qualities = [
        "amber", "brisk", "calm", "deep", "eager", "fair", "gentle", "hardy", "keen", "level", "mellow", "neat", "open",
        "plain", "quick", "ready", "steady", "tidy", "upright", "warm",
    ]
    private static let things = [
        "anchor", "barrel", "beacon", "buoy", "cabin", "cleat", "dock", "fender", "galley", "harbour", "hull", "keel",
        "ladder", "mast", "mooring", "oar", "pier", "rudder", "sail", "winch",
    ]

    static func make() -> String {
        let number = UInt16.random(in: 0...9999)
        return "\(qualities.randomElement() ?? "calm")_\(things.randomElement() ?? "dock")_\(number)"
    }
}
