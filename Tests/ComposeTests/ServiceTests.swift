import Compose
import StorageModel
import Testing

/// Goal: what services say of storage means what it means to Docker Compose. Method: tables of YAML.
@Suite("Services of compose files") struct ServiceTests {
    private func mount(_ yaml: String, environment: [String: String] = ["HOME": "/home/anna"]) throws -> MountSpec {
        let text = """
            services: {web: {volumes: [\(yaml)]}}
            volumes: {data: , ext: {external: true}}
            """
        return try #require(try load(text, environment: environment).service("web")?.longMounts.first)
    }

    static func cases() throws -> [(String, MountSpec)] {
        let x = try ContainerPath("/x")
        func bind(_ source: String, _ change: (inout BindMount) -> Void = { _ in }) -> MountSpec {
            var mount = BindMount(source: source)
            change(&mount)
            return MountSpec(destination: x, content: .bind(mount))
        }
        func volume(_ name: String?, _ change: (inout VolumeMount) -> Void = { _ in }) throws -> MountSpec {
            var mount = VolumeMount(name: try name.map { try VolumeName($0) })
            change(&mount)
            return MountSpec(destination: x, content: .volume(mount))
        }
        func tmpfs(_ mount: TmpfsMount) -> MountSpec {
            MountSpec(destination: x, content: .tmpfs(mount), restrictions: [.noSetID, .noDevices, .noExecution])
        }
        var readOnly = try volume("shop_data")
        readOnly.isReadOnly = true
        var image = MountSpec(destination: x, content: .image(ImageMount(reference: "app:1")))
        image.isReadOnly = true
        var part = image
        part.content = .image(ImageMount(reference: "app:1", subpath: EntryPath(trusted: Array("etc".utf8))))
        return [
            ("{type: volume, source: data, target: /x}", try volume("shop_data")),
            ("{type: volume, source: ext, target: /x/}", try volume("ext")),
            ("{type: volume, target: /x}", try volume(nil)),
            ("{type: volume, source: data, target: /x, read_only: true}", readOnly),
            (
                "{type: volume, source: data, target: /x, volume: {nocopy: true}}",
                try volume("shop_data") { $0.isPopulated = false }
            ),
            (
                "{type: volume, source: data, target: /x, volume: {subpath: a/b, labels: {k: v}}}",
                try volume("shop_data") {
                    ($0.subpath, $0.labels) = (EntryPath(trusted: Array("a/b".utf8)), ["k": "v"])
                }
            ),
            ("{type: bind, source: /h, target: /x}", bind("/h")),
            ("{type: bind, source: ./h, target: /x, consistency: cached}", bind("/srv/shop/h")),
            ("{type: bind, source: ../h, target: /x}", bind("/srv/h")),
            ("{type: bind, source: ~/h, target: /x}", bind("/home/anna/h")),
            ("{type: bind, source: /h, target: /x, bind: {}}", bind("/h") { $0.createsSource = true }),
            ("{type: bind, source: /h, target: /x, bind: {create_host_path: false}}", bind("/h")),
            (
                "{type: bind, source: /h, target: /x, bind: {propagation: rslave, selinux: z, recursive: disabled}}",
                bind("/h") {
                    ($0.createsSource, $0.propagation, $0.recursion) = (true, .rslave, .disabled)
                    $0.access.label = .shared
                }
            ),
            ("{type: tmpfs, target: /x}", tmpfs(TmpfsMount())),
            (
                "{type: tmpfs, target: /x, tmpfs: {size: 1048576, mode: 0700}}",
                tmpfs(TmpfsMount(sizeBytes: 1 << 20, mode: 0o700))
            ),
            ("{type: tmpfs, target: /x, tmpfs: {size: 10mb, mode: '1777'}}", tmpfs(TmpfsMount(sizeBytes: 10 << 20))),
            ("{type: tmpfs, target: /x, tmpfs: {mode: 448}}", tmpfs(TmpfsMount(mode: 0o700))),
            ("{type: image, source: 'app:1', target: /x}", image),
            ("{type: image, source: 'app:1', target: /x, image: {subpath: etc}}", part),
        ]
    }

