package import FileTree
package import StorageModel

/// A volume of another engine that is about to get other data, under a lease that keeps other Holdfast processes away.
package final class EngineVolumeTarget: Sendable {
    package let volume: EngineVolume
    /// The directory that holds ``dataName``.
    package let home: SharedDescriptor
    package let dataName: [UInt8]
    private let homePath: String
    private let client: EngineClient
    private let lease: Lease

    fileprivate init(
        _ volume: EngineVolume, _ place: EngineVolumePlace, _ client: EngineClient, _ lease: consuming Lease
    ) throws(FileError) {
        self.volume = volume
        home = SharedDescriptor(try place.home.duplicate())
        dataName = EngineVolumePlace.dataName
        homePath = place.homePath
        self.client = client
        self.lease = lease
    }

    /// - Throws: ``StorageError/Code/inUse`` naming the running container, or another process with the data open or mounted.
    package func refuseIfUsed() throws(StorageError) {
        let (reference, engine) = (volume.reference, client.engine)
        let containers = try client.runningContainers(using: reference.name)
        if let first = containers.first {
            throw StorageError(
                .inUse, object: reference.description,
                "volume '\(reference)' is in use by the running container \(first)",
                hint: "stop it first (\(engine.rawValue) stop), or use --force",
                causes: containers.dropFirst().prefix(9).map { "also by \($0)" })
        }
        guard let holder = VolumeUse(of: home.descriptor, hostPath: homePath).holders().first else { return }
        throw StorageError(
            .inUse, object: reference.description, "volume '\(reference)' is in use by \(holder)",
            hint: "end that first, or use --force")
    }
}

extension EngineClient {
    /// Opens a volume that exists to give it other data.
    ///
    /// - Throws: ``StorageError/Code/conflict`` for a volume whose data is not in its own directory: a device, or another
    ///   driver's.
    package func openTarget(_ volume: EngineVolume) throws(StorageError) -> EngineVolumeTarget {
        let reference = volume.reference
        guard volume.driver == EngineVolume.localDriver else {
            throw StorageError(
                .conflict, object: reference.description,
                "the data of '\(reference)' is kept by the driver '\(volume.driver.printable(limit: 80))', "
                    + "not in a directory of \(engine.title)",
                hint: "restore into another volume, or while a container uses it into its directory: dir:/path")
        }
        if let device = EngineDevice(volume) {
            let place = (device.boundPath ?? "/path").printable(limit: 200)
            throw StorageError(
                .conflict, object: reference.description,
                "the data of '\(reference)' is not in the volume but in its device '\(device.source.printable(limit: 200))'",
                hint: "restore into what it mounts, dir:\(place), or into another volume")
        }
        let place = try placeOnThisHost(volume)
        let lease = try Self.takeLease(on: place, volume, .exclusive)
        do throws(FileError) {
            return try EngineVolumeTarget(volume, place, self, lease)
        } catch {
            throw StorageError(error, doing: "open '\(reference)'", object: reference.description)
        }
    }

    /// A directory on the file system of the engine's volumes, in which new data can be built before there is a volume.
    ///
    /// The directory above that of the volumes: the engines take everything in the latter for a volume. Where the volumes have
    /// a file system of their own it is nevertheless that one.
    package func openBuildingSite() throws(StorageError) -> Descriptor {
        let format = engine == .docker ? "{{.DockerRootDir}}/volumes" : "{{.Store.VolumePath}}"
        let path = try demand(["info", "--format", format], "say where its volumes are").lines.first ?? ""
        let host = try host()
        guard host == Self.thisHost else {
            throw StorageError(
                .system, object: engine.rawValue,
                "\(engine.title) is on another host, '\(host.name.printable(limit: 100))': its volumes cannot be filled "
                    + "from here", hint: "run holdfast there, or let \(engine.rawValue) use the engine of this host")
        }
        guard path.hasPrefix("/"), path != "/volumes", path.split(separator: "/").allSatisfy({ $0 != ".." }) else {
            throw failure("it says that its volumes are at '\(path.printable(limit: 200))'")
        }
        do throws(FileError) {
            let above = try Descriptor.openDirectory(atHostPath: HostPath.split(path).directory)
            let name = Array(HostPath.split(path).name.utf8)
            do throws(FileError) {
                let volumes = try above.openDirectory(name)
                return try above.status().device == volumes.status().device ? above : volumes
            } catch  where error.errno == .noEntry {
                // Podman makes the directory with its first volume.
                return above
            }
        } catch {
            throw StorageError(
                error, doing: "open \(engine.title)'s directory '\(path.printable(limit: 200))'", object: path)
        }
    }
}
