internal import Compose
internal import FileTree
internal import Foundation
internal import StorageModel

/// Finds and reads compose files and the environment.
enum ComposeFiles {
    private static let names = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"]
    private static let overrides = [
        "compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml",
    ]
    private static let limitBytes = 4 << 20

    static func load(_ request: ComposeRequest) throws(StorageError) -> ComposeProject {
        let files = request.files.isEmpty ? try found() : request.files
        var sources: [ComposeSource] = []
        for file in files { sources.append(try source(file)) }
        let directory = HostPath.absolute(HostPath.split(files.first ?? "").directory)
        let environmentFile = HostPath.join(directory, ".env")
        return try ComposeProject.load(
            sources, directory: directory, name: request.projectName,
            environment: ProcessInfo.processInfo.environment,
            environmentFile: try sourceIfThere(environmentFile), profiles: request.profiles, files: sourceIfThere)
    }

    private static func sourceIfThere(_ path: String) throws(StorageError) -> ComposeSource? {
        // A directory called .env is none of ours.
        guard let found = HostPath.resolved(path), !HostPath.isDirectory(found) else { return nil }
        return try source(path)
    }

    /// The file in the current directory, or in the nearest one above it.
    private static func found() throws(StorageError) -> [String] {
        var directory = HostPath.absolute(".")
        while true {
            if let name = names.first(where: { HostPath.exists($0, in: directory) }) {
                let override = overrides.first { HostPath.exists($0, in: directory) }
                return ([name] + (override.map { [$0] } ?? [])).map { HostPath.join(directory, $0) }
            }
            let parent = HostPath.split(directory).directory
            guard parent != directory, directory.hasPrefix("/") else { break }
            directory = parent
        }
        throw StorageError(
            .notFound, object: names[0], "there is no compose file in the current directory or above it",
            hint: "name it with -f FILE")
    }

    private static func source(_ path: String) throws(StorageError) -> ComposeSource {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try Descriptor.openFile(atHostPath: path).readToEnd(limitBytes: limitBytes + 1)
        } catch {
            throw StorageError(error, doing: "read '\(path.printable(limit: 200))'", object: path)
        }
        guard bytes.count <= limitBytes else {
            throw StorageError(
                .limitExceeded, object: path,
                "'\(path.printable(limit: 200))' is larger than \(ByteCount(UInt64(limitBytes))), which no compose file is"
            )
        }
        return ComposeSource(
            name: path, text: String(decoding: bytes, as: UTF8.self), path: HostPath.absolute(path))
    }
}
