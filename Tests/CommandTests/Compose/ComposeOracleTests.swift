import TestSupport
import Testing

/// Goal: a volume that was made by our rules is Docker Compose's own. Method: Debian's `docker-compose` and a real engine;
/// names and labels are compared, and volumes that the engine got with our labels are used and removed by Docker Compose
/// without a word.
@Suite(
    "Against the real docker-compose",
    .enabled(
        if: DockerEngine.isPossible && Tool.exists("docker-compose"), "needs dockerd, docker-compose and root"))
struct ComposeOracleTests {
    private let store: StoreFixture
    private let docker: DockerEngine

    init() throws {
        store = try StoreFixture("composer")
        docker = try DockerEngine()
        let root = try store.directory.makeDirectory("root")
        try Tool.run("tar", "-C", root, "-cf", store("root.tar"), ".").check()
        try docker("import", store("root.tar"), "image:1").check()
        try store.directory.makeDirectory("My Shop.1")
    }

    private static let text = """
        version: "3.8"
        services:
          web:
            image: image:1
            command: ["true"]
            network_mode: none
            volumes:
              - data:/data
              - ${NAME:-named}:/named:ro
              - ./made/here:/made
              - /anonymous
            tmpfs: [/run]
        volumes:
          data:
            labels: {tier: gold, n: "1.50"}
          named:
            name: own-name
            labels: [a=b=c]
        """

    private func theirs(_ arguments: String...) throws -> ProcessResult {
        try Tool.run(
            ["docker-compose"] + arguments, environment: ["DOCKER_HOST": docker.host], in: store("My Shop.1"))
    }

    /// Name and labels of a volume, without what the version decides: Docker Compose 1 writes no hash, and of a volume with a
    /// name of its own that name where Docker Compose 2 and later have the key.
    private func description(_ volume: JSON, labels: String, name: String) -> [String] {
        var ignored = ["com.docker.compose.version", "com.docker.compose.config-hash"]
        if volume[name] == "own-name" { ignored.append("com.docker.compose.volume") }
        return [volume[name].text ?? "?"]
            + volume[labels].keys.filter { !ignored.contains($0) }.map { "\($0)=\(volume[labels][$0].text ?? "?")" }
    }

    @Test("names and labels are the same, and what one makes the other knows")
    func same() throws {
        try TreeBuilder(store("My Shop.1")).file("docker-compose.yml", Self.text)
        try theirs("up", "--no-start").check()
        try store.holdfast.run(["compose", "up"], in: store("My Shop.1")).check()
        let names = try docker("volume", "ls", "-q", "--filter", "label=com.docker.compose.project").check().lines
            .sorted()
        #expect(try store.names() == names)
        for name in names {
            let our = try store.inspect(name)
            let their = try JSON(parsing: try docker("volume", "inspect", name).check().text)[0]
            #expect(
                description(our, labels: "labels", name: "name")
                    == description(their, labels: "Labels", name: "Name"))
        }
        try compareMounts()
        try theirs("down", "-v").check()
        try docker("image", "inspect", "image:1").check()

        // The volumes as an export to the engine makes them: with our labels.
        for name in names {
            let labels = try store.inspect(name)["labels"]
            let flags = labels.keys.flatMap { ["--label", "\($0)=\(labels[$0].text ?? "")"] }
            try docker.run(["volume", "create"] + flags + [name]).check()
        }
        let again = try theirs("up", "--no-start").check()
        #expect(!again.errorText.contains("olume"), "\(again.errorText)")
        let down = try theirs("down", "-v").check()
        for name in names { #expect(down.errorText.contains("Removing volume \(name)"), "\(down.errorText)") }
        #expect(try docker("volume", "ls", "-q", "--filter", "label=com.docker.compose.project").check().lines.isEmpty)
    }

    @Test("services that extend others mount the same, and profiles decide who counts")
    func extended() throws {
        let shop = try TreeBuilder(store("My Shop.1"))
        try shop.directory("common")
        try shop.file(
            "common/base.yml",
            """
            version: "3.8"
            services:
              base: {image: "image:1", command: ["true"], network_mode: none, volumes: [./conf:/conf, data:/data]}
            """)
        try shop.file(
            "docker-compose.yml",
            """
            services:
              web:
                extends: {file: common/base.yml, service: base}
                volumes: [more:/more, ./own:/conf]
              tools: {image: "image:1", profiles: [debug], volumes: [./tools:/t]}
            volumes: {data: , more: }
            """)
        try theirs("up", "--no-start").check()
        let up = try store.holdfast.run(["compose", "up"], in: store("My Shop.1")).check()
        #expect(!up.text.contains("tools"))
        try compareMounts()
        let ours = try store.holdfast.run(
            ["compose", "config", "--json", "--profile", "debug"], in: store("My Shop.1"))
        let names = try JSON(parsing: ours.check().text)["services"].elements.map { $0["name"].text }
        let listed = try theirs("--profile", "debug", "config", "--services").check().lines.sorted()
        #expect(names == listed)
        try theirs("down", "-v").check()
    }

    /// The mounts of the service's container, and those of `compose config`.
    private func compareMounts() throws {
        let container = try #require(
            try docker("ps", "-aq", "--filter", "label=com.docker.compose.service=web").check().lines.first)
        let their = try JSON(parsing: try docker("inspect", "--format", "{{json .Mounts}}", container).check().text)
            .elements
        let configuration = try store.holdfast.run(["compose", "config", "--json"], in: store("My Shop.1")).check()
        let our = try JSON(parsing: configuration.text)["services"][0]["mounts"].elements
        let ourTexts = our.filter { $0["type"].text != "tmpfs" }.map { mount in
            let source = mount["type"] == "bind" ? mount["source"].text ?? "?" : mount["name"].text ?? "anonymous"
            return "\(mount["destination"].text ?? "?") \(source) \(mount["readOnly"].boolean == true ? "ro" : "rw")"
        }
        let theirTexts = their.map { mount in
            let name = mount["Name"].text ?? "?"
            let source = mount["Type"] == "bind" ? mount["Source"].text ?? "?" : name.count == 64 ? "anonymous" : name
            return "\(mount["Destination"].text ?? "?") \(source) \(mount["RW"].boolean == true ? "rw" : "ro")"
        }
        #expect(ourTexts.sorted() == theirTexts.sorted())
    }
}
