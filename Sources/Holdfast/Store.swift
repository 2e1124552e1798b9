package import Catalog
package import Containers
package import FileTree
package import Images
package import Layers
public import StorageModel
package import Volumes

/// A store: one directory with everything that Holdfast keeps, and the one façade of all that can be done with it.
///
/// ```swift
/// let store = try Store.open()
/// let made = try store.createVolume(VolumeRequest(name: try VolumeName("pg"), labels: ["app": "shop"]))
/// print(store.mountpoint(of: made.volume.name))       // /var/lib/holdfast/volumes/pg/_data
/// try store.removeVolume(made.volume.name)
/// ```
///
/// There is no daemon. Any number of processes may have the same store open; each change is one short transaction of the
/// catalog, and leases (`flock(2)`) that end with their process keep long work apart. Calls block, are safe from any
/// thread, and are on disk when they return unless the caller asked otherwise. After a crash or a power cut the next
/// open sweeps what was not finished.
///
/// ## Words
/// One word for each idea, here, in commands, in JSON and in tables:
///
/// - *volume*: data that outlives containers, with a name, labels and a directory `_data` that containers mount;
///   *anonymous* if its name was made up.
/// - *mountpoint*: the host path of a volume's data.
/// - *protected*: refused by every removal until it is unprotected.
/// - *lease*: who works on a volume right now: shared by readers (a backup), exclusive for removal and replacement.
/// - *holder*: a process, or a mount, that uses a volume's data without Holdfast's doing.
/// - *image*: a configuration and the layers that it names; *layer*: an immutable tree, committed under its chain id.
/// - *container*: a writable layer (*upper*) on an image, and how its process would be started.
/// - *archive*: a backup file, a `.tar.zst` with a table of contents.
/// - *source*, *target*: what a backup reads, what a restore fills: a volume or a directory of the host.
/// - *staging*: where work in progress lies; *trash*: where removed trees lie until they are deleted. Nothing in either
///   is true.
/// - *publish*: make finished work visible, in one step.
/// - *allocated bytes*: what a tree takes on disk, as `du` counts; *apparent bytes*: the sizes of its files.
///
/// ## Topics
/// ### Opening
/// - ``open(at:create:sweeps:)``
/// - ``rootPath``
/// - ``leftovers``
/// ### Volumes
/// - ``createVolume(_:)``
/// - ``volumes(matching:)``
/// - ``volumeDetails(matching:)``
/// - ``inspect(_:)``
/// - ``mountpoint(of:)``
/// - ``usage(of:)``
/// - ``setProtection(of:to:)``
/// - ``updateVolume(_:setting:removing:)``
/// - ``renameVolume(_:to:)``
/// - ``cloneVolume(_:checkpoint:)``
/// - ``copyVolumeFiles(from:to:followsLink:keepsOwners:isDurable:checkpoint:)``
/// - ``exportVolume(_:to:replaces:isDurable:checkpoint:)``
/// - ``importVolume(_:from:mode:forces:isDurable:checkpoint:)``
/// - ``removeVolume(_:force:)``
/// - ``pruneVolumes(matching:all:isDryRun:checkpoint:)``
/// - ``seedVolume(_:image:path:force:isDurable:checkpoint:)``
/// - ``seedDifferences(_:image:path:checkpoint:)``
/// ### Usage
/// - ``recordUsage(_:now:)``
/// - ``usageHistory(of:since:now:)``
/// - ``lastUsage(of:now:)``
/// - ``usageDifference(_:since:)``
/// ### Images
/// - ``loadImages(from:platform:isDurable:checkpoint:)``
/// - ``saveImages(_:to:replaces:isDurable:checkpoint:)``
/// - ``importImage(from:as:changes:comment:platform:isDurable:checkpoint:)``
/// - ``pullImage(_:platform:options:isDurable:checkpoint:)``
/// - ``pushImage(_:as:options:checkpoint:)``
/// - ``imageSummaries()``
/// - ``inspectImage(_:)``
/// - ``tagImage(_:as:)``
/// - ``removeImage(_:force:)``
/// - ``pruneImages(all:isDryRun:)``
/// ### Containers
/// - ``createContainer(_:)``
/// - ``containerDetails()``
/// - ``inspectContainer(_:)``
/// - ``mountContainer(_:includesVolumes:)``
/// - ``unmountContainer(_:)``
/// - ``changes(inContainer:checkpoint:)``
/// - ``exportContainer(_:to:replaces:isDurable:checkpoint:)``
/// - ``commitContainer(_:as:changes:author:comment:isDurable:checkpoint:)``
/// - ``copy(from:to:followsLink:keepsOwners:isDurable:checkpoint:)``
/// - ``writeBundle(ofContainer:to:hasTerminal:)``
/// - ``runContainer(_:runtime:)``
/// - ``removeContainer(_:force:)``
/// - ``pruneContainers(isDryRun:checkpoint:)``
/// ### Mounts
/// - ``MountArguments``
/// - ``planMounts(_:image:)``
/// - ``planMounts(ofContainer:)``
/// ### Compose files
/// - ``composeUp(_:isDurable:)``
/// - ``composeDown(_:removesVolumes:)``
/// - ``composeConfiguration(_:)``
/// ### Space
/// - ``diskFree(_:checkpoint:)``
/// ### Checking
/// - ``checkMounts(_:at:)``
/// - ``checkMounts(_:)``
/// - ``checkMounts(_:for:image:)``
/// - ``check(readsData:repairs:checkpoint:)``
public final class Store: Sendable {
    /// The store's directory, absolute and without symbolic links.
    public let rootPath: String

