internal import StorageModel

/// Changes as `docker diff` prints them, one a line, or as JSON.
enum ChangeList {
    static func print(_ changes: [ContainerChange], asJSON: Bool, _ console: Console) throws {
        if asJSON {
            return try console.print(
                .array(changes.map { ["kind": .string($0.kind.rawValue), "path": .string(path($0))] }))
        }
        for change in changes { try console.print("\(change.kind.rawValue) \(path(change).printable())\n") }
    }

    private static func path(_ change: ContainerChange) -> String {
        change.path.isRoot ? "/" : "/" + change.path.description
    }
}
