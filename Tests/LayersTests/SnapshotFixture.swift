import FileTree
import Layers
import StorageModel
import TestSupport
import Testing

/// Layers that are made as containers make them: a writable layer is mounted on those below, changed, and committed.
final class SnapshotFixture {
    let store: LayerFixture
    private let scratch: Descriptor
    private var places = 0

    init() throws {
        store = try LayerFixture()
        scratch = try Descriptor.openDirectory(atHostPath: try store.directory.makeDirectory("scratch"))
    }

    private func makePlace(_ names: String...) throws -> String {
        places += 1
        let place = try store.directory.makeDirectory("place-\(places)")
        for name in names { try Tool.run("mkdir", "\(place)/\(name)").check() }
        return place
    }

    private func trees(_ top: Digest?) throws -> [SharedDescriptor] {
        let trees = try store.layers.stack(to: top).layers
        if !trees.isEmpty { return trees }
        return [SharedDescriptor(try Descriptor.openDirectory(atHostPath: try makePlace()))]
    }

    /// Changes what lies on `top`, and commits the changes.
    ///
    /// - Returns: the new layer.
    func commit(on top: Digest?, _ change: (_ root: String) throws -> Void) throws -> Digest {
        let place = try makePlace("upper", "work", "merged")
        let upper = SharedDescriptor(try Descriptor.openDirectory(atHostPath: place + "/upper"))
        let work = SharedDescriptor(try Descriptor.openDirectory(atHostPath: place + "/work"))
        // As a container's upper directory is made: like the root that it lies on.
        if let top {
            try Tool.script(
                "chmod --reference=\"$1\" \"$2\"; chown --reference=\"$1\" \"$2\"", store.tree(top), place + "/upper"
            )
            .check()
        }
        try attached(place, OverlayMount.Changes(upper: upper, work: work), top, change)
        return try store.add(changesIn: upper, on: top)
    }

    /// Shows what the layers are, read-only, while `body` runs.
    func view<Result>(_ top: Digest, _ body: (_ root: String) throws -> Result) throws -> Result {
        try attached(try makePlace("merged"), nil, top, body)
    }

    private func attached<Result>(
        _ place: String, _ changes: OverlayMount.Changes?, _ top: Digest?, _ body: (String) throws -> Result
    ) throws -> Result {
        let directory = try Descriptor.openDirectory(atHostPath: place)
        // One layer alone would be shown as it is on disk, whiteouts included.
        let empty = SharedDescriptor(try Descriptor.openDirectory(atHostPath: try makePlace()))
        let mount = try OverlayMount.make(
            lowers: try trees(top) + [empty], changes: changes, scratch: scratch, doing: "mount", object: "a test")
        try mount.attach(to: directory, "merged".utf8)
        defer { _ = try? Unmounting.detach("merged".utf8, in: directory) }
        return try body(place + "/merged")
    }
}
