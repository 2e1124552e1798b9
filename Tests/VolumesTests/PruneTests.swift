import Catalog
import Holdfast
import StorageModel
import TestSupport
import Testing

/// Goal: a prune takes what nothing uses, only that, and says why. Method: volumes of every kind, real processes and mounts,
/// several prunes at once.
@Suite("Pruning volumes") struct PruneTests {
    private let fixture: StoreFixture
    private let store: Store

    init() throws {
        fixture = try StoreFixture()
        store = try fixture.open()
    }

    private func makeAnonymous(_ labels: [String: String] = [:]) throws -> String {
        try store.createVolume(VolumeRequest(name: nil, labels: labels)).volume.name.rawValue
    }

    private func prune(_ filters: String..., all: Bool = false, isDryRun: Bool = false) throws -> VolumePruneReport {
        try store.pruneVolumes(
            matching: VolumeFilter(parsing: filters), all: all, isDryRun: isDryRun, checkpoint: Checkpoint())
    }

    private func names() throws -> Set<String> { Set(try store.volumes().map(\.name.rawValue)) }

    @Test("anonymous ones go, with --all those with names too; each is told, with its size as du has it")
    func kinds() throws {
        let anonymous = try makeAnonymous()
        try store.create("named")
        try TreeBuilder(fixture.data(anonymous)).fill(seed: 4, RandomTreeOptions(entries: 30))
        let size = try Tool.run("du", "-s", "--block-size=1", fixture.data(anonymous)).check().text
        let dry = try prune(isDryRun: true)
        #expect(try names() == [anonymous, "named"])
        let report = try prune()
        #expect(report == dry)
        #expect(size.hasPrefix("\(report.reclaimedBytes)\t"))
        #expect(report.entries.count == 2)
        #expect(report.entries.first { $0.outcome == .removed }?.volume.name.rawValue == anonymous)
        #expect(report.entries.first { $0.outcome == .kept }?.reason == "it has a name; --all removes it too")
        #expect(try names() == ["named"])
        #expect(try prune(all: true).entries.map(\.outcome) == [.removed])
        try fixture.expectOrder()
    }

    @Test("protected volumes and those of containers stay, whatever is asked for")
    func wanted() throws {
        try store.createVolume(VolumeRequest(name: VolumeName("pinned"), isProtected: true))
        try store.create("used")
        let anonymous = try makeAnonymous()
        try fixture.makeContainer("web", in: store, mounting: "used", anonymous)
        try fixture.makeContainer("db", in: store, mounting: "used")
        let report = try prune(all: true)
        let reasons = Dictionary(uniqueKeysWithValues: report.entries.map { ($0.volume.name.rawValue, $0.reason) })
        #expect(report.entries.allSatisfy { $0.outcome == .kept })
        #expect(reasons["pinned"] == "it is protected")
        #expect(reasons["used"] == "container 'db' and 1 other mount it")
        #expect(reasons[anonymous] == "container 'web' mounts it")
        _ = try store.removeContainer("web")
        #expect(try prune().entries.count { $0.outcome == .removed } == 1)
        #expect(try names() == ["pinned", "used"])
    }

    @Test("a volume with an open file stays, and the process is named", arguments: [false, true])
    func open(isDryRun: Bool) throws {
        let name = try makeAnonymous()
        try TreeBuilder(fixture.data(name)).file("log", "text")
        let holder = try ChildProcess(
            ["sleep", "1000"].map { Array($0.utf8) }, input: .file("\(fixture.data(name))/log"))
        defer { holder.send(9) }
        let entry = try #require(try prune(isDryRun: isDryRun).entries.first)
        #expect(entry.outcome == .kept)
        #expect(entry.reason.contains("process \(holder.identifier) (sleep, has 'log' open)"), "\(entry)")
        #expect(try names() == [name])
    }

    @Test("a volume that is mounted in another mount namespace stays", .enabled(if: Environment.isRoot))
    func mountedElsewhere() throws {
        let name = try makeAnonymous()
        let mountpoint = try fixture.directory.makeDirectory("mountpoint")
        let holder = try ChildProcess(
            [
                "unshare", "--mount", "--propagation", "private", "sh", "-c",
                "mount --bind \"$1\" \"$2\" && echo mounted && exec sleep 1000", "sh", fixture.data(name), mountpoint,
            ].map { Array($0.utf8) })
        defer { holder.send(9) }
        while holder.textSoFar.isEmpty { try Tool.run("sleep", "0.01").check() }
        let entry = try #require(try prune().entries.first)
        #expect(entry.outcome == .kept)
        #expect(entry.reason.contains("process \(holder.identifier)"), "\(entry)")
    }

    @Test("a volume that Holdfast works on stays")
    func leased() throws {
        let name = try makeAnonymous()
        let holder = try StoreProbe.holding(fixture.root, name, "reading")
        defer { holder.send(9) }
        let entry = try #require(try prune().entries.first)
        #expect(entry.outcome == .kept && entry.reason.contains("is in use by process"), "\(entry)")
    }