    /// What an earlier crash left behind and could not be deleted when the store was opened. It takes space, nothing else.
    public let leftovers: [StorageError]

    package let volumes: Volumes
    package let layers: LayerStore
    package let images: ImageStore
    package let containers: ContainerStore
    package let catalog: Catalog
    /// The store's root directory.
    package let root: Descriptor
    /// `staging/` below the root.
    package let staging: Descriptor

    /// Opens the store, and makes it if it is missing.
    ///
    /// Cost: about 1 ms, and with the sweep a listing of the names of everything in the store; more if a crash left something,
    /// or if the store is migrated from an older version.
    ///
    /// - Parameters:
    ///   - path: the store's directory; `nil` for `HOLDFAST_ROOT`, else `/var/lib/holdfast` for root and
    ///     `$XDG_DATA_HOME/holdfast` or `~/.local/share/holdfast` for others.
    ///   - create: whether a missing store is made.
    ///   - sweeps: whether leftovers of crashes are looked for. They take space, nothing else: who opens the store for every
    ///     container that is started may leave them to others.
    /// - Throws: ``StorageError/Code/invalidInput`` for a relative path, ``StorageError/Code/notFound``,
    ///   ``StorageError/Code/conflict`` if something else is at the path, ``StorageError/Code/permissionDenied``,
    ///   ``StorageError/Code/tooNew`` for a store of a newer version, ``StorageError/Code/damaged``,
    ///   ``StorageError/Code/noSpace``.
    public static func open(
        at path: String? = nil, create: Bool = true, sweeps: Bool = true
    ) throws(StorageError) -> Store {
        try Store(try StoreDirectory.open(at: try StoreLocation.resolve(path), create: create), sweeps: sweeps)
    }

    private init(_ directory: consuming StoreDirectory, sweeps: Bool) throws(StorageError) {
        rootPath = directory.hostPath
        catalog = try Catalog(in: directory.root, hostPath: directory.hostPath)
        let prefix = directory.hostPath == "/" ? "" : directory.hostPath
        do throws(FileError) {
            volumes = Volumes(
                catalog: catalog, directory: try directory.volumes.duplicate(),
                staging: try directory.staging.duplicate(), trash: try directory.trash.duplicate(),
                hostPath: "\(prefix)/volumes")
            layers = LayerStore(
                catalog: catalog, directory: try directory.layers.duplicate(), trash: try directory.trash.duplicate())
            images = ImageStore(
                catalog: catalog, blobs: try directory.blobs.duplicate(), trash: try directory.trash.duplicate())
            containers = ContainerStore(
                catalog: catalog, directory: try directory.containers.duplicate(),
                staging: try directory.staging.duplicate(), trash: try directory.trash.duplicate(),
                hostPath: "\(prefix)/containers")
            root = try directory.root.duplicate()
            staging = try directory.staging.duplicate()
            leftovers =
                sweeps
                ? StoreSweep.run(
                    volumes, layers, images, containers, staging: staging, trash: directory.trash,
                    rootPath: directory.hostPath)
                : []
        } catch {
            throw StorageError(
                error, doing: "open the store at '\(directory.hostPath.printable())'", object: directory.hostPath)
        }
    }
}
