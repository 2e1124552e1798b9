import StorageModel
import Testing

/// Goal: a hook names its container as it is meant. Method: a table.
@Suite("The grammar of hooks") struct HookGrammarTests {
    @Test(
        "container, engine and command",
        arguments: [
            ("db:pg_dump -f /x", VolumeEngine?.none, "holdfast", "db", "pg_dump -f /x"),
            ("db:pg_dump -f /x", .docker, "docker", "db", "pg_dump -f /x"),
            ("podman:db:a:b", .docker, "podman", "db", "a:b"), ("holdfast:db:true", .docker, "holdfast", "db", "true"),
            ("docker:true", .podman, "podman", "docker", "true"), ("db: x", nil, "holdfast", "db", " x"),
        ])
    func parsed(_ text: String, _ engine: VolumeEngine?, _ place: String, _ name: String, _ command: String) throws {
        let hook = try BackupHook(parsing: text, engine: engine)
        #expect(hook.command == command)
        #expect(hook.place == .container(name, of: VolumeEngine(rawValue: place)))
    }

    @Test(
        "what names no container or no command is refused",
        arguments: ["", "db", ":x", "db:", "db: ", "a b:x", "a/b:x", "-a:x"])
    func refused(_ text: String) { #expect(throws: StorageError.self) { try BackupHook(parsing: text, engine: nil) } }
}
