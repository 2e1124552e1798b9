internal import Archive
internal import Containers
internal import FileTree
public import StorageModel

/// One side of a copy between the host and a container.
public enum CopyPlace: Hashable, Sendable {
    case host(String)
    /// A path in the container with that name or beginning of an id.
    case container(String, path: String)
    /// A tar stream on standard input or output.
    case stream

    /// Parses `CONTAINER:PATH`, `-`, or a path of the host. A path of the host with a colon begins with `/` or `.`, as Docker
    /// has it.
    public init(_ text: String) {
        if text == "-" {
            self = .stream
        } else if let colon = text.firstIndex(of: ":"), colon != text.startIndex, !text.hasPrefix("/"),
            !text.hasPrefix(".")
        {
            self = .container(String(text[..<colon]), path: String(text[text.index(after: colon)...]))
        } else {
            self = .host(text)
        }
    }
}

extension Store {
    /// Copies files between the host and a container, as `docker cp` does: into existing directories, with or without the
    /// source directory itself, as tar streams on standard input and output.
    ///
    /// Every path in the container is resolved inside its root, in which its volumes, binds and other mounts are, whether the
    /// container is mounted or not; nobody else sees those that are mounted for the copy.
    ///
    /// - Parameters:
    ///   - followsLink: whether a link that is named as the source is followed.
    ///   - keepsOwners: whether owners are kept.
    /// - Returns: what could not be copied as it is.
    public func copy(
        from source: CopyPlace, to target: CopyPlace, followsLink: Bool = false, keepsOwners: Bool = false,
        isDurable: Bool = true, checkpoint: Checkpoint
    ) throws(StorageError) -> [EntryNotice] {
        let copy = ContainerCopy(
            options: .init(followsLink: followsLink, keepsOwners: keepsOwners, isDurable: isDurable),
            checkpoint: checkpoint)
        checkpoint.progress.begin("copying", totalEntries: nil, totalBytes: nil)
        switch (source, target) {
        case (.container(let name, let path), .host(let hostPath)):
            let side = try ContainerSide(self, name)
            let report = try copy.copy(try side.endpoint(path), to: try .host(hostPath))
            withExtendedLifetime(side) {}
            return report.skipped + report.changed
        case (.host(let hostPath), .container(let name, let path)):
            let side = try ContainerSide(self, name)
            let report = try copy.copy(try .host(hostPath), to: try side.endpoint(path))
            withExtendedLifetime(side) {}
            return report.skipped + report.changed
        case (.container(let name, let path), .stream):
            let side = try ContainerSide(self, name)
            let notices = try write(try copy.archive(try side.endpoint(path)))
            withExtendedLifetime(side) {}
            return notices
        case (.stream, .container(let name, let path)):
            let side = try ContainerSide(self, name)
            let input = try standardStream("read") { () throws(FileError) in try Descriptor.standardInput() }
            let report = try copy.extract(input, called: "-", to: try side.endpoint(path))
            withExtendedLifetime(side) {}
            return report.skipped + report.changed
        default:
            throw StorageError(
                .invalidInput, "exactly one side of a copy is a container",
                hint: "write CONTAINER:PATH for it, as in web:/etc/nginx")
        }
    }

    /// Writes a tar to standard output and ends the feed.
    func write(_ feed: TreeTarFeed) throws(StorageError) -> [EntryNotice] {
        defer { feed.finish() }
        let output = try standardStream("write") { () throws(FileError) in try Descriptor.standardOutput() }
        while let chunk = try feed.nextChunk() {
            do throws(FileError) {
                try output.descriptor.writeAll(chunk, at: nil)
            } catch {
                throw StorageError(error, doing: "write to standard output", object: "-")
            }
        }
        return feed.skipped + feed.changed
    }

    func standardStream(
        _ verb: String, _ open: () throws(FileError) -> Descriptor
    ) throws(StorageError) -> SharedDescriptor {
        do throws(FileError) {
            return SharedDescriptor(try open())
        } catch {
            throw StorageError(error, doing: "\(verb) a standard stream", object: "-")
        }
    }
}

/// A container while something is copied from or to it.
private final class ContainerSide {
    private let opened: OpenedContainer
    private let root: SharedDescriptor
    /// What is mounted for the copy, with the leases of volumes.
    private var mounted: (ContainerMounts, HiddenMounts)?
    private let store: Store

    init(_ store: Store, _ name: String) throws(StorageError) {
        self.store = store
        let container = try store.containers.container(name)
        let top = try store.topLayer(of: container)
        if container.mounts.isEmpty {
            (opened, root) = try store.containers.openRoot(of: container, layers: store.layers, top: top)
            mounted = nil
            return
        }
        let tree: SharedMount
        (opened, tree) = try store.containers.openTree(of: container, layers: store.layers, top: top)
        let own: SharedDescriptor
        do throws(FileError) { own = SharedDescriptor(try tree.mount.openRoot()) } catch {
            throw StorageError(error, doing: "mount container '\(container.name)'", object: container.name.rawValue)
        }
        let mounts = try ContainerMounts(
            of: opened, root: own, in: store, includesMemory: true, isUse: false)
        let hidden = try mounts.hidden(in: tree)
        (root, mounted) = (hidden.root, (mounts, hidden))
    }

    deinit {
        guard let (mounts, _) = mounted else { return }
        mounts.release()
        mounted = nil
        store.releaseDevices(of: opened.container)
    }

    func endpoint(_ path: String) throws(StorageError) -> CopyEndpoint {
        let container = opened.container
        let mapping = try container.settings.identityMapping.map { text throws(StorageError) in
            try IdentityMapping(text)
        }
        return try .container(container.name, root: root, path: path, mapping: mapping)
    }
}
