import TestSupport
import Testing

/// Goal: `mount check` answers as scripts rely on it: exit status, JSON, text that is safe to print, and nothing made or
/// changed. Method: the built binary as a user drives it.
@Suite("mount check", .enabled(if: Environment.isRoot, "needs other users' files")) struct MountCheckTests {
    private let store: StoreFixture
    private let tree: TreeBuilder

    init() throws {
        store = try StoreFixture("mountcheck")
        try Tool.run("chmod", "755", store.directory.path).check()
        tree = try TreeBuilder(store("t"))
        try tree.directory("own", mode: 0o700)
        try tree.owner(Array("own".utf8), 1000, 1000)
        try tree.directory("root", mode: 0o755)
        try tree.directory("open", mode: 0o777)
        try tree.directory("private", mode: 0o700)
        try tree.directory("private/own", mode: 0o700)
        try tree.owner(Array("private/own".utf8), 1000, 0)
        try tree.file("file", "x")
        try tree.symbolicLink("link", to: "own")
    }

    private func check(_ arguments: [String]) throws -> ProcessResult {
        try store.holdfast.run(["mount", "check"] + arguments.map { $0.replacing("T/", with: store("t") + "/") })
    }

    static let verdicts: [(arguments: [String], status: Int32)] = [
        (["-v", "T/own:/d", "--user", "1000"], 0), (["-v", "T/link:/d", "--user", "1000:1000"], 0),
        (["-v", "T/root:/d", "--user", "1000"], 6), (["-v", "T/root:/d:ro", "--user", "1000"], 0),
        (["-v", "T/root:/d", "--user", "0"], 0), (["-v", "T/root:/d"], 0),
        (["-v", "T/own:/d", "--cap-drop", "DAC_OVERRIDE"], 6), (["-v", "T/own:/d", "--cap-drop", "ALL"], 6),
        (["-v", "T/own:/d", "--cap-drop", "ALL", "--cap-add", "CAP_DAC_OVERRIDE"], 0),
        (["-v", "T/own:/d:ro", "--cap-drop", "all", "--cap-add", "dac_read_search"], 0),
        (["-v", "T/none:/d"], 3), (["-v", "T/none:/d", "--user", "1000"], 3),
        (["--mount", "type=bind,source=T/none,destination=/d"], 6), (["-v", "T/none:/d:nocreate"], 6),
        (["--mount", "type=bind,source=T/none,destination=/d,bind-create-src"], 3),
        (["-v", "T/none:/d", "--user", "1000", "--rootless"], 6),
        (["-v", "T/private/own:/d", "--user", "1000"], 3),
        (["-v", "T/private/own:/d", "--user", "1000", "--rootless"], 6),
        (["-v", "T/own:/d", "--user", "1000", "--rootless"], 0),
        (["-v", "T/own:/d", "--user", "0", "--userns", "0:1000:1"], 0),
        (["-v", "T/own:/d", "--user", "0", "--userns", "0:100000:65536"], 6),
        (["-v", "T/own:/d", "--user", "70000", "--userns", "0:100000:65536"], 6),
        (["-v", "T/file:/d/f:ro", "--user", "1000"], 0), (["-v", "T/file:/d/f", "--user", "1000"], 6),
        (["-v", "/etc:/d"], 3), (["-v", "/:/d:ro"], 3), (["-v", "/var/run:/d"], 3), (["-v", "/proc:/d"], 3),
        (["--tmpfs", "/run", "--user", "1000"], 0), (["--tmpfs", "/run:mode=0700", "--user", "1000"], 6),
        (["--tmpfs", "/run:mode=0700,uid=1000", "--user", "1000"], 0),
        (["-v", "T/own:/d", "-v", "T/root:/e", "--user", "1000"], 6),
        (["-v", "T/own:/d", "-v", "T/none:/e", "--user", "1000"], 3),
        (["-v", "pg:/d", "--user", "1000"], 3), (["-v", "/anonymous"], 3),
        (["-v", "T/root:/d", "--user", "1000", "--group-add", "5"], 6),
        (["-v", "T/root:/d:idmap", "--user", "1000", "--userns", "0:100000:65536"], 6),
        (["--mount", "type=bind,source=T/own,destination=/d,bind-idmap=match-user", "--user", "5:5"], 0),
        (["-v", "T/root:/d:U", "--user", "1000"], 0), (["-v", "T/root:/d:O", "--user", "0"], 0),
    ]

    @Test("the exit status is the verdict", arguments: verdicts)
    func verdict(_ arguments: [String], _ status: Int32) throws {
        let run = try check(arguments)
        #expect(run.status == status, "\(run)")
        let word = [0: "allowed", 3: "warning", 6: "denied"][status] ?? ""
        #expect(run.lines.contains { $0.hasPrefix(word + ": ") }, "\(run)")
        #expect(run.errorText.isEmpty)
        let json = try check(arguments + ["--json"])
        #expect(json.status == status)
        #expect(try JSON(parsing: json.text)["verdict"] == word)
        // No store was asked for, and none made.
        #expect(try Tool.run("test", "-e", store("store")).status == 1)
    }

    static let mistakes: [(arguments: [String], status: Int32, says: String)] = [
        ([], 2, "no mount"), (["--user", "1000"], 2, "no mount"), (["-v"], 2, "Missing value"),
        (["-v", "relative/x"], 2, "relative/x"),
        (["-v", "T/own:/d", "--user", "app"], 2, "--image"), (["-v", "T/own:/d", "--group-add", "www"], 2, "--image"),
        (["-v", "T/own:/d", "--user", "1000:www"], 2, "--image"),
        (["-v", "T/own:/d", "--user", "99999999999"], 2, "number"),
        (["-v", "T/own:/d", "--userns", "0:1"], 2, "INSIDE:OUTSIDE:COUNT"),
        (["-v", "T/own:/d", "--cap-drop", "x y"], 2, "capability"),
        (["-v", "T/own:/d", "-v", "T/root:/d"], 2, "/d"), (["-v", "T/own:/d", "--nix"], 2, "nix"), (["x"], 2, "x"),
        (["-v", "T/own:/d", "--image", "none"], 4, "store"), (["-v", "T/own:/d", "--policy", "T/none"], 4, "T/none"),
        (["--volumes-from", "none"], 4, "store"), (["--help"], 0, "EXAMPLES"),
    ]

    @Test("mistakes and help", arguments: mistakes)
    func mistake(_ arguments: [String], _ status: Int32, _ says: String) throws {
        let run = try check(arguments)
        #expect(run.status == status, "\(run)")
        let text = status == 0 ? run.text : run.errorText
        #expect(text.contains(says.replacing("T/", with: store("t") + "/")), "\(run)")
    }

    @Test("the parser and the short way understand the same")
    func spellings() throws {
        let plain = ["-v", store("t/own") + ":/d", "--user", "1000", "--json"]
        let expected = try check(plain).text
        let spellings = [
            ["--volume", plain[1], "-u", "1000", "--json"], ["--volume=" + plain[1], "--user=1000", "--json"],
            ["--json", "-v", plain[1], "--user", "1000"], ["-v", plain[1], "-u", "1000", "--json", "--"],
        ]
        for spelling in spellings { #expect(try check(spelling).text == expected, "\(spelling)") }
    }

    @Test("JSON has the promised keys, and both ids")
    func json() throws {
        let run = try check([
            "-v", "T/root:/d", "-v", "T/private/own:/e", "--user", "5:6", "--userns", "0:100000:65536", "--json",
        ])
        let json = try JSON(parsing: run.check(6).text)
        #expect(json["verdict"] == "denied")
        for finding in json["findings"].elements {
            for key in ["code", "severity", "path", "message", "hint"] { #expect(finding[key].text != nil, "\(run)") }
        }
        let first = json["findings"][0]
        #expect(first["code"] == "not-writable" && first["path"] == store("t/root"))
        #expect(try #require(first["message"].text).contains("uid 5 in the container = 100005 on the host"))
        #expect(first["hint"] == "setfacl -m u:100005:rwx \(store("t/root"))")
        #expect(json["user"]["hostUid"].integer == 100_005 && json["user"]["hostGid"].integer == 100_006)
        #expect(json["mounts"].elements.map { $0["destination"].text } == ["/d", "/e"])
        #expect(json["mounts"][1]["verdict"] == "denied")
        let fine = try JSON(parsing: check(["-v", "T/own:/d", "--user", "1000", "--json"]).check().text)
        #expect(fine["verdict"] == "allowed" && fine["findings"].elements.isEmpty && fine["findings"].text == nil)
    }

    @Test("names with newlines and escape sequences cannot steer the terminal, and hints still mend them")
    func hostileNames() throws {
        for name in [
            "new\nline", "\u{1b}[31mred", "quote'\"$(id)`id`", "a blank", "-dash", "back\\slash", "ünïcödé\u{202e}",
        ] {
            try tree.directory(name, mode: 0o700)
            let arguments = [
                "--mount", "type=bind,\"source=\(store("t"))/\(name.replacing("\"", with: "\"\""))\",destination=/d",
                "--user", "1000",
            ]
            let run = try check(arguments)
            #expect(run.status == 6, "\(run)")
            #expect(!run.output.contains { $0 < 0x20 && $0 != 0x0a || $0 == 0x7f }, "\(run)")
            #expect(run.lines.count(where: { $0.hasPrefix("denied") }) == 1)
            let hint = try #require(run.lines.first { $0.contains("hint: ") }?.split(separator: "hint: ").last)
            try Tool.run("bash", "-c", String(hint)).check()
            #expect(try check(arguments).status == 0, "\(hint)")
        }
    }

    // MARK: Policies

    @Test("a policy of the store, and one of --policy in its place")
    func policies() throws {
        try store.holdfast("volume", "create", "pg").check()
        try TreeBuilder(store("store")).file("mount-policy.json", "{\"allowedPrefixes\": [\"\(store("t/own"))\"]}")
        #expect(try check(["-v", "T/own:/d"]).status == 0)
        #expect(try check(["-v", "T/link:/d"]).status == 0)
        #expect(try check(["-v", "T/open:/d"]).status == 6)
        // Volumes are the store's own.
        #expect(try check(["-v", "pg:/d"]).status == 0)
        try tree.file("policy.json", "{\"sensitive\": \"deny\", \"deniedPrefixes\": [\"\(store("t/own"))\"]}")
        let policy = ["--policy", store("t/policy.json")]
        #expect(try check(["-v", "T/open:/d"] + policy).status == 0)
        #expect(try check(["-v", "T/link:/d"] + policy).status == 6)
        #expect(try check(["-v", "/etc:/d:ro"] + policy).status == 6)
    }

    static let faults: [(text: String, says: String)] = [
        ("", "not JSON"), ("{", "not JSON"), ("[]", "no JSON object"), ("{\"allowed\": []}", "'allowed'"),
        ("{\"allowedPrefixes\": \"/srv\"}", "array"), ("{\"deniedPrefixes\": [1]}", "array"),
        ("{\"allowedPrefixes\": [\"srv\"]}", "'srv'"), ("{\"sensitive\": \"forbid\"}", "\"warn\""),
        ("{\"sensitive\": true}", "\"warn\""), ("{\"allowedPrefixes\": null}", "array"),
    ]

    @Test("a policy that is not of the form is refused, never ignored", arguments: faults)
    func brokenPolicy(_ text: String, _ says: String) throws {
        try tree.file("policy.json", text)
        let run = try check(["-v", "T/own:/d", "--policy", "T/policy.json"])
        #expect(run.status == 2 && run.errorText.contains(says) && run.errorText.contains("policy.json"), "\(run)")
    }

    // MARK: With a store

    @Test("users, groups and destinations are those of the image")
    func image() throws {
        var data = TarMember.directory("data", mode: 0o750)
        (data.uid, data.gid) = (1000, 2000)
        let image = try ImageFixture(
            [
                [
                    .directory("etc"),
                    .file("etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:1000:2000::/home:/bin/sh\n"),
                    .file("etc/group", "www:x:33:\nextra:x:5:app\n"),
                    data,
                    .symbolicLink("alias", to: "data"), .file("conf", "c"),
                ]
            ], names: ["app:1"])
        try ImageLayout.docker25.write([image], to: store("app.tar"))
        try store.holdfast("image", "load", "-i", store("app.tar")).check()
        let named = try JSON(
            parsing: check(["-v", "T/own:/d", "--user", "app", "--image", "app:1", "--json"]).check().text)
        #expect(named["user"]["uid"].integer == 1000 && named["user"]["gid"].integer == 2000)
        #expect(named["user"]["groups"].elements.map(\.integer) == [5])
        let numbered = try JSON(
            parsing: check(["-v", "T/own:/d", "--user", "1000", "--image", "app:1", "--json"]).check().text)
        #expect(numbered["user"]["gid"].integer == 2000)
        let grouped = try JSON(
            parsing: check(["-v", "T/own:/d", "--user", "app:www", "--image", "app:1", "--json"]).check().text)
        #expect(grouped["user"]["gid"].integer == 33)
        #expect(try check(["-v", "T/own:/d", "--user", "nix", "--image", "app:1"]).status == 4)

        #expect(try check(["-v", "T/file:/data:ro", "--image", "app:1"]).text.contains("file-over-directory"))
        #expect(try check(["-v", "T/file:/alias:ro", "--image", "app:1"]).text.contains("file-over-directory"))
        #expect(try check(["-v", "T/own:/conf", "--image", "app:1"]).text.contains("directory-over-file"))
        #expect(try check(["-v", "T/file:/conf:ro", "--image", "app:1"]).status == 0)

        // A volume that is made with the container takes the image's owner.
        #expect(try check(["-v", "new:/data", "--user", "app", "--image", "app:1"]).status == 0)
        let refused = try check(["-v", "new:/other", "--user", "app", "--image", "app:1"])
        #expect(
            refused.status == 6 && refused.text.contains("holdfast volume create new --uid 1000 --gid 2000"),
            "\(refused)")
        try store.holdfast("volume", "create", "new", "--uid", "1000", "--gid", "2000").check()
        #expect(try check(["-v", "new:/other", "--user", "app", "--image", "app:1"]).status == 0)
    }

    @Test("a volume's data is judged as it is, and its links stay inside")
    func volume() throws {
        let data = try store.makeVolume("pg")
        #expect(try check(["-v", "pg:/d", "--user", "1000"]).status == 6)
        #expect(try check(["-v", "pg:/d:ro", "--user", "1000"]).status == 0)
        try data.directory("sub", mode: 0o777)
        try data.symbolicLink("inside", to: "sub")
        try data.symbolicLink("outside", to: "/etc")
        let mount = "type=volume,source=pg,destination=/d,volume-subpath="
        #expect(try check(["--mount", mount + "sub", "--user", "1000"]).status == 0)
        #expect(try check(["--mount", mount + "inside", "--user", "1000"]).status == 0)
        let escaping = try check(["--mount", mount + "outside", "--user", "1000"])
        #expect(escaping.status == 6 && escaping.text.contains("symlink-escapes"), "\(escaping)")
        #expect(try check(["--mount", mount + "none", "--user", "1000"]).text.contains("source-missing"))
        let inside = try check(["-v", "\(store("store")):/d"])
        #expect(inside.status == 3 && inside.text.contains("store-source"))
        #expect(try check(["-v", "\(store.directory.path):/d"]).text.contains("store-source"))
    }
}
