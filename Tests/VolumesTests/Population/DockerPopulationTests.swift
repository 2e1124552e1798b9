import Holdfast
import StorageModel
import TestSupport
import Testing

/// Goal: a volume has what Docker puts into it, and more where Docker loses something. Method: `docker create` and ours with
/// the same image and destination, compared by find(1); a table says where the two differ on purpose.
@Suite("Population as docker create does", .enabled(if: DockerEngine.isPossible, "needs dockerd and root"))
struct DockerPopulationTests {
    struct Row: Sendable {
        let name: String
        let path: String
        var options = ""
        /// What lies in the volume beforehand.
        var preparation = "true"
        /// What is knowingly not as with Docker; empty if all is.
        var difference = Difference.none
    }

    enum Difference: Sendable {
        case none
        /// Docker leaves the volume's own owner and mode with `nocopy`; ours takes those of the image.
        case noCopyOwner
        /// Docker does not populate a fresh file system.
        case lostAndFound
    }

    static let rows: [Row] = [
        Row(name: "tree", path: "/data"), Row(name: "nested", path: "/data/sub"), Row(name: "link", path: "/link"),
        Row(name: "through", path: "/link/sub"), Row(name: "climbing", path: "/out"), Row(name: "bare", path: "/bare"),
        Row(name: "emptied", path: "/emptied"), Row(name: "missing", path: "/nowhere"),
        Row(name: "below", path: "/nowhere/at/all"), Row(name: "readonly", path: "/data", options: ":ro"),
        Row(name: "merged", path: "/merged"), Row(name: "opaque", path: "/opaque"),
        Row(name: "own", path: "/data", preparation: "echo own > own; touch -d @7 own ."),
        Row(name: "hidden", path: "/data", preparation: "touch -d @7 .hidden ."),
        Row(name: "nocopy", path: "/data", options: ":nocopy", difference: .noCopyOwner),
        Row(name: "fresh", path: "/data", preparation: "mkdir lost+found", difference: .lostAndFound),
    ]

    private static let layers: [[TarMember]] = [
        [
            dated(.directory("data", mode: 0o1770).owned(by: 5, 6), 100),
            dated(.file("data/file", "1", mode: 0o4755).owned(by: 7, 8), 101),
            dated(.hardLink("data/same", to: "data/file").owned(by: 7, 8).with { $0.mode = 0o4755 }, 101),
            dated(.symbolicLink("data/link", to: "/etc/passwd"), 102),
            dated(.fifo("data/fifo"), 103), dated(.device("data/device", major: 1, minor: 3), 104),
            dated(.directory("data/sub", mode: 0o2711).owned(by: 9, 9), 105),
            dated(.file("data/sub/deep", String(repeating: "deep ", count: 9000)), 106),
            dated(.file("data/noted", "n").attribute("user.note", [1, 0, 2]), 107),
            dated(
                .file("data/capable", "c", mode: 0o755).attribute(
                    "security.capability", [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 108),
            .symbolicLink("link", to: "data"), .symbolicLink("out", to: "../../data"),
            dated(.directory("bare", mode: 0o700).owned(by: 1000, 1000), 109), .directory("emptied", mode: 0o711),
            .file("emptied/x", "x"), .directory("merged"), .file("merged/low", "low"), .directory("merged/both"),
            .file("merged/both/low", "low"), .directory("opaque"), .file("opaque/low", "low"),
        ],
        [
            .directory("emptied", mode: 0o711), .whiteout(of: "emptied/x"), .directory("merged"),
            .file("merged/high", "high"),
            .file("merged/both/high", "high"), .directory("opaque"), .opaque(in: "opaque"),
            .file("opaque/high", "high"),
        ],
    ]

    private static func dated(_ member: TarMember, _ seconds: Int) -> TarMember {
        member.with { $0.modified = 1_000_000_000 + seconds }
    }

    @Test("Every row, entry by entry") func table() async throws {
        try await DockerEngine.withEngine { try compare(try #require(DockerEngine.current)) }
    }

    private func compare(_ docker: DockerEngine) throws {
        let fixture = try PopulationFixture()
        try fixture.load(Self.layers)
        let archive = fixture.files.directory("docker.tar")
        try ImageLayout.docker24.write([try ImageFixture(Self.layers, names: ["app:1"])], to: archive)
        try docker("load", "-i", archive).check()
        var lostTimes = 0
        for row in Self.rows {
            let theirs = "\(docker.dataRoot)/volumes/\(row.name)/_data"
            let ours = fixture.files.data(row.name)
            try docker("volume", "create", row.name).check()
            try fixture.store.create(row.name)
            for data in [theirs, ours] { try Tool.script("cd \"$1\"; \(row.preparation)", data).check() }
            try docker("create", "-v", "\(row.name):\(row.path)\(row.options)", "app:1", "/none").check()
            try fixture.populate(row.name, at: row.path, isPopulated: row.options != ":nocopy")
            switch row.difference {
            case .none:
                let (own, others) = (try entries(ours), try entries(theirs))
                #expect(own == others, "\(row.name): \(own.difference(from: others))")
                lostTimes += try expectTimes(ours, theirs, row)
            case .noCopyOwner:
                #expect(try entries(theirs) == [". d 755 0:0 "])
                #expect(try entries(ours) == [". d 1770 5:6 "])
            case .lostAndFound:
                #expect(try fixture.files.names(theirs) == ["lost+found"])
                #expect(try fixture.files.names(ours).contains("file"))
            }
        }
        // Docker sets a directory's time before it makes what is in it.
        #expect(lostTimes >= 6, "Docker keeps the times of directories now: tell so in the documentation")
    }

    /// Everything but the times of directories, and attributes; by find(1) and getfattr(1).
    private func entries(_ root: String) throws -> [String] {
        try Tool.script(
            """
            cd "$1"
            find . -type d -printf '%p %y %m %U:%G \\n' -o -printf '%p %y %m %U:%G %T@ %s %n %l\\n' | LC_ALL=C sort
            getfattr -h -R -d -m - -e hex . | grep -v '^$' || true
            find . -type f -exec sha256sum {} + | LC_ALL=C sort
            """, root
        ).check().lines
    }

    /// - Returns: how many directories have lost their times in Docker's volume; in ours none has.
    private func expectTimes(_ ours: String, _ theirs: String, _ row: Row) throws -> Int {
        func times(_ root: String) throws -> [String] {
            try Tool.script("cd \"$1\"; find . -type d -printf '%T@ %p\\n' | LC_ALL=C sort -k 2", root).check().lines
        }
        let (own, others) = (try times(ours), try times(theirs))
        guard row.preparation == "true", row.path != "/nowhere", row.path != "/nowhere/at/all" else { return 0 }
        for line in own {
            #expect(line.hasPrefix("1000000") || line.hasPrefix("1700000000"), "\(row.name): \(line)")
        }
        return zip(own, others).count { $0 != $1 }
    }
}
