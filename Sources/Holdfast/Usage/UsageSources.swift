internal import FileTree
internal import StorageModel
internal import Volumes

/// The sources of one command, opened before any is scanned: then it is known which lie inside of others.
enum UsageSources {
    struct Source {
        /// Where the data is.
        enum Place {
            case open(SharedDescriptor)
            /// A volume whose device is mounted only for the scan.
            case device(VolumeName)
            /// It cannot be opened: the others are scanned all the same.
            case failed(StorageError)
        }

        let reference: SourceReference
        let place: Place
        /// What keeps another engine's volume as it is.
        var engineVolume: OpenedEngineVolume?
        /// Which ids are which in the engine's containers.
        var owners: IdentityMapping?

        /// What tells the root from other directories, if it is open.
        var identity: FileIdentity? {
            guard case .open(let root) = place else { return nil }
            do throws(FileError) { return try root.descriptor.status().identity } catch { return nil }
        }
    }

    /// - Parameter namesOwners: whether engines are asked which ids their containers have.
    /// - Throws: ``StorageModel/StorageError/Code/interrupted``; everything else is in the places.
    static func open(
        _ references: [SourceReference], _ store: Store?, namesOwners: Bool = false, _ checkpoint: Checkpoint
    ) throws(StorageError) -> [Source] {
        var engines = OpenEngines(references, namesOwners: namesOwners, checkpoint)
        var sources: [Source] = []
        for reference in references {
            do throws(StorageError) {
                sources.append(try open(reference, store, &engines))
            } catch  where error.code != .interrupted {
                sources.append(Source(reference: reference, place: .failed(error)))
            }
        }
        return sources
    }

    private static func open(
        _ reference: SourceReference, _ store: Store?, _ engines: inout OpenEngines
    ) throws(StorageError) -> Source {
        switch reference {
        case .volume(let name):
            guard let store else {
                throw StorageError(.invalidInput, object: name.rawValue, "volume '\(name)' is in no store")
            }
            let data = try store.volumes.dataToMeasure(of: name)
            return Source(reference: reference, place: data.map { .open($0) } ?? .device(name))
        case .engineVolume(let named):
            let opened = try engines.open(named)
            let root: SharedDescriptor
            do throws(FileError) { root = SharedDescriptor(try opened.data.duplicate()) } catch {
                throw StorageError(error, doing: "scan '\(named)'", object: named.description)
            }
            return Source(
                reference: reference, place: .open(root), engineVolume: opened,
                owners: try engines.owners(named.engine))
        case .directory(let path):
            do throws(FileError) {
                return Source(
                    reference: reference, place: .open(SharedDescriptor(try Descriptor.openDirectory(atHostPath: path)))
                )
            } catch {
                throw StorageError(
                    error, doing: "scan directory '\(path.printable())'", object: path,
                    hint: error.errno == .noEntry ? "check the path after dir:" : nil)
            }
        }
    }
}

/// The engines whose volumes one command names. Of many volumes all are asked for at once: each answer takes a process.
private struct OpenEngines {
    private let checkpoint: Checkpoint
    private let namesOwners: Bool
    private let counts: [VolumeEngine: Int]
    private var clients: [VolumeEngine: EngineClient] = [:]
    private var listed: [VolumeEngine: [VolumeName: EngineVolume]] = [:]
    /// What the engines that were asked said of ids.
    private var mappings: [VolumeEngine: IdentityMapping?] = [:]

    init(_ references: [SourceReference], namesOwners: Bool, _ checkpoint: Checkpoint) {
        self.checkpoint = checkpoint
        self.namesOwners = namesOwners
        var counts: [VolumeEngine: Int] = [:]
        for case .engineVolume(let reference) in references { counts[reference.engine, default: 0] += 1 }
        self.counts = counts
    }

    mutating func open(_ reference: EngineVolumeReference) throws(StorageError) -> OpenedEngineVolume {
        let client = try client(reference.engine)
        guard counts[reference.engine, default: 0] > 2 else { return try client.open(reference.name) }
        if let volume = listed[reference.engine]?[reference.name] { return try client.open(volume) }
        if listed[reference.engine] == nil {
            var volumes: [VolumeName: EngineVolume] = [:]
            for volume in try client.list().volumes { volumes[volume.reference.name] = volume }
            listed[reference.engine] = volumes
            if let volume = volumes[reference.name] { return try client.open(volume) }
        }
        return try client.open(reference.name)
    }

    /// Which ids its containers have, asked once. An engine that does not say takes nothing from the report.
    ///
    /// - Throws: ``StorageModel/StorageError/Code/interrupted``.
    mutating func owners(_ engine: VolumeEngine) throws(StorageError) -> IdentityMapping? {
        guard namesOwners else { return nil }
        if let known = mappings[engine] { return known }
        var found: IdentityMapping?
        do throws(StorageError) {
            found = try client(engine).ownerMapping()
        } catch  where error.code != .interrupted {
            checkpoint.progress.warn("ids are shown as on this host only: \(error.message)")
        }
        mappings[engine] = .some(found)
        return found
    }

    private mutating func client(_ engine: VolumeEngine) throws(StorageError) -> EngineClient {
        if let client = clients[engine] { return client }
        let client = try EngineVolumes.client(engine, checkpoint)
        clients[engine] = client
        return client
    }
}
