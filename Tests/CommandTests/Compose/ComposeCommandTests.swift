import TestSupport
import Testing

/// Goal: `compose up` makes what a file needs and nothing else, `compose down -v` takes away what is the project's and
/// nothing else. Method: the binary on files in a temporary directory.
@Suite("compose up, down and config") struct ComposeCommandTests {
    private let store: StoreFixture

    init() throws {
        store = try StoreFixture("compose")
        try store.directory.makeDirectory("shop")
    }

    private func write(_ text: String, to name: String = "compose.yaml") throws {
        try TreeBuilder(store("shop")).file(name, text)
    }

    private func compose(_ arguments: String..., environment: [String: String] = [:]) throws -> ProcessResult {
        try store.holdfast.run(
            ["compose", arguments[0], "-f", store("shop/compose.yaml")] + arguments.dropFirst(),
            environment: environment)
    }

    private static let sample = """
        services:
          db:
            image: postgres
            volumes:
              - data:/var/lib/postgresql/data
              - ./conf/init:/init:ro
              - {type: bind, source: ./made, target: /made, bind: {}}
              - {type: bind, source: ./conf, target: /there}
              - /anonymous
            tmpfs: /run
          web:
            volumes: ["static:/srv", "./conf/init:/b"]
            volumes_from: [db]
        volumes:
          data: {labels: {tier: gold}}
          static: {name: "static-${WHERE:-here}"}
          theirs: {external: true, name: shared}
        """

