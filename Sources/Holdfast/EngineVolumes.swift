internal import Backups
internal import FileTree
internal import Freezing
internal import Glibc
public import StorageModel
internal import Volumes

/// The volumes of Docker and Podman on this host. No store is needed.
///
/// Each engine is asked through its own command-line client, which finds it as it always does (`DOCKER_HOST`, contexts,
/// `CONTAINERS_CONF`, …). `HOLDFAST_DOCKER` and `HOLDFAST_PODMAN` name another program than `docker` and `podman`,
/// `HOLDFAST_ENGINE_TIMEOUT` how many seconds one answer may take (60). The data itself is read and written in the engine's
/// directory, by descriptor. Backups and restores go through ``ArchiveFiles``, adoption through
/// ``Store/adoptVolume(_:as:mode:forces:isDurable:checkpoint:)``.
///
/// Everything here throws ``StorageError/Code/system`` if the client is missing, if the engine does not answer or its answer
/// makes no sense, and if the engine is on another host.
public enum EngineVolumes {
    /// The engine's volumes that the filter means. Cost: two calls of the client for every 200 volumes, and two more if the
    /// filter asks for references.
    ///
    /// - Throws: ``StorageError/Code/invalidInput`` for a filter by the time of the last use, which no engine records.
    public static func list(
        _ engine: VolumeEngine, matching filter: VolumeFilter = .all, checkpoint: Checkpoint = Checkpoint()
    ) throws(StorageError) -> EngineVolumeList {
        guard filter.unusedSince == nil else {
            throw StorageError(
                .invalidInput, object: "unused",
                "cannot filter by 'unused=': \(engine.rawValue) does not record when a volume was last used",
                hint: "use dangling=true for volumes that no container refers to")
        }
        let client = try client(engine, checkpoint)
        var list = try client.list()
        let references = filter.asksForReferences ? try client.references() : [:]
        list.volumes.removeAll {
            !filter.matches($0.volume, isReferenced: references[$0.reference.name]?.isEmpty == false)
        }
        return list
    }

    /// The volumes with the containers that refer to them. Cost: two more calls.
    public static func details(
        of volumes: [EngineVolume], in engine: VolumeEngine, checkpoint: Checkpoint = Checkpoint()
    ) throws(StorageError) -> [EngineVolumeDetails] {
        let references = try client(engine, checkpoint).references()
        return volumes.map { EngineVolumeDetails(volume: $0, references: references[$0.reference.name] ?? []) }
    }

    /// - Throws: ``StorageError/Code/notFound`` if the engine has no such volume.
    public static func inspect(
        _ reference: EngineVolumeReference, checkpoint: Checkpoint = Checkpoint()
    ) throws(StorageError) -> EngineVolumeDetails {
        let client = try client(reference.engine, checkpoint)
        let volume = try client.volume(named: reference.name)
        return EngineVolumeDetails(volume: volume, references: try client.references()[reference.name] ?? [])
    }

    /// What the volume takes, counted as `du` counts. Cost: proportional to the number of its entries.
    ///
    /// - Throws: what a backup of it would throw, where the data cannot be had.
    public static func usage(
        of reference: EngineVolumeReference, checkpoint: Checkpoint = Checkpoint()
    ) throws(StorageError) -> UsageTotals {
        let opened = try client(reference.engine, checkpoint).open(reference.name)
        do throws(FileError) {
            return try UsageScan.totals(of: opened.data, threads: WorkerPool.defaultThreads)
        } catch {
            throw StorageError(error, doing: "measure volume '\(reference)'", object: reference.description)
        }
    }

    static func backUp(
        _ reference: EngineVolumeReference, _ request: BackupRequest, recipients: ArchiveRecipients?,
        keys: ArchiveKeys, checkpoint: Checkpoint
    ) throws(StorageError) -> BackupReport {
        let hooks = BackupHooks.run(request, volume: reference.name.rawValue, in: nil, checkpoint)
        return try hooks.around(checkpoint.interruption) { () throws(StorageError) in
            let client = try client(reference.engine, checkpoint)
            let opened = try client.open(reference.name)
            let root: SharedDescriptor
            do throws(FileError) { root = SharedDescriptor(try opened.data.duplicate()) } catch {
                throw StorageError(error, doing: "back up '\(reference)'", object: reference.description)
            }
            let source = LiveSource(containers: { () throws(StorageError) in
                try client.containers(running: reference.name).map {
                    Freeze.Container(program: client.program, id: $0.id, name: $0.name)
                }
            })
            let report = try BackupRun(
                root, request, volume: opened.volume.volume, recipients: recipients?.keys, keys: keys.keys,
                source: source, checkpoint: checkpoint
            ).run()
            withExtendedLifetime(opened) {}
            return report
        }
    }

    static func restore(
        into reference: EngineVolumeReference, _ request: RestoreRequest, keys: ArchiveKeys, checkpoint: Checkpoint
    ) throws(StorageError) -> RestoreReport {
        let archive = try OpenedArchive.open(request.archive, keys: keys.keys, checkpoint: checkpoint)
        let client = try client(reference.engine, checkpoint)
        return try EngineRestore(client, reference.name, request, checkpoint: checkpoint).run(archive)
    }

    /// The client as the environment configures it.
    static func client(_ engine: VolumeEngine, _ checkpoint: Checkpoint) throws(StorageError) -> EngineClient {
        let variable = "HOLDFAST_ENGINE_TIMEOUT"
        var limit = EngineClient.defaultLimitMilliseconds
        if let text = environment(variable) {
            guard let seconds = Int64(text), (1...86_400).contains(seconds) else {
                throw StorageError(
                    .invalidInput, object: variable,
                    "\(variable) is '\(text.printable(limit: 40))', not a number of seconds",
                    hint: "set it to 1 to 86400, or not at all")
            }
            limit = seconds * 1000
        }
        return EngineClient(
            engine, program: environment(EngineClient.variable(engine)), limitMilliseconds: limit,
            interruption: checkpoint.interruption)
    }

    /// An empty variable counts as not set.
    private static func environment(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }
}
