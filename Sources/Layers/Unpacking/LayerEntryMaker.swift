internal import Archive
internal import FileTree
internal import Glibc
internal import StorageModel

/// Where an entry of a layer goes: its parent, opened, and its path in the tree with all links resolved.
struct LayerPlace: Sendable {
    let path: EntryPath
    let parent: SharedDescriptor

    var name: ArraySlice<UInt8> { path.name }

    /// What is there; `nil` if nothing is.
    func status() throws(FileError) -> FileStatus? {
        do throws(FileError) {
            return try parent.descriptor.status(of: name)
        } catch  where error.errno == .noEntry {
            return nil
        }
    }
}

/// A hard link that waits for its target.
struct PendingLink: Sendable {
    let place: LayerPlace
    let entry: TarEntry

    var missingTarget: StorageError {
        let target = EntryPath(trusted: entry.linkTarget).description.printable()
        return StorageError(
            .damaged, object: place.path.description,
            "'\(place.path.description.printable())' is a hard link to '\(target)', which is no file of the layer",
            hint: "the layer was made by a broken tool; nothing was kept")
    }
}

/// Small entries that are made together by one job.
struct LayerBatch {
    struct Item: Sendable {
        let entry: TarEntry
        let place: LayerPlace
        let data: [ByteSlice]
    }

    private var items: [Item] = []
    private var sizeBytes = 0

    private static let limitBytes = 1 << 20
    private static let limitEntries = 256

    /// - Returns: whether the batch is full.
    mutating func append(_ item: Item) -> Bool {
        items.append(item)
        sizeBytes += Int(item.entry.storedBytes) + 512
        return sizeBytes >= Self.limitBytes || items.count >= Self.limitEntries
    }

    mutating func takeAll() -> [Item] {
        defer {
            items = []
            sizeBytes = 0
        }
        return items
    }
}

/// Makes the entries of a layer, each complete with owner, attributes, mode and time. Used by several threads.
///
/// The tree is new and the process's own, so the owner is set only where it is another one.
final class LayerEntryMaker: Sendable {
    let notices = NoticeList()
    private let isPrivileged = geteuid() == 0
    private let own = (uid: geteuid(), gid: getegid())

    func makeDirectory(_ place: LayerPlace) throws(StorageError) {
        try attempt(place.path) { () throws(FileError) in
            try place.parent.descriptor.makeDirectory(place.name, mode: 0o700)
        }
    }

    /// Opens a new file for the entry's data, with the mode of the entry if its owner is right from the start. Attributes
    /// come before the mode, and only what is open to writing takes them from a user.
    func createFile(_ entry: TarEntry, _ place: LayerPlace) throws(StorageError) -> SharedDescriptor {
        let isRight = !setsOwner(entry.metadata) && entry.extendedAttributes.isEmpty
        let mode = isRight ? entry.metadata.mode & 0o777 : 0o600
        return try attempt(place.path) { () throws(FileError) in
            SharedDescriptor(try place.parent.descriptor.createFile(place.name, mode: mode))
        }
    }

    /// Gives a file whose data is written everything else.
    func finish(_ file: SharedDescriptor, _ entry: TarEntry) throws(StorageError) {
        try attempt(entry.path) { () throws(FileError) in
            if entry.sparseMap != nil { try file.descriptor.truncate(to: entry.sizeBytes) }
            try file.descriptor.applyMetadata(
                entry.metadata, xattrs: admitted(entry), ownership: isPrivileged,
                current: try file.descriptor.status(), onRefusal: noteRefusal(entry.path))
        }
    }

    func make(_ item: LayerBatch.Item) throws(StorageError) {
        guard item.entry.kind == .file else { return try makeSpecial(item.entry, item.place) }
        let file = try createFile(item.entry, item.place)
        var position: UInt64 = 0
        for slice in item.data {
            try item.entry.write(slice, storedAt: position, to: file.descriptor)
            position += UInt64(slice.count)
        }
        try finish(file, item.entry)
    }

