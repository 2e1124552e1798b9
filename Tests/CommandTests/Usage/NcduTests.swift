import TestSupport
import Testing

/// Goal: exports that ncdu shows, and ncdu's own read back. Method: the real ncdu writes what it reads, Python compares.
@Suite("usage and ncdu") struct NcduTests {
    private let store: StoreFixture
    private let volume: TreeBuilder

    init() throws {
        store = try StoreFixture("ncdu")
        volume = try store.makeVolume("v")
        try Tool.script(
            """
            mkdir -p a/b 'with "quotes"'; head -c 50000 /dev/urandom > a/b/f; ln a/b/f a/link; echo x > $'line\\nfeed'
            mkfifo p; ln -s a l; mkdir empty; truncate -s 1M sparse
            """, in: volume.root
        ).check()
        try volume.file([0xff, 0xfe], [1])
    }

    /// Sums, counts and names of an export, inodes with several names once.
    private static let summary = """
        import json, sys
        data = json.loads(open(sys.argv[1], 'rb').read().decode('utf-8', 'surrogateescape'))
        assert data[0] == 1
        seen, names, sums = set(), [], [0, 0]
        def walk(item, path):
            entry = item[0] if isinstance(item, list) else item
            name = path + '/' + entry['name'] if path is not None else ''
            names.append(name)
            if entry.get('nlink', 1) > 1 or entry.get('hlnkc'):
                fresh = entry['ino'] not in seen
                seen.add(entry['ino'])
            else: fresh = True
            if fresh:
                sums[0] += entry.get('dsize', 0)
                sums[1] += 0 if isinstance(item, list) else entry.get('asize', 0)
            if isinstance(item, list):
                for child in item[1:]: walk(child, name)
        walk(data[3], None)
        print(sums, json.dumps(sorted(names)))
        """

    private func summary(_ file: String) throws -> String {
        try Tool.run("python3", "-c", Self.summary, file).check().text
    }

    @Test("an export says what ncdu's own says, and ncdu reads it", .enabled(if: Tool.exists("ncdu"), "needs ncdu"))
    func agreesWithNcdu() throws {
        try store.holdfast("usage", "v", "--ncdu", store("ours.json")).check()
        try Tool.run("ncdu", "-0", "-x", "-o", store("theirs.json"), volume.root).check()
        #expect(try summary(store("ours.json")) == summary(store("theirs.json")))
        // What ncdu makes of ours when it writes it again.
        try Tool.run("ncdu", "-0", "-f", store("ours.json"), "-o", store("again.json")).check()
        #expect(try summary(store("again.json")) == summary(store("ours.json")))
        // And what we make of theirs.
        let read = try JSON(
            parsing: store.holdfast("usage", "--from-ncdu", store("theirs.json"), "--json").check().text)[0]
        #expect(try UsageOracle(read) == UsageOracle(volume.root))
        #expect(read["source"].text == "dir:" + volume.root)
    }

    @Test("an export read back is the same, lists included")
    func roundTrip() throws {
        let options = ["--top", "10", "--by", "type", "--by", "age", "--histogram"]
        let exported = try store.holdfast("usage", "v", "--ncdu", "-").check()
        let result = try store.holdfast.run(
            ["usage", "--from-ncdu", "-", "--json"] + options, input: .bytes(exported.output))
        let read = try JSON(parsing: result.check().text)[0]
        let direct = try JSON(parsing: store.holdfast.run(["usage", "v", "--json"] + options).check().text)[0]
        #expect(UsageOracle(read) == UsageOracle(direct))
        #expect(read["top"] == direct["top"] && read["histogram"] == direct["histogram"])
    }

    @Test(
        "what is no export is refused, saying where",
        arguments: [
            "", "{}", "[1,2,{}]", "[2,0,{},[{\"name\":\"/\"}]]", "[1,2,{},[{\"name\":\"/\"},{\"name\":\"a/b\"}]]",
            "[1,2,{},[{\"name\":\"/\"},{\"asize\":1}]]", "[1,2,{},[{\"name\":\"/\",\"asize\":-1}]]",
            "[1,2,{},[{\"name\":\"/\"}",
            "[1,2,{},[{\"name\":\"/\"}]] x", "[1,2,{},[{\"name\":\"\\ud800\"}]]",
        ])
    func refuses(_ text: String) throws {
        let result = try store.holdfast("usage", "--from-ncdu", "-", input: .bytes(Array(text.utf8)))
        #expect(result.status == 7 && result.errorText.contains("is not an export of ncdu"))
    }
}
