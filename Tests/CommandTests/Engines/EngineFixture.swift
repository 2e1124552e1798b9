import TestSupport
import Testing

/// A store, a real Docker engine shared by the suite, and the binary that finds it by `DOCKER_HOST`.
struct EngineFixture {
    let store: StoreFixture
    let docker: DockerEngine
    let holdfast: CommandRunner

    init() throws {
        store = try StoreFixture("engines")
        docker = try #require(DockerEngine.current)
        var holdfast = store.holdfast
        holdfast.environment["DOCKER_HOST"] = docker.host
        self.holdfast = holdfast
    }

    /// What `docker volume inspect` says of a volume.
    func inspect(_ name: String) throws -> JSON {
        try JSON(parsing: docker("volume", "inspect", name).check().text)[0]
    }

    func mountpoint(_ name: String) throws -> String { try #require(try inspect(name)["Mountpoint"].text) }

    /// Makes a volume of Docker's and gives a builder for its data. Options are those of `docker volume create`.
    func makeVolume(_ name: String, _ options: String...) throws -> TreeBuilder {
        try docker.run(["volume", "create"] + options + [name]).check()
        return try TreeBuilder(mountpoint(name))
    }

    /// What lies in the volume's directory: `_data` alone, unless something was left behind.
    func home(_ name: String) throws -> [String] {
        try Tool.run("ls", "-A", mountpoint(name) + "/..").check().lines
    }

    /// The path of a new archive of a source.
    func backUp(_ source: String) throws -> String {
        try holdfast("backup", "create", source, "--to", store("backups")).check().lines[0]
    }

    /// Starts a container that has the volume at `/data` and sleeps.
    ///
    /// - Returns: its id.
    func start(with volume: String, named name: String, in engine: ([String]) throws -> ProcessResult) throws -> String
    {
        let arguments = ["--network", "none", "--name", name, "--volume", "\(volume):/data", Self.image]
        return try engine(["run", "--detach"] + arguments + ["/bin/busybox", "sleep", "1000"]).check().lines[0]
    }

    static let image = "tiny:1"

    /// An image that holds nothing but busybox, as a tar for `import`.
    func makeImageTar() throws -> String {
        let tar = store("image.tar")
        try Tool.script(
            "mkdir -p \"$1/bin\"; cp /bin/busybox \"$1/bin/\"; tar -C \"$1\" -cf \"$2\" .", store("image"), tar
        ).check()
        return tar
    }

    /// Gives Docker the image, if it has none yet.
    func prepareImage() throws {
        if try docker("image", "inspect", Self.image).status != 0 {
            try docker("import", makeImageTar(), Self.image).check()
        }
    }
}

/// Starts one Docker engine for all tests of a suite, and ends it after the last.
struct DockerEngineTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await DockerEngine.withEngine { try await function() }
    }
}

extension Trait where Self == DockerEngineTrait {
    /// One engine for the suite, ``DockerEngine/current``.
    static var dockerEngine: Self { DockerEngineTrait() }
}