    @Test("the long syntax", arguments: try cases())
    func long(_ yaml: String, _ expected: MountSpec) throws { #expect(try mount(yaml) == expected) }

    @Test(
        "what is wrong in the long syntax",
        arguments: [
            ("{source: data, target: /x}", "has no type"), ("{type: cluster, target: /x}", "that there is not"),
            ("{type: npipe, source: a, target: /x}", "that there is not"),
            ("{type: volume, source: data}", "has no target"),
            ("{type: volume, source: data, target: x}", "not an absolute path"),
            ("{type: bind, source: /h, target: /}", "root"),
            ("{type: bind, target: /x}", "has no source"), ("{type: image, target: /x}", "has no source"),
            ("{type: tmpfs, source: a, target: /x}", "has no source"),
            ("{type: volume, source: nope, target: /x}", "does not declare"),
            ("{type: volume, source: ./h, target: /x}", "does not declare"),
            ("{type: volume, source: data, target: /x, bind: {}}", "options of a bind"),
            ("{type: volume, source: data, target: /x, volume: {nocpy: true}}", "has no key 'nocpy'"),
            ("{type: volume, source: data, target: /x, volume: {subpath: ../x}}", "volume.subpath"),
            ("{type: bind, source: /h, target: /x, bind: {propagation: foo}}", "propagation is 'foo'"),
            ("{type: bind, source: /h, target: /x, bind: {selinux: y}}", "neither z nor Z"),
            ("{type: bind, source: /h, target: /x, bind: {recursive: y}}", "recursive is 'y'"),
            ("{type: tmpfs, target: /x, tmpfs: {size: big}}", "size is 'big'"),
            ("{type: tmpfs, target: /x, tmpfs: {mode: rw}}", "mode is 'rw'"),
            ("{type: volume, source: data, target: /x, read_only: perhaps}", "true or false"),
            ("{type: volume, source: data, target: /x, readonly: true}", "has no key 'readonly'"),
            ("[a]", "neither a text nor a mapping"),
        ])
    func faults(_ yaml: String, _ reason: String) throws {
        let error = try #require(throws: StorageError.self) { try mount(yaml) }
        #expect(error.code == .invalidInput && error.message.hasPrefix("compose.yaml:1: "))
        #expect(error.message.contains(reason), "\(error.message)")
    }

    @Test("a mode without a zero is told")
    func mode() throws {
        let project = try load("services: {a: {volumes: [{type: tmpfs, target: /x, tmpfs: {mode: 1777}}]}}")
        #expect(project.notes.count == 1 && project.notes[0].contains("octal number 01777"))
    }

    @Test("short mounts, tmpfs and volumes_from")
    func short() throws {
        let project = try load(
            """
            services:
              web:
                image: nginx:${TAG:-1}
                volumes: ["data:/x:ro", ./a:/b, ~/c:/d, /anonymous]
                tmpfs: /run
                volumes_from: [db, "db:ro", "container:other:ro"]
              db:
                tmpfs: [/a, "/b:size=1m"]
                ports: ["1:1"]
            volumes: {data: }
            networks: {ignored: }
            """, environment: ["HOME": "/home/anna"])
        let web = try #require(project.service("web"))
        #expect(web.image == "nginx:1")
        #expect(web.texts == ["data:/x:ro", "./a:/b", "/home/anna/c:/d", "/anonymous", "tmpfs /run"])
        #expect(project.service("db")?.texts == ["tmpfs /a", "tmpfs /b:size=1m"])
        #expect(web.volumesFrom.map(\.isReadOnly) == [false, true, true])
        let names = web.volumesFrom.map { inheritance in
            switch inheritance.source {
            case .service(let name): "service \(name)"
            case .container(let name): "container \(name)"
            }
        }
        #expect(names == ["service db", "service db", "container other"])
    }

    @Test(
        "what is wrong in services",
        arguments: [
            ("services: [a]", "mapping is expected"), ("services: {a: text}", "mapping is expected"),
            ("services: {a: {volumes: data:/x}}", "list is expected"),
            ("services: {a: {volumes: {a: b}}}", "list is expected"),
            ("services: {a: {volumes_from: [b]}}", "no service 'b'"),
            ("services: {a: {volumes_from: [a]}}", "from each other"),
            ("services: {a: {volumes_from: [b]}, b: {volumes_from: [a]}}", "from each other"),
            ("services: {a: {volumes_from: ['b:x'], }, b: {}}", "not of the form"),
            ("services: {a: {image: [b]}}", "text is expected"),
            ("services: {a: {tmpfs: [{a: b}]}}", "text is expected"),
        ])
    func serviceFaults(_ text: String, _ reason: String) throws {
        let error = try #require(throws: StorageError.self) { try load(text) }
        #expect(error.message.contains(reason), "\(error.message)")
    }
}
