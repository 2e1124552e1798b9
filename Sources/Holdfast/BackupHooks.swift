internal import Backups
internal import Containers
internal import Glibc
internal import StorageModel
internal import Volumes

/// Where the hooks of a backup run.
enum BackupHooks {
    /// - Parameter store: whose containers are meant by a name without an engine; `nil` where no store is open.
    static func run(
        _ request: BackupRequest, volume: String, in store: Store?, _ checkpoint: Checkpoint
    ) -> HookRun {
        HookRun(request, volume: volume) { (name, engine, environment) throws(StorageError) in
            let variables = environment.flatMap { ["--env", $0] }
            if let engine {
                return [try EngineVolumes.client(engine, checkpoint).program, "exec"] + variables + [name]
            }
            guard let store else {
                throw StorageError(
                    .invalidInput, object: name, "container '\(name)' is in a store, and \(request.source) is not",
                    hint: "name the engine of the container, as in docker:\(name):COMMAND")
            }
            return try store.commandLine(toEnter: name, variables)
        }
    }
}

extension Store {
    /// The runtime's command line that runs another process in a running container.
    fileprivate func commandLine(toEnter text: String, _ variables: [String]) throws(StorageError) -> [String] {
        let container = try containers.container(text)
        let program = try RuntimeProgram.find(nil, searchPath: getenv("PATH").map { String(cString: $0) } ?? "")
        let state = "\(containers.hostPath)/\(container.id)/state"
        return [program.path, "--root", state, "exec"] + variables + [container.id.rawValue]
    }
}
