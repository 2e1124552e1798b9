import Compose
import StorageModel
import TestSupport
import Testing

/// Goal: volumes get Docker Compose's names, labels and hashes. Method: tables; the hash is computed by Python's `json` and
/// `hashlib` from the configuration as compose-go declares it.
@Suite("Volumes of compose files") struct VolumeTests {
    @Test("names: the project's before the key, unless the file says otherwise")
    func names() throws {
        let project = try load(
            """
            volumes:
              data:
              own: {name: my.volume}
              theirs: {external: true}
              named: {external: true, name: other}
              old: {external: {name: older}}
              local: {driver: local, driver_opts: {type: nfs, o: "addr=h,rw", device: ":/x", n: 5}}
              x-nothing: {}
            """)
        #expect(project.volumes.map(\.key) == ["data", "local", "named", "old", "own", "theirs"])
        #expect(
            project.volumes.map(\.name) == ["shop_data", "shop_local", "other", "older", "my.volume", "theirs"])
        #expect(project.volumes.map(\.isExternal) == [false, false, true, true, false, true])
        #expect(project.volume("local")?.options == ["type": "nfs", "o": "addr=h,rw", "device": ":/x", "n": "5"])
        #expect(project.notes.count == 1 && project.notes[0].hasPrefix("compose.yaml:6: 'external.name' is deprecated"))
    }

    @Test("labels as a mapping and as a list")
    func labels() throws {
        let project = try load(
            """
            volumes:
              a: {labels: {k: v, n: 1.50, t: true, e: , q: "1.50"}}
              b: {labels: [k=v, "x=y=z", bare]}
            """)
        #expect(project.volume("a")?.labels == ["k": "v", "n": "1.5", "t": "true", "e": "", "q": "1.50"])
        #expect(project.volume("b")?.labels == ["k": "v", "x": "y=z", "bare": ""])
        let all = try #require(project.volume("b")).allLabels
        #expect(
            all["com.docker.compose.project"] == "shop" && all["com.docker.compose.volume"] == "b" && all["k"] == "v")
        #expect(all.keys.sorted().filter { $0.hasPrefix("com.docker.compose.") }.count == 4)
    }

    @Test(
        "the hash is that of the configuration as Go writes it",
        arguments: [
            "v: ", "v: {driver: local}", "v: {driver: other}", "v: {name: n}", "v: {labels: {b: '1', a: '<&>'}}",
            "v: {driver_opts: {type: tmpfs, device: tmpfs, o: 'size=1m,uid=5'}, labels: [x=y]}",
            "v: {labels: {u: 'ä\u{2028}', t: \"a\\tb\\\"c\"}}",
        ], [""])
    func hash(_ text: String, _: String) throws {
        let volume = try #require(try load("volumes: {\(text)}").volume("v"))
        let script = """
            import hashlib, json, sys
            name, driver, options, labels = json.load(sys.stdin)
            config = {"name": name, "driver": driver}
            if options: config["driver_opts"] = dict(sorted(options.items()))
            if labels: config["labels"] = dict(sorted(labels.items()))
            text = json.dumps(config, separators=(",", ":"), ensure_ascii=False)
            for char, code in (("<", "003c"), (">", "003e"), ("&", "0026"), ("\\u2028", "2028")):
                text = text.replace(char, "\\\\u" + code)
            print(hashlib.sha256(text.encode()).hexdigest())
            """
        let input = JSONValue.array([
            .string(volume.name), .string(volume.driver), .strings(volume.options), .strings(volume.labels),
        ])
        let result = try Tool.run(["python3", "-c", script], input: .bytes(Array(input.compactText.utf8))).check()
        #expect(volume.configurationHash + "\n" == result.text)
    }

    @Test(
        "what is wrong is told with its line",
        arguments: [
            ("volumes: []", 1, "where a mapping is expected"),
            ("volumes:\n  v: text", 2, "where a mapping is expected"),
            ("volumes:\n  v: {drivr: local}", 2, "has no key 'drivr'"),
            ("volumes:\n  v: {labels: 5}", 2, "a list of KEY=VALUE"),
            ("volumes:\n  v: {labels: {a: [b]}}", 2, "where a text is expected"),
            ("volumes:\n  v: {driver_opts: [a=b]}", 2, "not a mapping"),
            ("volumes:\n  v: {external: maybe}", 2, "true or false"),
            ("volumes:\n  v:\n    external: true\n    driver: local", 4, "is external, and has 'driver'"),
            ("volumes:\n  v: {external: true, labels: [a=b]}", 2, "is external, and has 'labels'"),
            ("volumes:\n  v: {external: {name: a}, name: b}", 2, "another in 'external'"),
            ("volumes:\n  v:\n    name: a/b", 3, "not valid"), ("volumes:\n  a/b: ", 2, "not valid"),
            ("volumes:\n  v:\n  v:", 1, "twice"), ("volumes: {\n  v: [", 2, "not YAML"), ("a: b: c", 1, "not YAML"),
            ("volumes:\n\tv:", 2, "not YAML"), ("- a", 1, "where a mapping is expected"),
            ("text", 1, "where a mapping"),
        ])
    func faults(_ text: String, _ line: Int, _ reason: String) throws {
        let error = try #require(throws: StorageError.self) { try load(text) }
        #expect(error.code == .invalidInput)
        #expect(error.message.contains(reason), "\(error.message)")
        let found = error.message.split(separator: ":")[1]
        #expect(Int(found).map { abs($0 - line) <= 1 } == true, "\(error.message)")
        #expect(error.excerpt != nil)
    }

    @Test("an empty file is refused", arguments: ["", "# nothing\n", "---\n"])
    func empty(_ text: String) { #expect(throws: StorageError.self) { try load(text) } }
}
