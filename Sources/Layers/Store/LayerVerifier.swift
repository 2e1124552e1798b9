internal import Archive
internal import FileTree
internal import Glibc
package import StorageModel

/// Finds out whether a committed layer is still what was unpacked: every byte, name, owner, mode, time and attribute.
///
/// The layer's tar is put together again from its skeleton, which compares each file's content; the tar's digest must be the
/// layer's; what each header says must be what lies in the tree; and nothing else may lie there. Cost: reading the layer.
package struct LayerVerifier {
    private let layer: Layer
    private let store: LayerStore
    private let checkpoint: Checkpoint
    private let tree: SharedDescriptor
    /// The layer with everything below it: a parent may be a link of a lower layer.
    private let stack: LayerStack
    private let isPrivileged = geteuid() == 0
    private var lastParent: Place?
    private var findings: [String] = []
    /// What the latest entry of a place says is wrong there; an earlier entry of the same place does not count.
    private var faults: [EntryPath: String] = [:]
    /// The hashes of the places that entries were put at.
    private var known = Set<UInt64>()

    /// So many findings are told; further ones are counted.
    private static let findingLimit = 20

    package init(_ layer: Layer, in store: LayerStore, checkpoint: Checkpoint) throws(StorageError) {
        self.layer = layer
        self.store = store
        self.checkpoint = checkpoint
        tree = try store.tree(of: layer.chainID)
        stack = try store.stack(to: layer.chainID)
    }

    /// - Returns: what is wrong, in words; empty for a sound layer.
    /// - Throws: only if the layer cannot be read at all, or ``StorageError/interrupted``.
    package consuming func run() throws(StorageError) -> [String] {
        do throws(StorageError) {
            try compareTar()
            try findStrangers()
        } catch {
            guard error.code == .damaged || error.code == .truncated || error.code == .limitExceeded else {
                throw error
            }
            findings.append(error.message)
        }
        let all = findings + faults.sorted { $0.key < $1.key }.map { "'\($0.key.description.printable())' \($0.value)" }
        guard all.count > Self.findingLimit else { return all }
        return all.prefix(Self.findingLimit) + ["and \(all.count - Self.findingLimit) more"]
    }

    private mutating func compareTar() throws(StorageError) {
        let tar = try store.tar(of: layer.chainID, checkpoint: checkpoint)
        let digesting = DigestingFeed(tar)
        defer {
            tar.finish()
            digesting.finish()
        }
        var reader = TarReader(digesting, limits: ArchiveLimits())
        while let entry = try reader.nextEntry() {
            try checkpoint.interruption.check()
            try reader.skipData()
            try compare(entry)
            checkpoint.progress.advance(entries: 1, bytes: entry.storedBytes)
        }
        try reader.drain()
        if digesting.finish() != layer.diffID { findings.append("its tar has another digest than \(layer.diffID)") }
    }

    private mutating func compare(_ entry: TarEntry) throws(StorageError) {
        switch WhiteoutName(entry.path.name) {
        case .ordinary: break
        case .whiteout(let target):
            if let path = try resolve(entry.path.parent)?.path { known.insert(key(path.appending(target))) }
            return
        case .opaque, .ignored, .invalid: return
        }
        if entry.path.isRoot { return }
        guard let parent = try resolve(entry.path.parent) else {
            faults[entry.path] = "has lost its directory"
            return
        }
        let path = parent.path.appending(entry.path.name)
        known.insert(key(path))
        if entry.kind == .hardLink, let target = try resolve(EntryPath(trusted: entry.linkTarget).parent) {
            // A file of a lower layer that was copied up for the link has no entry of its own.
            known.insert(key(target.path.appending(EntryPath(trusted: entry.linkTarget).name)))
        }
        do throws(FileError) {
            faults[path] = try difference(of: entry, in: parent.directory)
        } catch {
            faults[path] = error.errno == .noEntry ? "is missing" : "cannot be examined: \(error.errno)"
        }
    }

    /// What lies there is not what the entry says; `nil` if it is.
    private func difference(of entry: TarEntry, in directory: SharedDescriptor) throws(FileError) -> String? {
        let name = entry.path.name
        if entry.kind == .characterDevice && entry.deviceMajor == 0 && entry.deviceMinor == 0 { return nil }
        let status = try directory.descriptor.status(of: name)
        if entry.kind == .hardLink { return status.kind == .directory ? "is a directory, not a file" : nil }
        guard status.kind == entry.kind else { return "is a \(status.kind.word), not a \(entry.kind.word)" }
        if isPrivileged && (status.uid != entry.metadata.uid || status.gid != entry.metadata.gid) {
            return "belongs to \(status.uid):\(status.gid), not \(entry.metadata.uid):\(entry.metadata.gid)"
        }
        if entry.kind == .symbolicLink {
            return try directory.descriptor.readLink(name) == entry.linkTarget ? nil : "leads elsewhere"
        }
        // With an access control list the group's bits are its mask, which a header need not know.
        let hasList = entry.extendedAttributes.contains { $0.name == "system.posix_acl_access" }
        let compared: UInt16 = hasList ? 0o7707 : 0o7777
        if status.mode & compared != entry.metadata.mode & compared {
            return "has mode \(String(status.mode, radix: 8)), not \(String(entry.metadata.mode, radix: 8))"
        }
        if status.modifiedAt != entry.metadata.modifiedAt { return "has another modification time" }
        if entry.kind == .file && status.sizeBytes != entry.sizeBytes { return "has another size" }
        // A list of the three entries that are the mode itself is not kept by the kernel.
        let wanted = entry.extendedAttributes.filter {
            isKept($0.name) && !($0.name == "system.posix_acl_access" && $0.value.count == 4 + 3 * 8)
        }
        guard !wanted.isEmpty else { return nil }
        let found = try directory.descriptor.extendedAttributes(of: name).map(Self.canonical)
        return wanted.map(Self.canonical).allSatisfy(found.contains) ? nil : "has other attributes"
    }

    /// The kernel keeps the entries of an access control list in an order of its own: 8 bytes each, behind 4 of version.
    private static func canonical(_ attribute: ExtendedAttribute) -> ExtendedAttribute {
        guard attribute.name.hasPrefix("system.posix_acl_"), attribute.value.count > 4 else { return attribute }
        let entries = stride(from: 4, to: attribute.value.count, by: 8).map { start in
            Array(attribute.value[start..<min(start + 8, attribute.value.count)])
        }
        let sorted = entries.sorted { $0.lexicographicallyPrecedes($1) }
        return ExtendedAttribute(name: attribute.name, value: attribute.value.prefix(4) + sorted.flatMap { $0 })
    }

    private func isKept(_ name: String) -> Bool {
        !OverlayForm.isReserved(name) && name != "security.selinux" && isPrivileged
    }

    /// Names in the tree that no entry put there. Directories on the way to an entry may be implied.
    private mutating func findStrangers() throws(StorageError) {
        let walk: OrderedWalk
        do throws(FileError) {
            walk = try OrderedWalk(root: tree.descriptor, options: .init())
        } catch {
            throw StorageError(error, doing: "read layer \(layer.chainID.short)", object: layer.chainID.description)
        }
        var strangers: [EntryPath] = []
        var unread: [EntryPath] = []
        try walk.forEach { (entry) throws(StorageError) in
            try checkpoint.interruption.check()
            if entry.status.kind == .directory || entry.status.isWhiteout || known.contains(key(entry.path)) { return }
            strangers.append(entry.path)
        } onError: { path, _ in
            unread.append(path)
        }
        for path in strangers { faults[path] = faults[path] ?? "was not part of the layer" }
        for path in unread { faults[path] = "cannot be read" }
    }

    /// A directory of the layer's tree.
    private struct Place {
        let asked: EntryPath
        /// With all links resolved.
        let path: EntryPath
        let directory: SharedDescriptor
    }

    private mutating func resolve(_ path: EntryPath) throws(StorageError) -> Place? {
        if let lastParent, lastParent.asked == path { return lastParent }
        let place: Place?
        do throws(FileError) {
            place = try find(path)
        } catch  where error.errno == .noEntry || error.errno == .notDirectory {
            place = nil
        } catch {
            throw StorageError(error, doing: "read layer \(layer.chainID.short)", object: layer.chainID.description)
        }
        lastParent = place
        return place
    }

    private func find(_ path: EntryPath) throws(FileError) -> Place? {
        do throws(FileError) {
            return Place(
                asked: path, path: path, directory: SharedDescriptor(try tree.descriptor.openDirectory(beneath: path)))
        } catch  where error.errno == .tooManyLevels || error.errno == .noEntry || error.errno == .notDirectory {
            guard let resolved = try stack.resolvedPath(ofDirectory: path) else { return nil }
            let directory = SharedDescriptor(try tree.descriptor.openDirectory(beneath: resolved))
            return Place(asked: path, path: resolved, directory: directory)
        }
    }

    private func key(_ path: EntryPath) -> UInt64 { XXH64.hash(path.bytes) }
}