    @Test("up makes volumes and directories once, with names and labels of Docker Compose")
    func up() throws {
        try write(Self.sample)
        try store.holdfast("volume", "create", "shared").check()
        let first = try compose("up").check()
        #expect(
            first.lines == [
                "volume shop_data created", "volume static-here created", "volume shared external",
                "directory \(store("shop/conf/init")) created", "directory \(store("shop/made")) created",
            ])
        #expect(try store.names() == ["shared", "shop_data", "static-here"])
        let labels = try store.inspect("shop_data")["labels"]
        #expect(labels["com.docker.compose.project"] == "shop" && labels["com.docker.compose.volume"] == "data")
        #expect(labels["tier"] == "gold" && labels["com.docker.compose.config-hash"].text?.count == 64)
        #expect(try Tool.run("stat", "-c", "%a", store("shop/made")).check().text == "755\n")
        let second = try JSON(parsing: compose("up", "--json").check().text)
        #expect(second["volumes"].elements.map { $0["event"].text } == ["existed", "existed", "external"])
        #expect(second["directories"].elements.map { $0["event"].text } == ["existed", "existed"])
        #expect(second["project"] == "shop")
    }

    @Test("included files, extended services and profiles: relative to their own files, and told with them")
    func references() throws {
        try TreeBuilder(store("shop")).directory("db")
        try write(
            "services: {db: {volumes: [data:/d, ./init:/init]}}\nvolumes: {data: }", to: "db/compose.yaml")
        try write("services: {base: {volumes: [./base:/base]}}", to: "db/base.yaml")
        try write(
            """
            include: [db/compose.yaml]
            services:
              web: {extends: {file: db/base.yaml, service: base}}
              tools: {profiles: [debug], volumes: [./tools:/tools, "theirs:/x"]}
            volumes: {theirs: {external: true, name: not-there}}
            """)
        let up = try compose("up").check().lines
        #expect(
            up == [
                "volume shop_data created", "directory \(store("shop/db/base")) created",
                "directory \(store("shop/db/init")) created",
            ])
        try compose("up", "--profile", "debug").check(4)
        try store.holdfast("volume", "create", "not-there").check()
        #expect(
            try compose("up", "--profile", "debug").check().lines.last == "directory \(store("shop/tools")) created")
        try write("services: {db: {volumes: [gone:/d]}}", to: "db/compose.yaml")
        let refused = try compose("up").check(2)
        #expect(refused.errorText.contains("\(store("shop/db/compose.yaml")):1"), "\(refused.errorText)")
    }

    @Test("another project, another place: -p, variables and .env")
    func names() throws {
        try write("services: {}\nvolumes: {data: , static: {name: 's-${WHERE:-here}'}}")
        try write("WHERE=there\n", to: ".env")
        try compose("up", "-p", "other").check()
        #expect(try store.names() == ["other_data", "s-there"])
        try compose("up", environment: ["COMPOSE_PROJECT_NAME": "third", "WHERE": "env"]).check()
        #expect(try store.names() == ["other_data", "s-env", "s-there", "third_data"])
        #expect(try compose("up", "-p", "Not Right").status == 2)
    }

    @Test("the file of the current directory or one above is found, with its override")
    func discovery() throws {
        try write("volumes: {a: }", to: "docker-compose.yml")
        try write("volumes: {b: }", to: "docker-compose.override.yml")
        try store.directory.makeDirectory("shop/deep/er")
        try store.holdfast.run(["compose", "up"], in: store("shop/deep/er")).check()
        #expect(try store.names() == ["shop_a", "shop_b"])
        try store.directory.makeDirectory("empty")
        #expect(try store.holdfast.run(["compose", "up"], in: store("empty")).status == 4)
    }

    @Test("an external volume that is missing exits with 4 and makes nothing")
    func external() throws {
        try write(Self.sample)
        let result = try compose("up")
        #expect(
            result.status == 4 && result.errorText.contains("compose.yaml:17: the external volume 'shared'"),
            "\(result)")
        #expect(try store.names() == [])
        #expect(try Tool.run("test", "-e", store("shop/conf")).status == 1)
    }

    @Test("a volume that is there and is another exits with 5 and says what differs")
    func conflicts() throws {
        try write("volumes: {first: , data: {labels: {a: b}}}")
        try store.holdfast("volume", "create", "shop_data").check()
        let foreign = try compose("up")
        #expect(
            foreign.status == 5 && foreign.errorText.contains("it was not made for a compose project"), "\(foreign)")
        #expect(try store.names() == ["shop_data"])
        try store.holdfast("volume", "rm", "shop_data").check()
        try compose("up").check()
        try write("volumes: {first: , data: {labels: {a: c}}}")
        let label = try compose("up")
        #expect(label.status == 5 && label.errorText.contains("its label 'a' is another"), "\(label)")
        try write("volumes: {first: , data: }")
        #expect(try compose("up").errorText.contains("it was made of another configuration"))
        try write("volumes: {v: {name: shop_data, labels: {a: b}}}")
        #expect(try compose("up", "-p", "other").errorText.contains("it is of the project 'shop'"))
    }

    @Test("down without -v removes nothing; with -v only what is the project's and is not needed")
    func down() throws {
        try write(Self.sample)
        try store.holdfast("volume", "create", "shared").check()
        try store.holdfast("volume", "create", "shop_other").check()
        try store.holdfast("volume", "create", "second_data", "--label", "com.docker.compose.project=second").check()
        try compose("up").check()
        let none = try compose("down").check()
        #expect(none.lines.contains("volume shop_data kept: only -v removes volumes"), "\(none)")
        #expect(try store.names() == ["second_data", "shared", "shop_data", "shop_other", "static-here"])
        let removed = try compose("down", "-v").check()
        #expect(removed.lines == ["volume shop_data removed", "volume static-here removed", "volume shared external"])
        #expect(try store.names() == ["second_data", "shared", "shop_other"])
        #expect(try Tool.run("test", "-d", store("shop/made")).status == 0)
        #expect(try compose("down", "-v").check().lines == ["volume shared external"])
    }

    @Test("what is protected, used by a container or not labelled stays, and is told with 3")
    func kept() throws {
        try write("volumes: {a: , b: , c: , d: }")
        let root = try store.directory.makeDirectory("root")
        try Tool.run("tar", "-C", root, "-cf", store("root.tar"), ".").check()
        try store.holdfast("image", "import", store("root.tar"), "image:1").check()
        try compose("up").check()
        try store.holdfast("volume", "protect", "shop_a").check()
        try store.holdfast("container", "create", "--name", "user", "-v", "shop_b:/x", "image:1", "true").check()
        try write("volumes: {a: , b: , c: }")
        try store.holdfast("volume", "rm", "shop_c").check()
        try store.holdfast("volume", "create", "shop_c").check()
        let result = try compose("down", "-v", "--json")
        #expect(result.status == 3, "\(result)")
        let volumes = try JSON(parsing: result.text)["volumes"].elements
        #expect(volumes.map { $0["name"].text } == ["shop_a", "shop_b", "shop_c", "shop_d"])
        #expect(volumes.allSatisfy { $0["event"] == "kept" })
        #expect(volumes[0]["reason"].text?.contains("protected") == true)
        #expect(volumes[1]["reason"].text?.contains("'user'") == true)
        #expect(volumes[2]["reason"].text?.contains("label") == true)
        #expect(volumes[3]["reason"].text?.contains("does not declare it") == true)
        #expect(try store.names() == ["shop_a", "shop_b", "shop_c", "shop_d"])
    }

    @Test("config shows volumes and the plan of each service, and makes nothing")
    func config() throws {
        try write(Self.sample)
        let json = try JSON(parsing: compose("config", "--json").check().text)
        #expect(json["project"] == "shop" && json["directory"].text == store("shop"))
        #expect(json["volumes"].elements.map { $0["name"].text } == ["shop_data", "static-here", "shared"])
        #expect(json["volumes"].elements.map { $0["external"].boolean } == [false, false, true])
        let services = json["services"].elements
        #expect(services.map { $0["name"].text } == ["db", "web"])
        #expect(
            services[0]["mounts"].elements.map { $0["destination"].text } == [
                "/anonymous", "/init", "/made", "/run", "/there", "/var/lib/postgresql/data",
            ])
        #expect(
            services[0]["mounts"].elements.map { $0["state"].text } == [
                "created", "created", "created", "exists", "missing", "created",
            ])
        let web = services[1]["mounts"].elements
        #expect(
            web.map { $0["destination"].text } == [
                "/anonymous", "/b", "/init", "/made", "/srv", "/there", "/var/lib/postgresql/data",
            ])
        #expect(web[0]["origin"] == "--volumes-from db" && web[4]["name"] == "static-here")
        #expect(try compose("config").check().text.contains("service web"))
        #expect(try store.names() == [])
        #expect(try Tool.run("test", "-e", store("shop/made")).status == 1)
    }

    @Test(
        "a fault exits with 2, names the line, and makes nothing",
        arguments: [
            ("volumes:\n  a:\nservices:\n  w:\n    volumes: [\"a:/x:foo\"]", 5, "'foo' is not an option"),
            ("volumes: {a: }\nservices: {w: {volumes: ['b:/x']}}", 2, "the volume 'b' is not declared"),
            ("volumes: {a: }\nservices: {w: {volumes: ['a:/x', './b:/x/']}}", 2, "mounted at /x already"),
            ("volumes: {a: }\nservices: {w: {volumes: ['a:/x'], tmpfs: [/x]}}", 2, "mounted at /x already"),
            ("volumes: {a: }\nservices: {w: {tmpfs: ['/x:size=?']}}", 2, "not a size"),
            ("volumes: {a: {driver: nope}}", 1, "nope"), ("volumes: {a: {name: '${X:?}'}}", 1, "must be set"),
        ])
    func faults(_ text: String, _ line: Int, _ reason: String) throws {
        try write(text)
        let result = try compose("up")
        #expect(result.status == 2 && result.errorText.contains("compose.yaml:\(line): "), "\(result)")
        #expect(result.errorText.contains(reason), "\(result)")
        #expect(try store.names() == [])
    }

    @Test("what cannot be made takes back what was made before it")
    func takesBack() throws {
        try write("volumes: {a: , b: }\nservices: {w: {volumes: ['./new/dir:/x', './file/dir:/y']}}")
        try write("x", to: "file")
        let result = try compose("up")
        #expect(result.status == 1 && result.errorText.contains("file/dir"), "\(result)")
        #expect(try store.names() == [])
        #expect(try Tool.run("ls", "-A", store("shop")).check().lines == ["compose.yaml", "file"])
    }
}