    private func makeSpecial(_ entry: TarEntry, _ place: LayerPlace) throws(StorageError) {
        let isDevice = entry.kind == .characterDevice || entry.kind == .blockDevice
        if entry.kind == .characterDevice && entry.deviceMajor == 0 && entry.deviceMinor == 0 {
            notices.addSkipped(entry.path, "character device 0/0: overlayfs would take it for a whiteout")
            return
        }
        if isDevice && !isPrivileged {
            notices.addSkipped(entry.path, "\(entry.kind.word): only root can make it")
            return
        }
        let attributes = admitted(entry)
        try attempt(entry.path) { () throws(FileError) in
            let parent = place.parent
            switch entry.kind {
            case .symbolicLink: try parent.descriptor.makeSymbolicLink(place.name, target: entry.linkTarget)
            case .fifo: try parent.descriptor.makeFifo(place.name)
            default:
                try parent.descriptor.makeDevice(
                    place.name, kind: entry.kind, major: entry.deviceMajor, minor: entry.deviceMinor)
            }
            try parent.descriptor.applyMetadata(
                entry.metadata, xattrs: attributes, ownership: setsOwner(entry.metadata), of: place.name,
                kind: entry.kind, onRefusal: noteRefusal(entry.path))
        }
    }

    /// Copies a file, link or device of a lower layer into this one, with everything it has.
    func copyUp(_ lower: LayerStack.Entry, to place: LayerPlace) throws(FileError) {
        let (name, status) = (lower.name, lower.status)
        let (from, to) = (lower.parent, place.parent)
        let attributes = try from.descriptor.extendedAttributes(of: name).filter {
            !OverlayForm.isReserved($0.name)
        }
        guard status.kind == .file else {
            switch status.kind {
            case .symbolicLink:
                try to.descriptor.makeSymbolicLink(place.name, target: try from.descriptor.readLink(name))
            case .fifo: try to.descriptor.makeFifo(place.name)
            default:
                try to.descriptor.makeDevice(
                    place.name, kind: status.kind, major: status.deviceMajor, minor: status.deviceMinor)
            }
            return try to.descriptor.applyMetadata(
                status.metadata, xattrs: attributes, ownership: isPrivileged, of: place.name, kind: status.kind,
                onRefusal: noteRefusal(place.path))
        }
        let original = try from.descriptor.openFile(name, for: .reading)
        let copy = try to.descriptor.createFile(place.name)
        var sharesBlocks = true
        _ = try copy.copyContent(of: original, status: status, sharesBlocks: &sharesBlocks)
        try copy.applyMetadata(
            status.metadata, xattrs: attributes, ownership: isPrivileged, onRefusal: noteRefusal(place.path))
    }

    // MARK: Attributes

    func attributes(of entry: TarEntry) -> ParentDirectories.Attributes {
        ParentDirectories.Attributes(
            metadata: entry.metadata, extendedAttributes: admitted(entry))
    }

    func apply(
        _ attributes: ParentDirectories.Attributes, to directory: borrowing Descriptor, _ path: EntryPath
    ) throws(FileError) {
        try directory.applyMetadata(
            attributes.metadata, xattrs: attributes.extendedAttributes, ownership: setsOwner(attributes.metadata),
            onRefusal: noteRefusal(path))
    }

    private func setsOwner(_ metadata: EntryMetadata) -> Bool {
        isPrivileged && (metadata.uid != own.uid || metadata.gid != own.gid)
    }

    /// The attributes that a layer may bring.
    private func admitted(_ entry: TarEntry) -> [ExtendedAttribute] {
        for name in entry.unresolvedAttributes {
            notices.addSkipped(entry.path, "attribute \(name) was not set: its list has names instead of numbers")
        }
        let (attributes, path) = (entry.extendedAttributes, entry.path)
        if attributes.isEmpty { return attributes }
        return attributes.filter { attribute in
            // The label of the machine that built the image means nothing on this one.
            if attribute.name == "security.selinux" { return false }
            let isAdmitted =
                !OverlayForm.isReserved(attribute.name)
                && (isPrivileged || attribute.name.hasPrefix("user.") || attribute.name.hasPrefix("system."))
            if !isAdmitted { notices.addSkipped(path, "attribute \(attribute.name.printable()) was not set") }
            return isAdmitted
        }
    }

    private func noteRefusal(_ path: EntryPath) -> (ExtendedAttribute, FileError) -> Void {
        { attribute, error in
            self.notices.addSkipped(path, "attribute \(attribute.name.printable()) was not set: \(error.errno)")
        }
    }

    /// Gives a failure the entry's name.
    func attempt<Result: ~Copyable>(
        _ path: EntryPath, _ body: () throws(FileError) -> Result
    ) throws(StorageError) -> Result {
        do throws(FileError) {
            return try body()
        } catch {
            let shown = path.description.printable()
            switch error.errno {
            case .tooManyLevels, .notDirectory:
                throw StorageError(
                    .damaged, object: shown, "entry '\(shown)' lies behind something that is not a directory",
                    errno: error.errno, hint: "the layer is wrong, or hostile; nothing was kept")
            default: throw StorageError(error, doing: "unpack '\(shown)'", object: shown)
            }
        }
    }
}
