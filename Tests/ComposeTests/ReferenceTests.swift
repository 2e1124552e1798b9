import Compose
import StorageModel
import Testing

/// Goal: what a file takes from others is what Docker Compose takes. Method: files in memory; tables of what is refused.
@Suite("Compose files that refer to others") struct ReferenceTests {
    private func load(
        _ text: String, _ others: [String: String] = [:], environment: [String: String] = [:], profiles: [String] = []
    ) throws -> ComposeProject {
        try ComposeProject.load(
            [ComposeSource(name: "compose.yaml", text: text, path: "/srv/shop/compose.yaml")], directory: "/srv/shop",
            name: "shop", environment: environment, profiles: profiles
        ) { path throws(StorageError) in
            others[path].map { ComposeSource(name: path, text: $0) }
        }
    }

    private func binds(_ service: ComposeService?) -> [String] {
        (service?.longMounts ?? []).compactMap { if case .bind(let bind) = $0.content { bind.source } else { nil } }
    }

    // MARK: extends

    @Test("a service is merged over the one that it extends, in the file or another, over several steps")
    func extends() throws {
        let project = try load(
            """
            services:
              web:
                extends: {service: middle}
                volumes: ["own:/data", "more:/more"]
              middle: {extends: base, image: middle, tmpfs: [/tmp]}
              base:
                extends: {file: common/base.yaml, service: root}
                volumes: ["data:/data"]
            volumes: {data: , own: , more: }
            """,
            [
                "/srv/shop/common/base.yaml": """
                services:
                  root:
                    extends: {file: ../deep.yaml, service: seed}
                    image: root
                    volumes: [{type: bind, source: ./conf, target: /conf}]
                    tmpfs: /run
                """,
                "/srv/shop/deep.yaml":
                    "services: {seed: {volumes: [{type: bind, source: seed, target: /seed}, data:/data]}}",
            ])
        #expect(project.service("web")?.image == "middle")
        #expect(
            project.service("web")?.texts
                == ["bind /seed", "own:/data", "bind /conf", "more:/more", "tmpfs /run", "tmpfs /tmp"])
        #expect(binds(project.service("web")) == ["/srv/shop/seed", "/srv/shop/common/conf"])
        #expect(project.service("base")?.texts == ["bind /seed", "data:/data", "bind /conf", "tmpfs /run"])
        #expect(project.services.map(\.name) == ["base", "middle", "web"])
    }

    @Test("a short mount of another file is relative to that file")
    func shortMounts() throws {
        let project = try load(
            "services: {a: {extends: {file: sub/b.yaml, service: b}, volumes: [./here:/here]}}",
            ["/srv/shop/sub/b.yaml": "services: {b: {volumes: [./there:/there]}}"])
        let mounts = try #require(project.service("a")?.mounts)
        #expect(mounts.map { $0.place.source.directory ?? project.directory } == ["/srv/shop/sub", "/srv/shop"])
    }

    // MARK: include

    @Test("an included project brings its services and volumes, with its own paths, files and variables")
    func include() throws {
        let project = try load(
            """
            include:
              - db/compose.yaml
              - path: [cache/a.yaml, cache/b.yaml]
                project_directory: elsewhere
                env_file: cache/env
            services: {web: {volumes: ["static:/srv"], volumes_from: [db]}}
            volumes: {static: }
            """,
            [
                "/srv/shop/db/compose.yaml": """
                name: other
                services: {db: {volumes: ["data:/d", {type: bind, source: ./conf, target: /c}]}}
                volumes: {data: {name: "d-${WHO}"}}
                """,
                "/srv/shop/db/.env": "WHO=db",
                "/srv/shop/cache/a.yaml":
                    "services: {cache: {image: a, volumes: [{type: bind, source: x, target: /x}]}}",
                "/srv/shop/cache/b.yaml": "services: {cache: {image: '${IMAGE}-${TAG}'}}",
                "/srv/shop/cache/env": "IMAGE=redis\nTAG=1",
            ], environment: ["TAG": "7"])
        #expect(project.services.map(\.name) == ["cache", "db", "web"])
        #expect(project.volumes.map(\.name) == ["d-db", "shop_static"])
        #expect(project.service("cache")?.image == "redis-7")
        #expect(binds(project.service("db")) == ["/srv/shop/db/conf"])
        #expect(binds(project.service("cache")) == ["/srv/shop/elsewhere/x"])
        #expect(project.notes.isEmpty, "\(project.notes)")
    }

    @Test("what two files include is taken once, and a service may extend an included one")
    func twice() throws {
        let shared = "services: {base: {image: shared, volumes: [s:/s]}}\nvolumes: {s: }"
        let project = try load(
            """
            include: [a/c.yaml, b/c.yaml]
            services: {web: {extends: base}}
            """,
            [
                "/srv/shop/a/c.yaml": "include: [../both.yaml]\nservices: {a: }",
                "/srv/shop/b/c.yaml": "include: [../both.yaml]",
                "/srv/shop/both.yaml": shared,
            ])
        #expect(project.services.map(\.name) == ["a", "base", "web"])
        #expect(project.service("web")?.image == "shared" && project.service("web")?.texts == ["s:/s"])
    }

    @Test("two services of one name and text, but with paths of two directories, are two")
    func directories() throws {
        let text = "services: {db: {volumes: [./data:/d]}}"
        let files = ["/srv/shop/a/c.yaml": text, "/srv/shop/b/c.yaml": text]
        #expect(throws: StorageError.self) { try load("include: [a/c.yaml, b/c.yaml]", files) }
        let absolute = files.mapValues { $0.replacing("./data", with: "/data") }
        #expect(try load("include: [a/c.yaml, b/c.yaml]", absolute).services.count == 1)
    }

    @Test("what is not about storage may be written in any form")
    func otherKeys() throws {
        let project = try load(
            """
            services:
              base: {image: a, environment: [A=1], command: run it, build: ., depends_on: [x]}
              web: {extends: base, environment: {B: 2}, command: [run], build: {context: .}, depends_on: {y: {}}}
            networks: {n: {}}
            """)
        #expect(project.service("web")?.image == "a")
    }

    @Test("many services extend one of another file, which is read once")
    func many() throws {
        var reads = 0
        let services = (0..<300).map { "  s\($0): {extends: {file: base.yaml, service: b}}" }.joined(separator: "\n")
        let project = try ComposeProject.load(
            [ComposeSource(name: "compose.yaml", text: "services:\n\(services)")], directory: "/srv/shop",
            name: "shop",
            environment: [:]
        ) { path throws(StorageError) in
            reads += 1
            return ComposeSource(name: path, text: "services: {a: {image: i}, b: {extends: a}}")
        }
        #expect(project.services.allSatisfy { $0.image == "i" } && project.services.count == 300 && reads == 1)
    }

    @Test("!reset of an override file takes away although the service extends another")
    func reset() throws {
        let project = try ComposeProject.load(
            [
                ComposeSource(name: "compose.yaml", text: "services: {web: {image: i, volumes: [/a:/a]}}"),
                ComposeSource(
                    name: "o.yaml",
                    text: "services: {web: {extends: {file: c.yaml, service: x}, volumes: !reset []}}"),
            ], directory: "/srv/shop", name: "shop", environment: [:]
        ) { path throws(StorageError) in
            ComposeSource(name: path, text: "services: {x: {volumes: [/b:/b], tmpfs: !override [/t]}}")
        }
        #expect(project.service("web")?.texts == ["tmpfs /t"])
    }

    @Test("environment files see those before them, and an empty list is none")
    func environments() throws {
        let project = try load(
            """
            include:
              - {path: a.yaml, env_file: [one.env, two.env]}
              - {path: b.yaml, env_file: []}
            """,
            [
                "/srv/shop/a.yaml": "services: {a: {image: '${DATA}'}}", "/srv/shop/one.env": "ROOT=/x",
                "/srv/shop/two.env": "DATA=${ROOT}/y", "/srv/shop/b.yaml": "services: {b: {image: '${B}'}}",
                "/srv/shop/.env": "B=dot",
            ])
        #expect(project.service("a")?.image == "/x/y" && project.service("b")?.image == "dot")
    }

    @Test("the directory of a volume's device is relative to the file that declares it")
    func devices() throws {
        let volume = "{driver_opts: {type: none, o: bind, device: ./data}}"
        let project = try load(
            "include: [sub/c.yaml]\nvolumes: {own: \(volume)}", ["/srv/shop/sub/c.yaml": "volumes: {other: \(volume)}"])
        #expect(project.volume("own")?.options["device"] == "/srv/shop/data")
        #expect(project.volume("other")?.options["device"] == "/srv/shop/sub/data")
    }

    // MARK: Profiles

    @Test("what is wrong with a service that nobody asked for is told and no more")
    func disabledFault() throws {
        let text = "services: {a: , b: {profiles: [x], volumes: [{type: npipe, target: /p}]}}"
        let project = try load(text)
        #expect(project.services.map(\.isEnabled) == [true, false] && project.notes.count == 1, "\(project.notes)")
        #expect(throws: StorageError.self) { try load(text, profiles: ["x"]) }
    }

    @Test(
        "services with profiles count when one of these is asked for",
        arguments: [
            ([], [:], ["always"]), (["debug"], [:], ["always", "tools"]), (["x", "test"], [:], ["all", "always"]),
            ([], ["COMPOSE_PROFILES": "debug, test"], ["all", "always", "tools"]),
            (["debug"], ["COMPOSE_PROFILES": "test"], ["always", "tools"]),
            (["*"], [:], ["all", "always", "tools"]),
        ] as [([String], [String: String], [String])])
    func profiles(_ asked: [String], _ environment: [String: String], _ enabled: [String]) throws {
        let project = try load(
            "services: {always: , tools: {profiles: [debug]}, all: {profiles: [test, more]}}", environment: environment,
            profiles: asked)
        #expect(project.services.filter(\.isEnabled).map(\.name) == enabled)
        #expect(project.services.count == 3)
    }

    // MARK: Bad input

    private static let files = [
        "/srv/shop/self.yaml": "include: [self.yaml]",
        "/srv/shop/loop.yaml":
            "services: {a: {extends: {file: loop.yaml, service: b}}, b: {extends: {file: ./loop.yaml, service: a}}}",
        "/srv/shop/web.yaml": "services: {web: {image: other}}",
        "/srv/shop/empty.yaml": "",
        "/srv/shop/list.yaml": "[a]",
    ]

    @Test(
        "what cannot be followed is refused at its place",
        arguments: [
            ("include: [no.yaml]", "compose.yaml:1: there is no file '/srv/shop/no.yaml'"),
            ("include: self.yaml", "a list is expected"),
            ("include: [self.yaml]", "the file includes itself"),
            ("include: [compose.yaml]", "the file includes itself"),
            ("include: [https://example.org/c.yaml]", "no path of a file"),
            ("include: [{project_directory: x}]", "include[0] has no path"),
            ("include: [{path: web.yaml, env_file: no}]", "there is no file '/srv/shop/no'"),
            ("include: [{path: web.yaml, files: no}]", "include[0] has no key 'files'"),
            ("include: [web.yaml]\nservices: {web: {image: mine}}", "services.web is in the included file"),
            ("include: [list.yaml]", "a mapping is expected"),
            ("services: {a: {extends: a}}", "services extend each other"),
            ("services: {a: {extends: b}, b: {extends: {service: a}}}", "services extend each other"),
            ("services: {a: {extends: no}}", "there is no service 'no' to extend"),
            ("services: {a: {extends: {file: web.yaml}}}", "services.a.extends has no service"),
            ("services: {a: {extends: {file: no.yaml, service: x}}}", "there is no file '/srv/shop/no.yaml'"),
            ("services: {a: {extends: {file: empty.yaml, service: x}}}", "is empty"),
            (
                "services: {a: {extends: {file: web.yaml, service: x}}}",
                "no service 'x' to extend in /srv/shop/web.yaml"
            ),
            ("services: {a: {extends: {file: loop.yaml, service: a}}}", "services extend each other"),
            ("services: {a: {extends: [b]}, b: }", "a mapping is expected"),
            ("services: {a: {profiles: debug}}", "a list is expected"),
        ])
    func faults(_ text: String, _ reason: String) throws {
        let error = try #require(throws: StorageError.self) {
            try load(text, Self.files.merging(["/srv/shop/compose.yaml": text]) { $1 })
        }
        #expect(error.message.contains(reason), "\(error.message)")
    }

    @Test("files that include ever more files, and services that come to ever more mounts, are refused")
    func limits() throws {
        var files: [String: String] = [:]
        for number in 0..<300 { files["/srv/shop/\(number).yaml"] = "include: [\(number + 1).yaml]" }
        for level in 0..<30 {
            files["/srv/shop/d\(level).yaml"] = "include: [d\(level + 1).yaml, ./d\(level + 1).yaml]"
        }
        files["/srv/shop/d30.yaml"] = "services: {}"
        for name in ["0.yaml", "d0.yaml"] {
            let error = try #require(throws: StorageError.self) { try load("include: [\(name)]", files) }
            #expect(error.code == .limitExceeded)
        }
        let mounts = (0..<5000).map { "/a\($0):/a\($0)" }.joined(separator: ", ")
        let services = (0..<1000).map { "  s\($0): {extends: base}" }.joined(separator: "\n")
        let error = try #require(throws: StorageError.self) {
            try load("services:\n  base: {volumes: [\(mounts)]}\n\(services)")
        }
        #expect(error.code == .limitExceeded && error.message.contains("too many values"))
    }
}
