import FileTree
import Holdfast
import Images
import Layers
import StorageModel
import TestSupport
import Volumes

/// A store with images that are built in code, and volumes to be populated from them.
struct PopulationFixture {
    let files: StoreFixture
    let store: Store
    private let disk: SmallDisk?

    /// - Parameter diskKiB: gives the store a file system of its own, of that size.
    init(diskKiB: Int? = nil) throws {
        files = try StoreFixture()
        if let diskKiB {
            try Tool.run("mkdir", files.root).check()
            disk = try SmallDisk(at: files.root, sizeKiB: diskKiB)
        } else {
            disk = nil
        }
        store = try files.open()
    }

    /// Leaves so much of the store's own file system.
    func fillDisk(leavingKiB: Int) throws {
        try Tool.script(
            """
            free=$(df -k --output=avail "$1" | tail -1)
            fallocate -l $((free - $2))K "$1/filler"
            """, files.root, "\(leavingKiB)"
        ).check()
    }

    func emptyDisk() { _ = try? Tool.run("rm", "-f", files.root + "/filler") }

    /// Loads an image of these layers, lowest first, called `app:1`.
    func load(_ layers: [[TarMember]], as name: String = "app:1") throws {
        let path = files.directory("image.tar")
        try ImageLayout.docker25.write([try ImageFixture(layers, names: [name])], to: path)
        _ = try store.loadImages(from: .path(path), checkpoint: Checkpoint())
    }

    /// Loads an image of one layer that has what a directory has, packed by tar(1).
    func load(tree: String, as name: String = "app:1") throws {
        let path = files.directory("layer.tar")
        try Tool.run(
            "tar", "-C", tree, "--numeric-owner", "--format=posix", "--sparse", "--acls", "--xattrs",
            "--xattrs-include=*",
            "-cf", path, "."
        ).check()
        _ = try CommandRunner(root: files.root)("image", "import", path, name).check()
    }

    /// What `container create` does for a volume mount.
    func populate(
        _ volume: String, at path: String, image: String = "app:1", subpath: String = "", isPopulated: Bool = true,
        mapping: IdentityMapping? = nil, checkpoint: Checkpoint = Checkpoint(), by other: Store? = nil
    ) throws {
        let store = other ?? store
        let found = try store.images.image(image)
        let mount = VolumeMount(
            name: try VolumeName(volume), subpath: EntryPath(trusted: Array(subpath.utf8)), isPopulated: isPopulated)
        try store.populate(
            mount, destination: try ContainerPath(path), image: found, imageName: image,
            stack: try store.layers.stack(to: found.topLayer), mapping: mapping, isDurable: true,
            checkpoint: checkpoint)
    }

    func population(of volume: String) throws -> VolumePopulation? {
        try store.inspect([VolumeName(volume)])[0].volume.population
    }

    /// `path` of a directory, `path=content` of a file, `path->target` of a link; sorted, by find(1) and cat(1).
    func listing(_ volume: String) throws -> String {
        try Tool.script(
            """
            cd "$1"; find . -mindepth 1 | LC_ALL=C sort | while IFS= read -r path; do
                name=${path#./}
                if [ -L "$path" ]; then echo "$name->$(readlink "$path")"
                elif [ -d "$path" ]; then echo "$name"
                else echo "$name=$(cat "$path")"; fi
            done
            """, files.data(volume)
        ).check().lines.joined(separator: " ")
    }

    /// Mode, owner and time of a volume's root: `755 0:0 1700000000`.
    func root(of volume: String) throws -> String {
        try Tool.run("stat", "-c", "%a %u:%g %Y", files.data(volume)).check().lines[0]
    }
}

/// Lets a long operation be interrupted when it is half-way.
final class InterruptingProgress: ProgressSink {
    let interruption = Interruption()

    func begin(_ phase: String, totalEntries: UInt64?, totalBytes: UInt64?) {}
    func advance(entries: UInt64, bytes: UInt64) { interruption.request() }
    func warn(_ message: String) {}

    var checkpoint: Checkpoint { Checkpoint(progress: self, interruption: interruption) }
}
