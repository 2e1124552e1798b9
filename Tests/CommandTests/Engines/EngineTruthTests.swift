import TestSupport
import Testing

/// Goal: right where engines are wrong, on their own volumes. Method: each case as a volume of a real Docker and of a real Podman,
/// counted by the engine, by `du`, by what the engine is known to reckon, in Python, and by Holdfast.
@Suite("What engines say of their volumes, and what is so") struct EngineTruthTests {
    /// A volume, and whether the engines' figure is another than that of `du --apparent-size`'s files.
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Fills the current directory.
        let script: String
        /// Undoes what is more than files.
        var cleanUp = ":"
    }

    static let rows = [
        Row(testDescription: "a sparse file of 1 GiB", script: "truncate -s 1G sparse"),
        Row(testDescription: "tiny files", script: "for i in $(seq 100); do printf %0100d $i > f$i; done"),
        Row(testDescription: "hard links", script: "head -c 50000 /dev/zero > a; mkdir d; ln a d/b; ln a d/c"),
        Row(testDescription: "hidden files", script: "mkdir .git; head -c 70000 /dev/zero > .git/x; echo y > .cache"),
        Row(testDescription: "directories and empty files", script: "mkdir -p d/{1..200}; touch d/{1..200}/f"),
        Row(testDescription: "links, fifos", script: "ln -s /etc/passwd l; mkfifo p"),
        Row(
            testDescription: "the same inode number on two devices",
            script: """
                for d in m1 m2; do mkdir $d; mount -t tmpfs x $d; head -c 9000 /dev/zero > $d/f; done
                [ $(stat -c %i m1/f) = $(stat -c %i m2/f) ]; head -c 5000 /dev/zero > own
                """, cleanUp: "umount m1 m2"),
    ]

    /// What the engines' walks make of a directory: apparent sizes of all but directories, mounts below included, and every inode
    /// number once, whatever its device (moby: daemon/internal/directory, containers/storage: pkg/directory), or as in Podman 4
    /// every name.
    private static let reckoning = """
        import os, stat, sys
        seen = set(); once = each = 0
        for path, directories, files in os.walk(os.fsencode(sys.argv[1])):
            for name in directories + files:
                status = os.lstat(os.path.join(path, name))
                if stat.S_ISDIR(status.st_mode): continue
                each += status.st_size
                if status.st_ino in seen: continue
                seen.add(status.st_ino)
                once += status.st_size
        print(once, each)
        """

    private func reckoned(_ path: String) throws -> [Int] {
        try Tool.run("python3", "-c", Self.reckoning, path).check().text.split(whereSeparator: \.isWhitespace)
            .compactMap { Int($0) }
    }

    /// Compares all figures of one volume.
    ///
    /// - Parameters:
    ///   - told: what the engine says.
    ///   - countsNames: whether it may count each name of a file.
    private func compare(
        _ source: String, at path: String, told: Int, countsNames: Bool = false, _ holdfast: CommandRunner
    ) throws {
        let found = try JSON(parsing: holdfast("usage", source, "--json").check().text)[0]
        #expect(try UsageOracle(found) == UsageOracle(path), "\(source) is not what du counts")
        // An engine that has learned to count is no fault of ours.
        let right = [found["allocatedBytes"].integer, found["apparentBytes"].integer]
        let known = try reckoned(path).prefix(countsNames ? 2 : 1)
        #expect(known.contains(told) || right.contains(told), "\(source): the engine says \(told) and not \(known)")
        // With mounts, every inode of every device.
        let all = try JSON(parsing: holdfast("usage", source, "--json", "--cross-file-systems").check().text)[0]
        let du = try Tool.run("du", "-s", "--block-size=1", path).check().text.prefix { $0.isNumber }
        #expect(all["allocatedBytes"].integer == Int(du))
    }

    @Suite(
        "Docker", .enabled(if: DockerEngine.isPossible, "needs dockerd and root"), .dockerEngine)
    struct Docker {
        private let engine: EngineFixture

        init() throws { engine = try EngineFixture() }

        /// What the engine answers to `system df`, with exact numbers.
        private func df() throws -> JSON {
            let socket = String(engine.docker.host.dropFirst("unix://".count))
            let script = """
                import http.client, socket, sys
                connection = http.client.HTTPConnection("docker")
                connection.sock = socket.socket(socket.AF_UNIX)
                connection.sock.connect(sys.argv[1])
                connection.request("GET", "/system/df")
                print(connection.getresponse().read().decode())
                """
            return try JSON(parsing: Tool.run("python3", "-c", script, socket).check().text)
        }

        private func told(_ name: String) throws -> JSON? {
            try df()["Volumes"].elements.first { $0["Name"].text == name }
        }

        @Test(
            "a volume is what du counts, and what Docker says is what it is known to reckon",
            arguments: EngineTruthTests.rows)
        func volume(_ row: Row) throws {
            let name = "row-\(EngineTruthTests.rows.firstIndex { $0.testDescription == row.testDescription } ?? 0)"
            let path = try engine.makeVolume(name).root
            try Tool.script(row.script, in: path).check()
            defer { _ = try? Tool.script(row.cleanUp, in: path) }
            let told = try #require(try told(name)?["UsageData"]["Size"].integer)
            try EngineTruthTests().compare("docker:\(name)", at: path, told: told, engine.holdfast)
        }

        @Test("a volume with options is missing there and listed here")
        func options() throws {
            let bound = try engine.store.directory.makeDirectory("bound")
            try TreeBuilder(bound).file("f", String(repeating: "x", count: 10_000))
            _ = try engine.docker.run(
                [
                    "volume", "create", "--opt", "type=none", "--opt", "o=bind", "--opt", "device=\(bound)",
                    "with-options",
                ]
            ).check()
            #expect(try told("with-options") == nil, "the engine lists it now")
            let all = try JSON(parsing: engine.holdfast("usage", "--all", "--engine", "docker", "--json").check().text)
            let found = try #require(all.elements.first { $0["source"] == "docker:with-options" })
            #expect(try UsageOracle(found) == UsageOracle(bound))
        }

        @Test("a hard link across volumes is in both there, and here in both, in 'shared', and once in the total")
        func linkedVolumes() throws {
            let (a, b) = (try engine.makeVolume("link-a").root, try engine.makeVolume("link-b").root)
            try Tool.script("head -c 20000 /dev/zero > \"$1/f\"; ln \"$1/f\" \"$2/f\"", a, b).check()
            #expect(try told("link-a")?["UsageData"]["Size"].integer == 20_000)
            #expect(try told("link-b")?["UsageData"]["Size"].integer == 20_000)
            let found = try JSON(
                parsing: engine.holdfast("usage", "docker:link-a", "docker:link-b", "--total", "--json").check().text)
            #expect(found[0]["sharedBytes"].integer == 20_480 && found[1]["sharedBytes"].integer == 20_480)
            let both = try Tool.run("du", "-scx", "--block-size=1", a, b).check().lines.last?.prefix { $0.isNumber }
            #expect(found[2]["allocatedBytes"].integer == both.flatMap { Int($0) })
        }

        @Test("a file that is deleted and open is in no count of a volume")
        func deletedFile() throws {
            let path = try engine.makeVolume("deleted").root
            let script = "exec 3<>gone; head -c 3000000 /dev/zero >&3; rm gone; touch ready; exec sleep 100"
            let process = try ChildProcess(["bash", "-c", script].map { Array($0.utf8) }, workingDirectory: path)
            defer { process.send(9) }
            try waitUntil("the file is deleted") {
                (try? Tool.run("ls", path).lines) == ["ready"]
            }
            #expect(try told("deleted")?["UsageData"]["Size"].integer == 0)
            try EngineTruthTests().compare("docker:deleted", at: path, told: 0, engine.holdfast)
        }

        @Test("a volume of three containers is active once, there and here")
        func references() throws {
            try engine.prepareImage()
            _ = try engine.makeVolume("busy")
            try engine.store.holdfast("image", "import", engine.makeImageTar(), EngineFixture.image).check()
            for number in 1...3 {
                try engine.docker(
                    "create", "--network", "none", "--name", "busy-\(number)", "--volume", "busy:/data",
                    EngineFixture.image, "/bin/busybox", "true"
                ).check()
                try engine.store.holdfast(
                    "container", "create", "--name", "busy-\(number)", "-v", "busy:/data", EngineFixture.image
                ).check()
            }
            defer { _ = try? engine.docker("rm", "busy-1", "busy-2", "busy-3") }
            #expect(try told("busy")?["UsageData"]["RefCount"].integer == 3)
            let report = try JSON(parsing: engine.store.holdfast("df", "--json").check().text)["volumes"]
            #expect(report["activeCount"].integer == 1 && report["items"][0]["references"].elements.count == 3)
        }

        @Test("layers that only unused images share can be freed, which Docker does not say")
        func unusedLayers() throws {
            let fixture = DiskFreeFixture(in: engine.store.directory.path)
            try TwoImages.write(to: engine.store("two.tar"))
            try engine.docker("load", "--input", engine.store("two.tar")).check()
            try fixture.holdfast("image", "load", "-i", engine.store("two.tar")).check()
            let report = try df()
            let images = report["Images"].elements.filter { $0["RepoTags"][0].text?.hasPrefix("two-") == true }
            #expect(images.count == 2 && images.allSatisfy { $0["Containers"].integer == 0 })
            // The client's formula: what no other image has of each image that nothing uses.
            let reclaimable = images.reduce(0) { $0 + ($1["Size"].integer ?? 0) - ($1["SharedSize"].integer ?? 0) }
            #expect(reclaimable < 500_000, "the engine counts the shared layer too: \(reclaimable)")
            let own = try fixture.df()["images"]
            #expect(own["reclaimableBytes"] == own["sizeBytes"])
            #expect((own["reclaimableBytes"].integer ?? 0) > 900_000)
            let freed = try JSON(parsing: fixture.holdfast("image", "prune", "--all", "--json").check().text)
            #expect(freed["reclaimedBytes"] == own["reclaimableBytes"])
        }
    }

    @Suite("Podman", .enabled(if: PodmanEngine.isPossible, "needs podman and root")) struct Podman {
        private let store: StoreFixture
        private let podman: PodmanEngine
        private let holdfast: CommandRunner

        init() throws {
            store = try StoreFixture("podman-truth")
            podman = try PodmanEngine()
            var holdfast = store.holdfast
            holdfast.environment["HOLDFAST_PODMAN"] = try podman.makeProgram()
            self.holdfast = holdfast
        }

        /// One line of `podman system df`.
        private func df(_ type: String) throws -> JSON {
            let lines = try podman("system", "df", "--format", "{{json .}}").check().lines
            return try #require(lines.map { try JSON(parsing: $0) }.first { $0["Type"].text == type })
        }

        @Test(
            "a volume is what du counts, and what Podman says is what it is known to reckon",
            arguments: EngineTruthTests.rows)
        func volume(_ row: Row) throws {
            try podman("volume", "create", "row").check()
            let path = try #require(
                try JSON(parsing: podman("volume", "inspect", "row").check().text)[0]["Mountpoint"].text)
            try Tool.script(row.script, in: path).check()
            defer { _ = try? Tool.script(row.cleanUp, in: path) }
            let told = try #require(try df("Local Volumes")["Size"].integer)
            try EngineTruthTests().compare("podman:row", at: path, told: told, countsNames: true, holdfast)
        }

        @Test("layers that used images share take their space once and cannot be freed, one of which Podman has wrong")
        func usedLayers() throws {
            try TwoImages.write(to: store("two.tar"))
            try podman("load", "--input", store("two.tar")).check()
            try store.holdfast("image", "load", "-i", store("two.tar")).check()
            for name in ["a", "b"] {
                try podman("create", "--network", "none", "--name", name, "localhost/two-\(name):1", "/x").check()
                try store.holdfast("container", "create", "--name", name, "two-\(name):1").check()
            }
            let told = try df("Images")
            let own = try JSON(parsing: store.holdfast("df", "--json").check().text)["images"]
            #expect(own["activeCount"].integer == 2 && own["reclaimableBytes"].integer == 0)
            #expect((1_000_000...1_100_000).contains(own["sizeBytes"].integer ?? 0), "each layer once")
            // Podman 4 has the base twice in the size, Podman 5 among what can be freed.
            let (size, reclaimable) = (told["Size"].integer ?? 0, told["Reclaimable"].integer ?? 0)
            let isRight = size < 1_200_000 && reclaimable == 0
            #expect(isRight || size > 1_700_000 || reclaimable > 700_000, "\(told)")
        }

        @Test("a volume of three containers is active once here")
        func references() throws {
            try TwoImages.write(to: store("two.tar"))
            try podman("load", "--input", store("two.tar")).check()
            try store.holdfast("image", "load", "-i", store("two.tar")).check()
            for number in 1...3 {
                try podman(
                    "create", "--network", "none", "--name", "c\(number)", "--volume", "busy:/data",
                    "localhost/two-a:1", "/x"
                ).check()
                try store.holdfast("container", "create", "--name", "c\(number)", "-v", "busy:/data", "two-a:1").check()
            }
            // One of the two, as versions have it.
            #expect([1, 3].contains(try df("Local Volumes")["Active"].integer))
            let report = try JSON(parsing: store.holdfast("df", "--json").check().text)["volumes"]
            #expect(report["totalCount"].integer == 1 && report["activeCount"].integer == 1)
        }
    }
}

/// Two images on one base: `two-a:1` and `two-b:1`.
private enum TwoImages {
    static func write(to path: String) throws {
        var random = SeededGenerator(seed: 17)
        let base: [TarMember] = [.directory("base"), .file("base/f", random.bytes(800_000))]
        let images = try ["a", "b"].map { name in
            try ImageFixture(
                [base, [.directory(name), .file("\(name)/f", random.bytes(100_000))]], names: ["two-\(name):1"])
        }
        try ImageLayout.docker25.write(images, to: path)
    }
}
