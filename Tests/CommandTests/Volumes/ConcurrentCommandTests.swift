import TestSupport
import Testing

/// Goal: any number of processes at once end in success or a clear error, never in half a volume. Method: rounds of
/// processes on the same names, then the store is looked at.
@Suite("Commands at the same time") struct ConcurrentCommandTests {
    private let store: StoreFixture

    init() throws { store = try StoreFixture("concurrent") }

    private func start(_ arguments: String...) throws -> ChildProcess {
        try store.holdfast.start(arguments.map { Array($0.utf8) })
    }

    @Test("equal requests all succeed and make one volume")
    func sameVolume() throws {
        let processes = try (0..<8).map { _ in try start("volume", "create", "v", "--label", "a=b") }
        for process in processes { #expect(try process.wait().check().text == "v\n") }
        #expect(try store.names() == ["v"])
        #expect(try store.leftovers(in: "staging").isEmpty)
    }

    @Test("of different requests for one name one wins, the others are told")
    func rivals() throws {
        let results = try (0..<6).map { try start("volume", "create", "v", "--label", "n=\($0)") }.map { try $0.wait() }
        #expect(results.count { $0.status == 0 } == 1)
        #expect(results.count { $0.status == 5 } == 5, "\(results)")
    }

    @Test("many volumes at once")
    func manyVolumes() throws {
        for round in 0..<3 {
            for process in try (0..<8).map({ try start("volume", "create", "v\(round)-\($0)") }) {
                try process.wait().check()
            }
        }
        #expect(try store.names().count == 24)
    }

    @Test("creating and removing one volume over and over leaves a whole one or none")
    func createAgainstRemove() throws {
        var processes: [ChildProcess] = []
        for _ in 0..<12 {
            processes.append(try start("volume", "create", "v"))
            processes.append(try start("volume", "rm", "v"))
        }
        for process in processes {
            let result = try process.wait()
            #expect([0, 4, 5].contains(result.status), "\(result)")
        }
        let names = try store.names()
        #expect(try store.leftovers(in: "volumes") == names)
        #expect(try store.leftovers(in: "staging").isEmpty)
        #expect(try store.leftovers(in: "trash").isEmpty)
        for name in names { try Tool.run("test", "-d", store.mountpoint(name)).check() }
    }
}
