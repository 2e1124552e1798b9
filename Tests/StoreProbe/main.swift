// A second process for the tests of the store: does what its arguments say, prints what came of it, and exits 0 or, with
// the error's code on standard output, 1. Killing it is part of some tests.

internal import Catalog
internal import Containers
internal import FileTree
internal import Glibc
internal import Holdfast
internal import StorageModel
internal import Volumes

/// Does one command on the store at `root`.
private func perform(_ command: String, _ root: String?, _ rest: [String]) throws(StorageError) {
    if command == "run" { return try run(state: root ?? "", bundle: rest[0], id: rest[1]) }
    let store = try Store.open(at: root)
    switch command {
    case "open": print(store.rootPath, store.leftovers.count)
    case "create": try create(store, rest)
    case "insert": try insert(store, prefix: rest[0], count: Int(rest[1]) ?? 0)
    case "remove": try store.removeVolume(VolumeName(rest[0]), force: rest.contains("force"))
    case "label": try store.updateVolume(VolumeName(rest[0]), setting: [rest[1]: "set"])
    case "attach": try attach(store, VolumeName(rest[0]), rounds: Int(rest[1]) ?? 0)
    case "prune": try prune(store)
    case "rename": try rename(store, rounds: Int(rest[0]) ?? 0, seed: Int(rest[1]) ?? 0)
    case "replace": try replace(store, VolumeName(rest[0]), text: rest[1])
    case "hold": try hold(store, VolumeName(rest[0]), rest[1] == "reading" ? .reading : .changing)
    case "churn": try churn(store, VolumeName(rest[0]), rounds: Int(rest[1]) ?? 0)
    default: throw StorageError(.invalidInput, "unknown command \(command)")
    }
}

/// Runs a container of which a bundle was made, by runc, and exits with its status.
private func run(state: String, bundle: String, id: String) throws(StorageError) {
    guard let id = ContainerID(id), let image = Digest(hex: id.rawValue) else {
        throw StorageError(.invalidInput, "not an id")
    }
    let container = Container(
        id: id, name: try ContainerName("probe"), image: image, imageName: "", createdAt: .now,
        settings: ContainerSettings())
    let program = try RuntimeProgram.find("runc", searchPath: "/usr/bin:/usr/sbin:/usr/local/bin")
    exit(try RuntimeProcess(program, statePath: state, bundlePath: bundle, container: container).run())
}

private func create(_ store: Store, _ rest: [String]) throws(StorageError) {
    let made = try store.createVolume(VolumeRequest(name: VolumeName(rest[0]), labels: ["made": "by probe"]))
    print(made.existed ? "existed" : "created")
}

private func prune(_ store: Store) throws(StorageError) {
    for entry in try store.pruneVolumes(checkpoint: Checkpoint()).entries {
        print(entry.outcome.rawValue, entry.volume.name)
    }
}

/// Gives the only volume one of three names again and again; others do so, and look for it, at the same time. No look may
/// find a volume without its data.
private func rename(_ store: Store, rounds: Int, seed: Int) throws(StorageError) {
    let expected: Set<StorageError.Code> = [.inUse, .notFound, .conflict]
    for round in 0..<rounds {
        do throws(StorageError) {
            let old = try VolumeName("v\((round + seed) % 3)")
            if round % 2 == 0 {
                try store.renameVolume(old, to: VolumeName("v\((round + seed + 1) % 3)"))
            } else {
                if try store.volumes.open(old, for: .reading).isEmpty() { throw StorageError(.damaged, "it is empty") }
            }
        } catch {
            if !expected.contains(error.code) { throw error }
        }
    }
}

/// Mounts the volume's device and unmounts it again and again; others do so at the same time.
private func attach(_ store: Store, _ name: VolumeName, rounds: Int) throws(StorageError) {
    for _ in 0..<rounds {
        let opened = try store.volumes.open(name, for: .reading)
        let root = try store.volumes.attachDevice(of: opened)
        let isThere = try store.volumes.attempt("list", name) { () throws(FileError) in
            try root.entries().contains { $0.name == Array("canary".utf8) }
        }
        guard isThere else { throw StorageError(.damaged, "the volume's data is not there") }
        try store.volumes.detachDeviceIfUnused(name)
    }
}

/// Many small transactions on the catalog alone.
private func insert(_ store: Store, prefix: String, count: Int) throws(StorageError) {
    for index in 0..<count {
        let volume = Volume(name: try VolumeName("\(prefix)\(index)"), createdAt: .now, labels: ["by": prefix])
        try store.catalog.transaction { transaction throws(StorageError) in try transaction.insert(volume) }
    }
}

/// Replaces, or makes, a volume whose only file `text` holds the given text.
private func replace(_ store: Store, _ name: VolumeName, text: String) throws(StorageError) {
    let replacement = try store.volumes.beginReplacement(of: name, force: false)
    do throws(StorageError) {
        do throws(FileError) {
            let file = try replacement.data.createFile("text".utf8)
            var failure: FileError?
            Array(text.utf8).withUnsafeBytes { bytes in
                do throws(FileError) { try file.writeAll(bytes, at: 0) } catch { failure = error }
            }
            if let failure { throw failure }
        } catch {
            throw StorageError(error, doing: "write", object: name.rawValue)
        }
        _ = try replacement.publish(VolumeRequest(name: name))
    } catch {
        // The first failure is the one to tell.
        try? replacement.discard()
        throw error
    }
    try replacement.discard()
    print("replaced")
}

/// Holds a lease until the process is killed.
private func hold(_ store: Store, _ name: VolumeName, _ purpose: OpenedVolume.Purpose) throws(StorageError) {
    let opened = try store.volumes.open(name, for: purpose)
    print("holding", opened.volume.name)
    fflush(nil)
    while true { pause() }
}

/// Makes, opens, replaces and removes the same volume again and again; others do so at the same time.
private func churn(_ store: Store, _ name: VolumeName, rounds: Int) throws(StorageError) {
    let expected: Set<StorageError.Code> = [.inUse, .notFound, .conflict]
    for round in 0..<rounds {
        do throws(StorageError) {
            switch (round + Int(getpid())) % 4 {
            case 0: _ = try store.createVolume(VolumeRequest(name: name, isDurable: false))
            case 1:
                let opened = try store.volumes.open(name, for: .reading)
                _ = try opened.isEmpty()
            case 2: try replace(store, name, text: "round \(round)")
            default: try store.removeVolume(name)
            }
        } catch {
            if !expected.contains(error.code) { throw error }
        }
    }
}

let arguments = CommandLine.arguments.dropFirst().map { $0 }
guard arguments.count >= 2 else { exit(2) }
do throws(StorageError) {
    try perform(arguments[0], arguments[1] == "-" ? nil : arguments[1], Array(arguments.dropFirst(2)))
} catch {
    print(error.code.rawValue)
    print(error)
    exit(1)
}
