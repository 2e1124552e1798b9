internal import FileTree
internal import StorageModel

/// Finds, and where needed makes, the directories of a layer that entries are put into.
///
/// Paths in a layer mean places in the tree that the layer is applied to: a parent may be a link, of this layer or of one
/// below, and is followed inside the root (images of merged-usr distributions rely on it). A parent that the layer does not
/// name is made with the attributes that it has in the layers below, because in an overlay it stands for theirs too.
/// Opened directories are kept for a while. Used by one thread.
final class ParentDirectories {
    /// A directory of the layer's tree.
    struct Place: Sendable {
        /// With all links resolved.
        let path: EntryPath
        let directory: SharedDescriptor
    }

    /// Metadata that a directory shall get at the end.
    struct Attributes: Sendable {
        let metadata: EntryMetadata
        let extendedAttributes: [ExtendedAttribute]
    }

    private let root: SharedDescriptor
    private let lowers: LowerLayers
    private let form: OverlayForm
    private var known: [EntryPath: Place] = [:]
    /// Directories that were made here because entries lie in them.
    private(set) var implied: [EntryPath: Attributes] = [:]
    /// Told of a whiteout of this layer where a directory must be.
    var removesWhiteout: (Place, ArraySlice<UInt8>) throws(FileError) -> Void = { _, _ in }

    private static let capacity = 512
    private static let linkLimit = 40

    init(_ root: SharedDescriptor, lowers: LowerLayers, form: OverlayForm) {
        self.root = root
        self.lowers = lowers
        self.form = form
    }

    /// The directory at `path`.
    ///
    /// - Parameters:
    ///   - time: the modification time of a directory that neither this layer nor one below has.
    ///   - makesNew: whether such a directory is made; without it the result is `nil` instead.
    func place(at path: EntryPath, time: Timestamp, makesNew: Bool = true) throws(FileError) -> Place? {
        if let place = known[path] { return place }
        let place: Place
        do throws(FileError) {
            place = Place(path: path, directory: SharedDescriptor(try root.descriptor.openDirectory(beneath: path)))
        } catch {
            switch error.errno {
            case .noEntry, .tooManyLevels, .notDirectory:
                guard let found = try walk(to: path, time, makesNew) else { return nil }
                place = found
            default: throw error
            }
        }
        if known.count >= Self.capacity { known.removeAll(keepingCapacity: true) }
        known[path] = place
        return place
    }

    /// Whether the directory at `path` is open already.
    func isKnown(_ path: EntryPath) -> Bool { path.isRoot || known[path] != nil }

    /// The directory at `path` was named by an entry of the layer.
    func noteExplicit(_ path: EntryPath) { implied[path] = nil }

    private func walk(to path: EntryPath, _ time: Timestamp, _ makesNew: Bool) throws(FileError) -> Place? {
        var pending = path.components.map(Array.init)[...]
        var trail = [Place(path: .root, directory: root)]
        var links = 0
        while let component = pending.popFirst() {
            if component == Array("..".utf8) {
                if trail.count > 1 { trail.removeLast() }
                continue
            }
            let current = trail[trail.count - 1]
            switch try step(component[...], from: current, time, makesNew) {
            case .directory(let place): trail.append(place)
            case .missing: return nil
            case .link(let target):
                links += 1
                guard links <= Self.linkLimit else {
                    throw FileError("openat2", path: path.description.printable(), errno: .tooManyLevels)
                }
                if target.first == UInt8(ascii: "/") { trail = [Place(path: .root, directory: root)] }
                let parts = target.split(separator: UInt8(ascii: "/")).map(Array.init)
                pending = parts.filter { $0 != [UInt8(ascii: ".")] } + pending
            }
        }
        return trail[trail.count - 1]
    }

    private enum Step {
        case directory(Place)
        case link([UInt8])
        case missing
    }

    private func step(
        _ name: ArraySlice<UInt8>, from current: Place, _ time: Timestamp, _ makesNew: Bool
    ) throws(FileError) -> Step {
        let path = current.path.appending(name)
        let directory = current.directory
        do throws(FileError) {
            let status = try directory.descriptor.status(of: name)
            switch status.kind {
            case .directory: return .directory(try open(name, path, in: directory))
            case .symbolicLink: return .link(try directory.descriptor.readLink(name))
            case _ where status.isWhiteout:
                try removesWhiteout(current, name)
                let place = try make(name, path, in: directory, Self.plain(time))
                // What the whiteout hid stays hidden.
                try place.directory.descriptor.setExtendedAttribute(form.opaque)
                return .directory(place)
            default: throw FileError("openat", path: path.description.printable(), errno: .notDirectory)
            }
        } catch  where error.errno == .noEntry {}
        let lower = try lowers.stack().entry(exactlyAt: path)
        if let lower, lower.status.kind == .symbolicLink {
            return .link(try lower.parent.descriptor.readLink(lower.name))
        }
        if let lower, lower.status.kind == .directory {
            let original = try lower.parent.descriptor.openDirectory(lower.name)
            let attributes = try original.extendedAttributes().filter { !OverlayForm.isReserved($0.name) }
            return .directory(
                try make(
                    name, path, in: directory,
                    Attributes(metadata: lower.status.metadata, extendedAttributes: attributes)))
        }
        guard makesNew else { return .missing }
        return .directory(try make(name, path, in: directory, Self.plain(time)))
    }

    private func open(
        _ name: ArraySlice<UInt8>, _ path: EntryPath, in directory: SharedDescriptor
    ) throws(FileError) -> Place {
        Place(path: path, directory: SharedDescriptor(try directory.descriptor.openDirectory(name)))
    }

    private func make(
        _ name: ArraySlice<UInt8>, _ path: EntryPath, in directory: SharedDescriptor, _ attributes: Attributes
    ) throws(FileError) -> Place {
        try directory.descriptor.makeDirectory(name, mode: 0o700)
        implied[path] = attributes
        return try open(name, path, in: directory)
    }

    private static func plain(_ time: Timestamp) -> Attributes {
        Attributes(
            metadata: EntryMetadata(mode: 0o755, uid: 0, gid: 0, modifiedAt: time), extendedAttributes: [])
    }
}
