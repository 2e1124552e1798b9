import Foundation
import TestSupport
import Testing

/// Goal: right where container engines are wrong. Method: each case of the comparison as a volume, counted by du(1) and Python.
@Suite("usage counts like du") struct UsageTruthTests {
    private let store: StoreFixture

    init() throws { store = try StoreFixture("usage") }

    /// A shell script that fills the current directory.
    struct Shape: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let script: String
    }

    private static let shapes = [
        Shape(testDescription: "nothing", script: ":"),
        Shape(testDescription: "a sparse file of 1 GiB", script: "truncate -s 1G sparse"),
        Shape(testDescription: "tiny files", script: "for i in $(seq 100); do printf 100bytes > f$i; done"),
        Shape(testDescription: "hard links", script: "head -c 50000 /dev/zero > a; mkdir d; ln a d/b; ln a d/c"),
        Shape(
            testDescription: "hidden files", script: "mkdir .git; echo x > .git/config; echo y > .cache; echo z > ..x"),
        Shape(testDescription: "large directories", script: "mkdir wide; cd wide; seq 3000 | xargs touch"),
        Shape(
            testDescription: "links, fifos and sockets",
            script: "ln -s /etc/passwd l; mkfifo p; python3 -c 'import socket; socket.socket(1).bind(\"s\")'"),
        Shape(
            testDescription: "names that are not text",
            script: "touch $'a\\nb' $'\\e[31mred' $'\\xff\\xfe' '\"q\"' '<script>' ; mkdir $'d\\t'; echo 1 > $'d\\t/x'"),
        Shape(
            testDescription: "large files", script: "head -c 3000000 /dev/urandom > big; head -c 1 /dev/zero > small"),
    ]

    @Test("a volume is counted as du counts it", arguments: shapes)
    func agrees(_ shape: Shape) throws {
        let builder = try store.makeVolume("v")
        try Tool.script(shape.script, in: builder.root).check()
        let expected = try UsageOracle(builder.root)
        for arguments in [
            ["v"], ["v", "--threads", "1"], ["dir:" + builder.root], ["v", "--top", "3", "--by", "type"],
        ] {
            let result = try JSON(parsing: store.holdfast.run(["usage", "--json"] + arguments).check().text)
            #expect(UsageOracle(result[0]) == expected, "\(arguments)")
            #expect(result[0]["errors"].integer == 0 && result[0]["partial"].boolean == false)
        }
        // Listing sizes says the same.
        let listed = try JSON(parsing: store.holdfast("volume", "ls", "--size", "--json").check().text)
        #expect(UsageOracle(listed[0]) == expected)
    }

    @Test("what two volumes share is in both, in a column of its own, and once in the total")
    func sharedLinks() throws {
        let (a, b) = (try store.makeVolume("a"), try store.makeVolume("b"))
        try a.file("own", String(repeating: "x", count: 5000))
        try a.file("common", String(repeating: "y", count: 10_000))
        try Tool.run("ln", a.root + "/common", b.root + "/common").check()
        let found = try store.usage("a", "b", "--total")
        #expect(try UsageOracle(found[0]) == UsageOracle(a.root))
        #expect(try UsageOracle(found[1]) == UsageOracle(b.root))
        #expect(found[0]["sharedBytes"].integer == 12_288 && found[1]["sharedBytes"].integer == 12_288)
        let both = try Tool.run("du", "-scx", "--block-size=1", a.root, b.root).check().lines.last
        #expect(found[2]["source"] == "total")
        #expect(found[2]["allocatedBytes"].integer == both.flatMap { Int($0.prefix { $0.isNumber }) })
        #expect(found[2]["files"].integer == 2)
        // Alone, nothing is shared with anybody who was asked for.
        #expect(try store.usage("a")[0]["sharedBytes"].integer == 0)
    }

    @Test("a source inside of another is shared as a whole")
    func nestedSources() throws {
        let builder = try store.makeVolume("v")
        try builder.directory("inner")
        try builder.file("inner/f", String(repeating: "x", count: 5000))
        let found = try store.usage("v", "dir:\(builder.root)/inner", "v", "--total")
        let inner = found[1]["allocatedBytes"].integer
        #expect(
            found[0]["sharedBytes"] == found[0]["allocatedBytes"]
                || found[2]["sharedBytes"] == found[2]["allocatedBytes"])
        #expect(found[1]["sharedBytes"].integer == inner)
        #expect(found[3]["allocatedBytes"] == found[0]["allocatedBytes"])
    }

    @Test(
        "a tree that another user cannot read is a lower bound, told, with status 3",
        .enabled(if: Environment.isRoot, "needs another user"))
    func unreadable() throws {
        let nobody = try store.asNobody()
        let builder = try TreeBuilder(nobody.directory + "/data")
        try builder.directory("open")
        try builder.file("open/f", "x")
        try builder.directory("closed")
        try builder.file("closed/f", "x")
        try builder.mode(Array("closed".utf8), 0o700)
        let source = "dir:" + builder.root
        let json = try Tool.run(nobody.command + ["usage", source, "--json"])
        #expect(json.status == 3)
        let found = try JSON(parsing: json.text)[0]
        #expect(found["errors"].integer == 1 && found["files"].integer == 1 && found["directories"].integer == 3)
        #expect(found["unreadable"][0]["path"] == "closed")
        let table = try Tool.run(nobody.command + ["usage", source])
        #expect(table.status == 3 && table.text.contains("≥") && table.errorText.contains("'closed' cannot be read"))
    }

    @Test("a source that is missing is told, and the others are reported")
    func missing() throws {
        _ = try store.makeVolume("v")
        let result = try store.holdfast("usage", "none", "v", "--json")
        #expect(result.status == 4)
        #expect(try JSON(parsing: result.text).elements.count == 1)
        #expect(result.errorText.contains("there is no volume 'none'"))
        #expect(try store.holdfast("usage").status == 2)
        #expect(try store.holdfast("usage", "v", "--all").status == 2)
        #expect(try store.usage("--all").count == 1)
    }

    @Test("2,000 levels deep, and while it is being removed")
    func deepAndVanishing() throws {
        let builder = try store.makeVolume("v")
        let script =
            "for (1..2000) { mkdir 'deep-directory' or die; chdir 'deep-directory' or die } open F, '>f' or die"
        try Tool.script("perl -e \"$1\"", script, in: builder.root).check()
        let found = try store.usage("v", "--depth", "2")
        #expect(found[0]["directories"].integer == 2001 && found[0]["files"].integer == 1)
        let remover = try ChildProcess(["rm", "-rf", builder.root + "/deep-directory"].map { Array($0.utf8) })
        for _ in 0..<5 { #expect(try store.holdfast("usage", "v", "--json").status == 0) }
        _ = try remover.wait()
    }

    @Test(
        "a file system that is unmounted meanwhile is counted to its end",
        .enabled(if: Environment.isRoot, "mounting needs root"))
    func unmounted() throws {
        let path = try store.directory.makeDirectory("disk")
        let disk = try SmallDisk(at: path, sizeKiB: 8192)
        try Tool.script("cd \"$1\"; for i in $(seq 300); do echo $i > f$i; done", path).check()
        let process = try store.holdfast.start(
            ["usage", "dir:" + path, "--json", "--io-budget", "150"].map { Array($0.utf8) })
        try waitUntil("the scan holds the disk") {
            (try? Tool.run("ls", "-l", "/proc/\(process.identifier)/fd").text.contains(path)) == true
        }
        try Tool.run("umount", "--lazy", path).check()
        let result = try process.wait()
        #expect(try JSON(parsing: result.check().text)[0]["files"].integer == 300)
        withExtendedLifetime(disk) {}
    }
}
