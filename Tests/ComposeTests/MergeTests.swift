import Compose
import StorageModel
import TestSupport
import Testing

/// Goal: files are merged as Docker Compose merges them, and no text brings the reader down. Method: tables; hostile texts
/// and random ones.
@Suite("Merging and hostile compose files") struct MergeTests {
    @Test("mappings by key, lists joined, mounts by target, labels in either form")
    func merge() throws {
        let project = try load(
            """
            services:
              web:
                image: a
                volumes: [data:/x, ./a:/y]
                tmpfs: /run
              gone: {volumes: [data:/x]}
            volumes:
              data: {labels: {a: "1", b: "1"}, driver_opts: {k: old, keep: it}}
            """,
            """
            services:
              web:
                image: b
                volumes:
                  - {type: volume, source: more, target: /x/}
                  - data:/z
                tmpfs: [/tmp]
              new: {volumes: [data:/n]}
            volumes:
              data: {labels: [b=2, c=3], driver_opts: {k: new}}
              more: {}
            """)
        #expect(project.service("web")?.image == "b")
        #expect(project.service("web")?.texts == ["volume /x", "./a:/y", "data:/z", "tmpfs /run", "tmpfs /tmp"])
        #expect(project.services.map(\.name) == ["gone", "new", "web"])
        #expect(project.volume("data")?.labels == ["a": "1", "b": "2", "c": "3"])
        #expect(project.volume("data")?.options == ["k": "new", "keep": "it"])
        #expect(project.volumes.map(\.key) == ["data", "more"])
    }

    @Test("!reset takes away, !override replaces")
    func tags() throws {
        let project = try load(
            """
            services: {web: {volumes: [data:/x, data:/y], tmpfs: [/run]}}
            volumes: {data: {labels: {a: b}}}
            """,
            """
            services: {web: {volumes: !override [data:/z], tmpfs: !reset []}}
            volumes: {data: {labels: !reset null}}
            """)
        #expect(project.service("web")?.texts == ["data:/z"])
        #expect(project.volume("data")?.labels == [:])
    }

    @Test("a value of another kind is refused with both places")
    func kinds() throws {
        let error = try #require(throws: StorageError.self) {
            try load("services: {web: {volumes: [a:/x]}}", "services: {web: {volumes: {a: b}}}")
        }
        #expect(
            error.message.contains("override1.yaml:1: services.web.volumes") && error.message.contains("compose.yaml:1")
        )
    }

    @Test("anchors, aliases and merge keys")
    func anchors() throws {
        let project = try load(
            """
            x-one: &one {labels: {a: "1"}, driver_opts: {o: "1"}}
            x-two: &two {labels: {a: "2"}, name: two}
            volumes:
              same: *one
              merged: {<<: *one, labels: {b: "2"}}
              both: {<<: [*one, *two]}
            """)
        #expect(project.volume("same")?.labels == ["a": "1"])
        #expect(project.volume("merged")?.labels == ["b": "2"] && project.volume("merged")?.options == ["o": "1"])
        #expect(project.volume("both")?.labels == ["a": "1"] && project.volume("both")?.name == "two")
    }

    @Test("a small file that would fill the memory is refused")
    func bomb() throws {
        var text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        let error = try #require(throws: StorageError.self) { try load(text + "volumes: {v: }") }
        #expect(error.code == .limitExceeded)
    }

    @Test("services that take from each other twice and twice again are followed once")
    func chain() throws {
        let links = (1...60).map { "s\($0): {volumes_from: [s\($0 - 1), 's\($0 - 1):ro']}" }
        let project = try load("services: {s0: {volumes: [/x]}, \(links.joined(separator: ", "))}")
        #expect(project.services.count == 61)
        let long = (1...200).map { "s\($0): {volumes_from: [s\($0 - 1)]}" }.reversed()
        #expect(throws: StorageError.self) {
            try load("services: {\(long.joined(separator: ", ")), s0: {volumes: [/x]}}")
        }
    }

    @Test(
        "deep nesting is refused",
        arguments: [
            String(repeating: "[", count: 100_000), String(repeating: "{a: ", count: 100_000),
            String(repeating: "- ", count: 100_000), "a: " + String(repeating: "[\n", count: 50_000),
            (0..<3000).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n"),
            "volumes: {v: {labels: {l: '" + String(repeating: "${A:-", count: 5000) + "'}}}",
        ])
    func deep(_ text: String) { #expect(throws: StorageError.self) { try load(text) } }

    @Test("random texts end in a project or in an error", arguments: 0..<6)
    func random(seed: UInt64) {
        let words = [
            "services", "volumes", "web", "data", ":", ": ", "\n", "\n  ", "\n    ", "- ", "[", "]", "{", "}", "&a ",
            "*a",
            "<<", "!reset ", "'", "\"", "$", "${A", "}", ":-", "type", "bind", "target", "/x", "external", "true",
            "null", "#",
            "|", ">", "\t", "ä", "\u{0}", "%", "@", "? ", ", ",
        ]
        var random = SeededGenerator(seed: seed)
        for _ in 0..<400 {
            let count = Int.random(in: 0..<30, using: &random)
            let text = (0..<count).compactMap { _ in words.randomElement(using: &random) }.joined()
            do { _ = try load(text) } catch is StorageError {} catch {
                Issue.record("\(error) for \(text.debugDescription)")
            }
        }
    }
}