    @Test("filters choose, and what they leave out is not mentioned")
    func filters() throws {
        for (name, labels) in [("a", ["tmp": "1"]), ("b", ["tmp": "1", "keep": ""]), ("c", [:])] {
            try store.create(name, labels: labels)
        }
        let report = try prune("label=tmp", "label!=keep", all: true)
        #expect(report.entries.map(\.volume.name.rawValue) == ["a"])
        #expect(try names() == ["b", "c"])
        #expect(try prune("label!=keep", all: true, isDryRun: true).entries.map(\.volume.name.rawValue) == ["c"])
        #expect(try prune("dangling=false", all: true).entries.isEmpty)
        #expect(try prune("driver=nfs", all: true).entries.isEmpty)
        #expect(try prune("until=1h", all: true).entries.isEmpty)
        #expect(try prune("until=0s", "name=c", all: true).entries.map(\.volume.name.rawValue) == ["c"])
    }

    @Test("unused= goes by the last mount, and by the creation where there was none")
    func unused() throws {
        let old = Timestamp.now.earlier(by: TimeSpan(seconds: 40 * 86_400))
        try store.catalog.transaction { transaction throws(StorageError) in
            for (name, lastMounted) in [("never", nil), ("long-ago", old), ("lately", Timestamp.now)] {
                try transaction.insert(
                    Volume(name: VolumeName(name), createdAt: old, lastMountedAt: lastMounted))
            }
        }
        try store.create("new")
        func unused(_ condition: String) throws -> [String] {
            try store.volumes(matching: VolumeFilter(parsing: [condition])).map(\.name.rawValue)
        }
        #expect(try unused("unused=30d") == ["long-ago", "never"])
        #expect(try unused("unused=41d") == [])
        try fixture.makeContainer("web", in: store, mounting: "never")
        #expect(try unused("unused=30d") == ["long-ago"])
        #expect(try unused("dangling=false") == ["never"])
        #expect(try unused("dangling=true") == ["lately", "long-ago", "new"])
    }

    @Test(
        "filters that cannot be understood are refused, with the reason",
        arguments: [
            "unused=30", "unused=-1d", "until=tomorrow", "until=2026-02-30", "until=", "dangling=perhaps", "label!=",
            "label!==x", "size=1", "unused=99999999999999999w",
        ])
    func badFilter(condition: String) throws {
        let failure = #expect(throws: StorageError.self) { try VolumeFilter(parsing: [condition]) }
        #expect(failure?.code == .invalidInput)
        #expect(failure?.message.contains(condition) == true)
    }

    @Test("two contradictory conditions are refused")
    func contradiction() throws {
        #expect(throws: StorageError.self) { try VolumeFilter(parsing: ["dangling=true", "dangling=0"]) }
    }

    @Test(
        "times in filters are those that date understands",
        arguments: [
            "2026-03-01", "2026-03-01T12:00", "2026-03-01T12:00:30Z", "2026-03-01T12:00:30.25+02:00", "1772366400",
            "2024-02-29T23:59:59-11:30",
        ])
    func times(text: String) throws {
        let found = try #require(VolumeFilter(parsing: ["until=\(text)"]).createdBefore)
        let input = text.allSatisfy(\.isNumber) ? "@" + text : text
        let expected = try Tool.run(["date", "--utc", "--date", input, "+%s.%N"], environment: ["TZ": "UTC"]).check()
            .text
        let nanoseconds = String(1_000_000_000 + Int(found.nanoseconds)).dropFirst()
        #expect("\(found.seconds).\(nanoseconds)\n" == expected)
    }

    @Test("several prunes, creators and removers at once: every volume goes once, nothing fails")
    func concurrency() throws {
        for _ in 0..<12 { _ = try makeAnonymous() }
        let reports = try [0, 1, 2].map { _ in try StoreProbe.start("prune", fixture.root) }
        let creators = try [0, 1].map { try StoreProbe.start("create", fixture.root, "made\($0)") }
        var removed: [Substring] = []
        for report in reports {
            let lines = try report.wait().check().text.split(separator: "\n")
            #expect(!lines.contains { $0.hasPrefix("failed") }, "\(lines)")
            removed += lines.filter { $0.hasPrefix("removed") }
        }
        for creator in creators { try creator.wait().check() }
        #expect(removed.count == 12)
        #expect(Set(removed).count == 12)
        #expect(try names() == ["made0", "made1"])
        try fixture.expectOrder()
    }

    @Test("rm of a volume that a container mounts names the container and where it has it; --force too")
    func references() throws {
        try store.create("pg")
        try fixture.makeContainer("web", in: store, mounting: "pg")
        try fixture.makeContainer("db", in: store, mounting: "pg")
        for force in [false, true] {
            let failure = #expect(throws: StorageError.self) { try store.remove("pg", force: force) }
            #expect(failure?.code == .inUse)
            #expect(failure?.message == "volume 'pg' is in use by container 'db', which has it at '/data0'")
            #expect(failure?.causes == ["also by container 'web', which has it at '/data0'"])
            #expect(failure?.hint == "remove the container first: holdfast container rm db")
        }
        #expect(try store.inspect([VolumeName("pg")]).first?.references == ["db", "web"])
        _ = try store.removeContainer("db")
        _ = try store.removeContainer("web")
        try store.remove("pg")
    }

    @Test("rm says where a mounted container is", .enabled(if: Environment.isRoot))
    func mountedContainer() throws {
        try store.create("pg")
        try fixture.makeContainer("web", in: store, mounting: "pg")
        let path = try store.mountContainer("web")
        defer { _ = try? store.unmountContainer("web") }
        let failure = #expect(throws: StorageError.self) { try store.remove("pg") }
        #expect(failure?.message.hasSuffix("and is mounted at '\(path)'") == true, "\(String(describing: failure))")
    }
}
