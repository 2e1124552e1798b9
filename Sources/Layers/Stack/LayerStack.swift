package import FileTree
package import StorageModel

/// Several layers seen as one tree, as overlayfs would show them, without mounting anything.
///
/// For single look-ups: what lies at a path, and in which layer. Nothing leads out of the layers: links are followed inside
/// the stack, by descriptors only. Cost of a look-up: a few calls for each component and layer.
package struct LayerStack: Sendable {
    /// The roots of the layers' trees, the uppermost first.
    package let layers: [SharedDescriptor]
    package let form: OverlayForm

    package init(_ layers: [SharedDescriptor], form: OverlayForm) {
        self.layers = layers
        self.form = form
    }

    package var isEmpty: Bool { layers.isEmpty }

    /// What lies at a place, and where it really lies.
    package struct Entry: Sendable {
        /// The place with all links on the way resolved.
        package let path: EntryPath
        package let status: FileStatus
        /// The directory of the layer that holds it.
        package let parent: SharedDescriptor

        package var name: ArraySlice<UInt8> { path.name }
    }

    /// A directory of the stack: the directories of the layers that it is made of, the uppermost first.
    struct Directory: Sendable {
        let path: EntryPath
        let parts: [SharedDescriptor]
    }

    /// The longest chain of links that is followed, as the kernel has it (`MAXSYMLINKS`).
    private static let linkLimit = 40

    /// The entry at `path`, in which directories may be links; the entry itself is not followed.
    ///
    /// - Returns: `nil` if there is none.
    package func entry(at path: EntryPath) throws(FileError) -> Entry? {
        if path.isRoot { return nil }
        guard let parent = try directory(at: path.parent) else { return nil }
        return try entry(named: path.name, in: parent)
    }

    /// The entry at `path`, itself followed too if it is a link; `nil` if there is none, or the links lead nowhere.
    package func followedEntry(at path: EntryPath) throws(FileError) -> Entry? {
        var path = path
        for _ in 0...Self.linkLimit {
            guard let entry = try entry(at: path) else { return nil }
            guard entry.status.kind == .symbolicLink else { return entry }
            let target = try entry.parent.descriptor.readLink(entry.name)
            let components = target.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
            let base = target.first == UInt8(ascii: "/") ? EntryPath.root : entry.path.parent
            // Resolved with what `..` means in the tree, not in the text: of the directory that the link is in.
            path = components.reduce(base) { $0.appending($1) }
            if components.last?.elementsEqual("..".utf8) ?? true { return nil }
        }
        return nil
    }

    /// The entry at `path` itself, if no component of it is a link.
    package func entry(exactlyAt path: EntryPath) throws(FileError) -> Entry? {
        var current = Directory(path: .root, parts: layers)
        let components = path.components
        for (index, component) in components.enumerated() {
            guard let entry = try entry(named: component, in: current) else { return nil }
            if index == components.count - 1 { return entry }
            guard entry.status.kind == .directory else { return nil }
            current = try directory(entry, in: current)
        }
        return nil
    }

    /// Where the directory at `path` really lies, with all links resolved; `nil` if there is none.
    package func resolvedPath(ofDirectory path: EntryPath) throws(FileError) -> EntryPath? {
        try directory(at: path)?.path
    }

    /// The directory at `path`, links followed inside the stack; `nil` if there is none.
    func directory(at path: EntryPath) throws(FileError) -> Directory? {
        if case .directory(let directory) = try resolve(path) { directory } else { nil }
    }

    /// What a path leads to, links followed inside the stack, in the last component too.
    enum Resolution: Sendable {
        case missing
        case directory(Directory)
        case other(EntryPath, EntryKind)
    }

    func resolve(_ path: EntryPath) throws(FileError) -> Resolution {
        var pending = path.components.map(Array.init)[...]
        var trail = [Directory(path: .root, parts: layers)]
        var links = 0
        while let component = pending.popFirst() {
            guard let current = trail.last else { return .missing }
            if component == Array("..".utf8) {
                if trail.count > 1 { trail.removeLast() }
                continue
            }
            guard let entry = try entry(named: component[...], in: current) else { return .missing }
            switch entry.status.kind {
            case .directory: trail.append(try directory(entry, in: current))
            case .symbolicLink:
                links += 1
                guard links <= Self.linkLimit else { return .missing }
                let target = try entry.parent.descriptor.readLink(entry.name)
                if target.first == UInt8(ascii: "/") { trail = [Directory(path: .root, parts: layers)] }
                let parts = target.split(separator: UInt8(ascii: "/")).map(Array.init)
                pending = parts.filter { $0 != [UInt8(ascii: ".")] } + pending
            case let kind: return pending.isEmpty ? .other(entry.path, kind) : .missing
            }
        }
        return trail.last.map { .directory($0) } ?? .missing
    }

    /// The names in the directory at `path`, in byte order; none if there is no such directory.
    package func names(in path: EntryPath) throws(FileError) -> [[UInt8]] {
        guard let directory = try directory(at: path) else { return [] }
        var hidden = Set<[UInt8]>()
        var names = Set<[UInt8]>()
        for part in directory.parts {
            for entry in try part.descriptor.entries() where !hidden.contains(entry.name) && !names.contains(entry.name)
            {
                let mayBeWhiteout = entry.kindHint == nil || entry.kindHint == .characterDevice
                if mayBeWhiteout, try Self.status(of: entry.name[...], in: part)?.isWhiteout == true {
                    hidden.insert(entry.name)
                } else {
                    names.insert(entry.name)
                }
            }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// The entry of that name in a directory of the stack.
    func entry(named name: ArraySlice<UInt8>, in directory: Directory) throws(FileError) -> Entry? {
        for part in directory.parts {
            guard let status = try Self.status(of: name, in: part) else { continue }
            if status.isWhiteout { return nil }
            return Entry(path: directory.path.appending(name), status: status, parent: part)
        }
        return nil
    }

    /// The directory that an entry stands for: its parts in this layer and in those below, up to the first opaque one.
    private func directory(_ entry: Entry, in parent: Directory) throws(FileError) -> Directory {
        var parts: [SharedDescriptor] = []
        for part in parent.parts {
            guard let status = try Self.status(of: entry.name, in: part) else { continue }
            guard status.kind == .directory else { break }
            let opened = SharedDescriptor(try part.descriptor.openDirectory(entry.name))
            parts.append(opened)
            if try form.isOpaque(opened.descriptor) { break }
        }
        return Directory(path: entry.path, parts: parts)
    }

    private static func status(
        of name: ArraySlice<UInt8>, in directory: SharedDescriptor
    ) throws(FileError) -> FileStatus? {
        do throws(FileError) {
            return try directory.descriptor.status(of: name)
        } catch  where error.errno == .noEntry {
            return nil
        }
    }
}
