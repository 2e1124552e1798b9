package import FileTree
internal import Glibc
package import StorageModel

/// The data of another engine's volume, and a lease that keeps other Holdfast processes from replacing it meanwhile. The
/// engine and its containers know nothing of the lease.
package final class OpenedEngineVolume: Sendable {
    package let volume: EngineVolume
    /// What containers see: the volume's directory, or what its options have mounted on it.
    package let data: Descriptor
    private let lease: Lease?
    /// What keeps the data in place that this process mounted for itself.
    private let mount: DetachedMount?

    init(
        _ volume: EngineVolume, _ data: consuming Descriptor, lease: consuming Lease?,
        mount: consuming DetachedMount? = nil
    ) {
        self.volume = volume
        self.data = data
        self.lease = lease
        self.mount = mount
    }
}

extension EngineClient {
    /// Opens the data of a volume for reading.
    ///
    /// A volume with a `device` is mounted by its engine only while a container uses it. Its data is what is mounted now, or
    /// the directory that would be bound, or else the device, mounted for this process alone; there is always data or an
    /// error, never an empty directory that only stands for it.
    ///
    /// - Throws: ``StorageError/Code/notFound``; ``StorageError/Code/system`` if the data cannot be had, saying why;
    ///   ``StorageError/Code/damaged`` if it is not where the engine says; ``StorageError/Code/inUse`` while Holdfast restores
    ///   into it.
    package func open(_ name: VolumeName) throws(StorageError) -> OpenedEngineVolume {
        try open(try volume(named: name))
    }

    /// The same of a volume that the engine has just told of.
    package func open(_ volume: EngineVolume) throws(StorageError) -> OpenedEngineVolume {
        guard volume.driver == EngineVolume.localDriver else { return try openForeign(volume) }
        let device = EngineDevice(volume)
        let place = try placeOnThisHost(volume)
        let lease = try Self.takeLease(on: place, volume, .shared)
        guard let device else {
            return OpenedEngineVolume(volume, try place.openData(volume), lease: lease)
        }
        // The directory that is bound is the same whether or not it is mounted, and is there in any mount namespace.
        if let path = device.boundPath {
            return OpenedEngineVolume(volume, try device.open(path, volume), lease: lease)
        }
        if try place.isMounted(volume) {
            return OpenedEngineVolume(volume, try place.openData(volume), lease: lease)
        }
        let mount = try device.mount(volume)
        let root = try Self.attempt(volume) { () throws(FileError) in try mount.openRoot() }
        return OpenedEngineVolume(volume, root, lease: lease, mount: mount)
    }

    /// A volume of a plugin: the data is where the plugin says, if it is anywhere at the moment.
    private func openForeign(_ volume: EngineVolume) throws(StorageError) -> OpenedEngineVolume {
        let path = volume.mountpoint
        let isPlausible =
            path.hasPrefix("/") && !path.utf8.contains(0)
            && path.split(separator: "/").allSatisfy { $0 != "." && $0 != ".." } && path.contains { $0 != "/" }
        guard isPlausible else {
            throw StorageError(
                .system, object: volume.reference.description,
                "the driver '\(volume.driver.printable(limit: 80))' of '\(volume.reference)' has its data nowhere on this "
                    + "host" + (path.isEmpty ? "" : ": it says '\(path.printable(limit: 200))'"),
                hint: "start a container that uses it, then try again")
        }
        let host = try host()
        guard host == Self.thisHost else { throw elsewhere(volume, host) }
        do throws(FileError) {
            return OpenedEngineVolume(volume, try Descriptor.openDirectory(atHostPath: path), lease: nil)
        } catch {
            throw EngineVolumePlace.failure(error, volume)
        }
    }

    /// The directory of a volume of driver `local`, once it is certain that it is that volume's.
    func placeOnThisHost(_ volume: EngineVolume) throws(StorageError) -> EngineVolumePlace {
        let place: EngineVolumePlace
        do throws(StorageError) {
            place = try EngineVolumePlace(of: volume)
        } catch  where error.code == .damaged {
            // Nothing is there: most likely the engine speaks of another host.
            let host = try host()
            throw host == Self.thisHost ? error : elsewhere(volume, host)
        }
        let directories = try Self.attempt(volume) { () throws(FileError) in
            [try place.home.status(), try place.home.status(of: EngineVolumePlace.dataName)]
        }
        try confirmIsHere(volume, directories)
        return place
    }

    /// Tries for a tenth of a second, as others may hold it for one look.
    static func takeLease(
        on place: EngineVolumePlace, _ volume: EngineVolume, _ kind: Lease.Kind
    ) throws(StorageError) -> Lease {
        for _ in 0..<20 {
            let lease = try attempt(volume) { () throws(FileError) in
                try Lease.take(try place.home.reopenDirectory(), kind)
            }
            if let lease { return lease }
            usleep(5000)
        }
        throw StorageError(
            .inUse, object: volume.reference.description,
            "volume '\(volume.reference)' is in use by another holdfast process",
            hint: "a backup of it or a restore into it is running: wait until it ends, or stop it")
    }

    static func attempt<Result: ~Copyable>(
        _ volume: EngineVolume, _ body: () throws(FileError) -> Result
    ) throws(StorageError) -> Result {
        do throws(FileError) { return try body() } catch {
            throw StorageError(
                error, doing: "open the data of '\(volume.reference)'", object: volume.reference.description)
        }
    }
}
