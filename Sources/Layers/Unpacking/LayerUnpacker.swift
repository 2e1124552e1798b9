package import Archive
package import FileTree
package import StorageModel

/// Turns the tar stream of a layer into a tree that overlayfs stacks as it is, and keeps the stream's skeleton beside it.
///
/// One thread reads headers and decides, several make files. The order of the stream matters only where two entries meet at
/// one place: then everything before is finished first. Whiteouts become character devices 0/0 and opaque directories get
/// their attribute; attributes of overlayfs's own are never taken from a layer. Rules: OCI image specification, "Applying
/// Changesets"; where it leaves open what an image means, the tree is that of a layer applied by extraction.
package struct LayerUnpacker: ~Copyable {
    package struct Outcome: Sendable {
        /// SHA-256 of the stream.
        package let diffID: Digest
        package let tarBytes: UInt64
        package let entries: UInt64
        /// The sizes of files, hard links once.
        package let apparentBytes: UInt64
        /// What could not be made or set as the layer says.
        package let notices: [EntryNotice]
    }

    private let staged: StagedLayer
    private let maker: LayerEntryMaker
    private let parents: ParentDirectories
    private let lowers: LowerLayers
    private let isLowest: Bool
    private let form: OverlayForm
    private let jobs: JobGroup
    private let checkpoint: Checkpoint
    private let writeback: EarlyWriteback?
    private var skeleton: SkeletonWriter
    private var batch = LayerBatch()
    private var links: [PendingLink] = []
    /// Every place that an entry was put at, by the hash of its path, with the number of the file's data.
    private var made: [UInt64: UInt64] = [:]
    private var directories: [EntryPath: ParentDirectories.Attributes] = [:]
    private var opaque = Set<EntryPath>()
    private var whiteouts = Set<EntryPath>()
    private var rootEntry: TarEntry?
    private var entries: UInt64 = 0
    private var apparentBytes: UInt64 = 0

    private static let noData = UInt64.max

    /// - Parameters:
    ///   - isLowest: whether nothing lies below, so that there is nothing to hide.
    ///   - writeback: told of what is written, if the result is to be synced.
    package init(
        _ staged: StagedLayer, lowers: LowerLayers, isLowest: Bool, form: OverlayForm, threads: Int,
        checkpoint: Checkpoint, writeback: EarlyWriteback?
    ) throws(StorageError) {
        self.staged = staged
        self.lowers = lowers
        self.isLowest = isLowest
        self.form = form
        self.checkpoint = checkpoint
        self.writeback = writeback
        maker = LayerEntryMaker()
        parents = ParentDirectories(staged.tree, lowers: lowers, form: form)
        parents.removesWhiteout = { (place, name) throws(FileError) in try place.directory.descriptor.remove(name) }
        skeleton = try SkeletonWriter(staged.skeleton)
        jobs = JobGroup(threads: threads, depth: threads * 3 + 2)
    }

    /// Unpacks the whole stream. What was made until a failure is the caller's to discard. Nothing is synced.
    package consuming func unpack(_ feed: any ByteFeed) throws(StorageError) -> Outcome {
        let (digesting, group) = (DigestingFeed(feed), jobs)
        defer {
            group.finish()
            digesting.finish()
        }
        var reader = TarReader(digesting, limits: ArchiveLimits(), recordsFraming: true)
        while let entry = try reader.nextEntry() {
            try checkpoint.interruption.check()
            try skeleton.append(framing: reader.takeFraming())
            try take(entry, &reader)
            checkpoint.progress.advance(entries: 1, bytes: entry.storedBytes)
            writeback?.note(entry.storedBytes + 256)
        }
        try skeleton.append(framing: reader.takeFraming())
        while let rest = try reader.nextTrailingBytes() {
            try skeleton.append(framing: rest.buffer[rest.range])
        }
        try skeleton.finish()
        try settle()
        try hideLowerRoot()
        try finishDirectories()
        guard let diffID = digesting.finish() else {
            throw StorageError(.system, "the digest of a layer was not computed")
        }
        return Outcome(
            diffID: diffID, tarBytes: digesting.sizeBytes, entries: entries, apparentBytes: apparentBytes,
            notices: maker.notices.skipped)
    }

    private mutating func take(_ entry: TarEntry, _ reader: inout TarReader) throws(StorageError) {
        if entry.path.isRoot {
            rootEntry = entry
            return
        }
        switch WhiteoutName(entry.path.name) {
        case .ordinary: try make(entry, &reader)
        case .whiteout(let target):
            try hide(target, entry)
            try setAside(entry, &reader)
        case .opaque:
            try hideAll(entry)
            try setAside(entry, &reader)
        case .ignored: try setAside(entry, &reader)
        case .invalid:
            throw StorageError(
                .damaged, object: entry.path.description,
                "'\(entry.path.description.printable())' is a whiteout of nothing",
                hint: "the layer was made by a broken tool; nothing was kept")
        }
    }

    // MARK: Ordinary entries

    private mutating func make(_ entry: TarEntry, _ reader: inout TarReader) throws(StorageError) {
        guard let place = try findParent(of: entry, makesNew: true) else { return }
        let path = place.path.appending(entry.path.name)
        let target = LayerPlace(path: path, parent: place.directory)
        let meeting = try clear(target, for: entry)
        entries += 1
        made[key(path)] = Self.noData
        switch entry.kind {
        case .directory:
            if meeting != .directory { try maker.makeDirectory(target) }
            if meeting == .whiteout { try markOpaque(target) }
            directories[path] = maker.attributes(of: entry)
            parents.noteExplicit(path)
        case .hardLink: links.append(PendingLink(place: target, entry: entry))
        // At once: what follows may lie behind it.
        case .symbolicLink: try maker.make(LayerBatch.Item(entry: entry, place: target, data: []))
        case .file where entry.storedBytes >= Chunking.largeFromBytes: try takeLarge(entry, target, &reader)
        default:
            let item = try LayerBatch.Item(entry: entry, place: target, data: collect(entry, path, &reader))
            apparentBytes += entry.sizeBytes
            if batch.append(item) { try flush() }
        }
    }

    /// Takes the data of a small file, and notes it in the skeleton.
    private mutating func collect(
        _ entry: TarEntry, _ path: EntryPath, _ reader: inout TarReader
    ) throws(StorageError) -> [ByteSlice] {
        guard entry.storedBytes > 0 else { return [] }
        made[key(path)] = skeleton.beginFile()
        var slices: [ByteSlice] = []
        var position: UInt64 = 0
        while let slice = try reader.nextData() {
            try skeleton.append(slice, of: path, storedAt: position, sparseMap: entry.sparseMap)
            slices.append(slice)
            position += UInt64(slice.count)
        }
        return slices
    }

    /// A large file is written as its data arrives; the last slice to be written finishes it.
    private mutating func takeLarge(
        _ entry: TarEntry, _ place: LayerPlace, _ reader: inout TarReader
    ) throws(StorageError) {
        apparentBytes += entry.sizeBytes
        made[key(place.path)] = skeleton.beginFile()
        let file = SlicedFile(entry, try maker.createFile(entry, place))
        let maker = maker
        var position: UInt64 = 0
        while let slice = try reader.nextData() {
            let start = position
            position += UInt64(slice.count)
            try skeleton.append(slice, of: place.path, storedAt: start, sparseMap: entry.sparseMap)
            try jobs.submit { () throws(StorageError) in
                guard try file.writeAndTellLast(slice, storedAt: start) else { return }
                try maker.finish(file.descriptor, entry)
            }
        }
    }

    /// What an entry met at its place.
    private enum Meeting {
        case nothing
        case directory
        case whiteout
    }

    /// Makes room for an entry at a place where the layer may have put something before; of two entries the later counts.
    private mutating func clear(_ place: LayerPlace, for entry: TarEntry) throws(StorageError) -> Meeting {
        guard let ordinal = made[key(place.path)] ?? impliedMark(place.path) else { return .nothing }
        try settle()
        return try maker.attempt(place.path) { () throws(FileError) -> Result<Meeting, StorageError> in
            guard let status = try place.status() else { return .success(.nothing) }
            if status.isWhiteout, whiteouts.remove(place.path) != nil {
                try place.parent.descriptor.remove(place.name)
                return .success(.whiteout)
            }
            if status.kind == .directory {
                return entry.kind == .directory ? .success(.directory) : .failure(Self.replacesDirectory(place.path))
            }
            if ordinal == Self.noData {
                try place.parent.descriptor.remove(place.name)
            } else {
                let name = Array(String(ordinal).utf8)
                try place.parent.descriptor.rename(place.name, to: try staged.shadowed(), name, mode: .noReplace)
            }
            return .success(.nothing)
        }.get()
    }

    private func impliedMark(_ path: EntryPath) -> UInt64? { parents.implied[path] == nil ? nil : Self.noData }

    private static func replacesDirectory(_ path: EntryPath) -> StorageError {
        StorageError(
            .damaged, object: path.description,
            "entry '\(path.description.printable())' stands where the same layer has a directory",
            hint: "the layer was made by a broken tool; nothing was kept")
    }

    // MARK: Whiteouts

    /// Hides what lower layers have at a name. What this layer has there stays; a directory hides all of theirs.
    private mutating func hide(_ name: ArraySlice<UInt8>, _ entry: TarEntry) throws(StorageError) {
        guard !isLowest, let parent = try findParent(of: entry, makesNew: false), !opaque.contains(parent.path) else {
            return
        }
        let place = LayerPlace(path: parent.path.appending(name), parent: parent.directory)
        if made[key(place.path)] != nil || parents.implied[place.path] != nil {
            try settle()
            let status = try maker.attempt(place.path) { () throws(FileError) in try place.status() }
            if status?.kind == .directory { try markOpaque(place) }
            if status != nil { return }
        }
        try maker.attempt(place.path) { () throws(FileError) in
            try place.parent.descriptor.makeDevice(place.name, kind: .characterDevice, major: 0, minor: 0)
        }
        made[key(place.path)] = Self.noData
        whiteouts.insert(place.path)
        entries += 1
    }

    /// Hides everything that lower layers have in the directory of the entry, wherever the mark stands in the stream.
    private mutating func hideAll(_ entry: TarEntry) throws(StorageError) {
        guard !isLowest, let parent = try findParent(of: entry, makesNew: false) else { return }
        opaque.insert(parent.path)
        // Whiteouts in an opaque directory hide nothing, and overlayfs would show them.
        for path in whiteouts where path.parent == parent.path {
            whiteouts.remove(path)
            made[key(path)] = nil
            try maker.attempt(path) { () throws(FileError) in try parent.directory.descriptor.remove(path.name) }
        }
        if parent.path.isRoot { return }
        let form = form
        try maker.attempt(parent.path) { () throws(FileError) in
            try parent.directory.descriptor.setExtendedAttribute(form.opaque)
        }
    }

    private mutating func markOpaque(_ place: LayerPlace) throws(StorageError) {
        if isLowest { return }
        opaque.insert(place.path)
        let form = form
        try maker.attempt(place.path) { () throws(FileError) in
            try place.parent.descriptor.openDirectory(place.name).setExtendedAttribute(form.opaque)
        }
    }

    /// A root cannot be opaque in overlayfs: every name that only lower layers have gets a whiteout of its own.
    private mutating func hideLowerRoot() throws(StorageError) {
        guard opaque.contains(.root) else { return }
        let names = try maker.attempt(.root) { () throws(FileError) in try lowers.stack().names(in: .root) }
        for name in names where made[key(EntryPath(trusted: name))] == nil {
            try maker.attempt(EntryPath(trusted: name)) { () throws(FileError) in
                try staged.tree.descriptor.makeDevice(name, kind: .characterDevice, major: 0, minor: 0)
            }
            entries += 1
        }
    }

    /// Keeps the data of an entry that has no place in the tree, so that the stream can be given back.
    private mutating func setAside(_ entry: TarEntry, _ reader: inout TarReader) throws(StorageError) {
        guard entry.storedBytes > 0 else { return }
        let ordinal = skeleton.beginFile()
        let file = try maker.attempt(entry.path) { () throws(FileError) in
            SharedDescriptor(try staged.shadowed().createFile(Array(String(ordinal).utf8)))
        }
        var position: UInt64 = 0
        while let slice = try reader.nextData() {
            try skeleton.append(slice, of: entry.path, storedAt: position, sparseMap: nil)
            try maker.attempt(entry.path) { () throws(FileError) in
                try slice.withBytes { (bytes) throws(FileError) in
                    try file.descriptor.writeAll(bytes, at: position)
                }
            }
            position += UInt64(slice.count)
        }
    }

    // MARK: Order

    /// Finishes everything that was begun, so that the disk shows what came before.
    private mutating func settle() throws(StorageError) {
        try flush()
        try jobs.drain()
        let pending = links
        links = []
        for link in pending { try make(link) }
    }

    private mutating func flush() throws(StorageError) {
        let items = batch.takeAll()
        if items.isEmpty { return }
        let (maker, interruption) = (maker, checkpoint.interruption)
        try jobs.submit { () throws(StorageError) in
            for item in items {
                try interruption.check()
                try maker.make(item)
            }
        }
    }

    /// Gives a file a further name. A file of a lower layer is copied up first, with everything it has.
    private func make(_ link: PendingLink) throws(StorageError) {
        let target = EntryPath(trusted: link.entry.linkTarget)
        let time = link.entry.metadata.modifiedAt
        try maker.attempt(link.place.path) { () throws(FileError) -> Result<Void, StorageError> in
            guard let parent = try parents.place(at: target.parent, time: time, makesNew: false) else {
                return .failure(link.missingTarget)
            }
            let place = LayerPlace(path: parent.path.appending(target.name), parent: parent.directory)
            let status = try place.status()
            if status == nil, let lower = try lowers.stack().entry(exactlyAt: place.path) {
                guard lower.status.kind != .directory else { return .failure(link.missingTarget) }
                try maker.copyUp(lower, to: place)
            } else if status == nil || status?.isWhiteout == true || status?.kind == .directory {
                return .failure(link.missingTarget)
            }
            try link.place.parent.descriptor.makeHardLink(link.place.name, to: place.parent.descriptor, place.name)
            return .success(())
        }.get()
    }

    private mutating func findParent(
        of entry: TarEntry, makesNew: Bool
    ) throws(StorageError) -> ParentDirectories.Place? {
        if !parents.isKnown(entry.path.parent) && hasUnfinished(on: entry.path.parent) { try settle() }
        return try maker.attempt(entry.path) { () throws(FileError) in
            try parents.place(at: entry.path.parent, time: entry.metadata.modifiedAt, makesNew: makesNew)
        }
    }

    /// Whether an entry that is no directory, and may still be under way, has the name of a directory on the way to `path`.
    private func hasUnfinished(on path: EntryPath) -> Bool {
        var place = path
        while !place.isRoot {
            if made[key(place)] != nil && directories[place] == nil { return true }
            place = place.parent
        }
        return false
    }

    private func key(_ path: EntryPath) -> UInt64 { XXH64.hash(path.bytes) }

    // MARK: Directories

    /// Directories get their metadata last, deepest first: making an entry changes the times of its directory, and a
    /// directory may forbid its owner to write.
    private mutating func finishDirectories() throws(StorageError) {
        var all = parents.implied
        all.merge(directories) { $1 }
        for (path, attributes) in all.sorted(by: { $1.key < $0.key }) {
            try maker.attempt(path) { () throws(FileError) in
                try maker.apply(attributes, to: try staged.tree.descriptor.openDirectory(beneath: path), path)
            }
        }
        try maker.attempt(.root) { () throws(FileError) in
            guard let attributes = try rootAttributes() else { return }
            try maker.apply(attributes, to: staged.tree.descriptor, .root)
        }
    }

    /// In an overlay the root of the uppermost layer is the root: one that the layer says nothing of is that of the layer
    /// below.
    private func rootAttributes() throws(FileError) -> ParentDirectories.Attributes? {
        if let rootEntry { return maker.attributes(of: rootEntry) }
        guard !isLowest, let below = try lowers.stack().layers.first else { return nil }
        return ParentDirectories.Attributes(
            metadata: try below.descriptor.status().metadata,
            extendedAttributes: try below.descriptor.extendedAttributes().filter {
                !OverlayForm.isReserved($0.name)
            })
    }
}
