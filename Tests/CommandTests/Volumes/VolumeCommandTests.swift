import TestSupport
import Testing

/// Goal: `volume create|ls|inspect|rm|protect` do what they promise. Method: the built binary, looked at with `stat`, `du`
/// and `sqlite3`.
@Suite("volume commands") struct VolumeCommandTests {
    private let store: StoreFixture

    init() throws { store = try StoreFixture("volume") }

    @Test(
        "create prints the name and makes a directory with the owner and mode asked for",
        .enabled(if: Environment.isRoot))
    func createsWithOwnerAndMode() throws {
        let result = try store.holdfast(
            "volume", "create", "www", "--uid", "33", "--gid", "44", "--mode", "2750", "--label", "app=shop", "--label",
            "bare"
        ).check()
        #expect(result.text == "www\n")
        let stat = try Tool.run("stat", "-c", "%u %g %a %F", store.mountpoint("www")).check()
        #expect(stat.text == "33 44 2750 directory\n")
        let details = try store.inspect("www")
        #expect(details["labels"]["app"] == "shop")
        #expect(details["labels"]["bare"] == "")
    }

    @Test("the default is mode 0755, and the store itself is closed to others")
    func defaults() throws {
        try store.holdfast("volume", "create", "v").check()
        #expect(try Tool.run("stat", "-c", "%a", store.mountpoint("v")).check().text == "755\n")
        #expect(try Tool.run("stat", "-c", "%a", store("store")).check().text == "700\n")
    }

    @Test("inspect has exactly the promised keys, of the promised kinds")
    func inspectKeys() throws {
        try store.holdfast("volume", "create", "v", "--protect").check()
        let details = try store.inspect("v")
        #expect(
            details.keys == [
                "anonymous", "createdAt", "driver", "labels", "lastMountedAt", "mountpoint", "name", "options",
                "populatedAt", "populatedFrom", "populatedImageId", "populatedPath", "protected", "references",
            ])
        #expect(details["name"] == "v")
        #expect(details["driver"] == "local")
        #expect(details["anonymous"].boolean == false)
        #expect(details["protected"].boolean == true)
        #expect(details["populatedFrom"].isNull)
        #expect(details["references"].elements.isEmpty)
        #expect(details["mountpoint"].text?.hasSuffix("/volumes/v/_data") == true)
        #expect(details["createdAt"].text?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/) != nil)
    }

    @Test("a volume without a name gets one of 64 hexadecimal digits")
    func anonymous() throws {
        let name = try store.holdfast("volume", "create").check().text.dropLast().description
        #expect(name.wholeMatch(of: /[0-9a-f]{64}/) != nil)
        #expect(try store.inspect(name)["anonymous"].boolean == true)
    }

    @Test("creating again changes nothing; other labels are a conflict that says what differs")
    func createsAgain() throws {
        try store.makeVolume("v", "--label", "a=1").file("kept", "content")
        #expect(try store.holdfast("volume", "create", "v", "--label", "a=1").check().text == "v\n")
        let conflict = try store.holdfast("volume", "create", "v", "--label", "a=2")
        #expect(conflict.status == 5)
        #expect(conflict.errorText.contains("'1'") && conflict.errorText.contains("'2'"), "\(conflict)")
        #expect(try store.holdfast("volume", "create", "v").status == 5)
        #expect(try Tool.run("cat", store.mountpoint("v") + "/kept").check().text == "content")
    }

    @Test(
        "names that cannot be are refused with 2",
        arguments: ["", ".", "..", "-x", "a/b", "a b", "é", String(repeating: "x", count: 256), "a\nb", "_x"])
    func badNames(name: String) throws {
        let result = try store.holdfast.run(["volume", "create", "--", name])
        #expect(result.status == 2, "\(result)")
        #expect(result.errorText.contains("hint: "))
        #expect(!result.errorText.contains("a\nb"))
    }

    @Test("a name of 255 bytes is fine")
    func longestName() throws {
        let name = String(repeating: "n", count: 255)
        try store.holdfast("volume", "create", name).check()
        #expect(try store.names() == [name])
        #expect(try store.holdfast("volume", "rm", name).check().text == name + "\n")
    }

    @Test("ls lists in order, -q names only, filters narrow down, JSON is an array")
    func lists() throws {
        #expect(try store.holdfast("volume", "ls", "-q").check().output.isEmpty)
        #expect(try store.holdfast("volume", "ls", "--json").check().text == "[]\n")
        for (name, label) in [("b", "tier=db"), ("a", "tier=web"), ("c", "other=1")] {
            try store.holdfast("volume", "create", name, "--label", label).check()
        }
        #expect(try store.names() == ["a", "b", "c"])
        let table = try store.holdfast("volume", "ls").check().lines
        #expect(table.count == 4 && table[0].hasPrefix("DRIVER") && table[1].hasPrefix("local    a"))
        #expect(try store.holdfast("volume", "ls", "-q", "--filter", "label=tier").check().lines == ["a", "b"])
        #expect(try store.holdfast("volume", "ls", "-q", "-f", "label=tier=db").check().lines == ["b"])
        #expect(try store.holdfast("volume", "ls", "-q", "-f", "name=c").check().lines == ["c"])
        let json = try JSON(parsing: store.holdfast("volume", "ls", "--json").check().text)
        #expect(json.elements.map { $0["name"].text } == ["a", "b", "c"])
        #expect(
            json[1]
                == (try JSON(
                    parsing: "[\(store.holdfast("volume", "inspect", "b").check().text.dropFirst().dropLast(2))]"))[0])
    }

    @Test("--size counts as du counts")
    func sizes() throws {
        let builder = try store.makeVolume("v")
        try builder.fill(seed: 7, RandomTreeOptions(entries: 60))
        let path = try store.mountpoint("v")
        let row = try JSON(parsing: store.holdfast("volume", "ls", "--size", "--json").check().text)[0]
        let allocated = try Tool.run("du", "-s", "--block-size=1", path).check().text.split(separator: "\t")[0]
        #expect(row["allocatedBytes"].integer == Int(allocated))
        let directories = try Tool.script("find \"$1\" -type d | wc -l", path).check().text
        #expect(row["directories"].integer == Int(directories.dropLast()))
        let files = try Tool.script("find \"$1\" ! -type d -printf '%i\\n' | sort -u | wc -l", path).check().text
        #expect(row["files"].integer == Int(files.dropLast()))
    }

    @Test("rm prints what it removed, goes on after a failure, and ends with the first failure's status")
    func removes() throws {
        try store.makeVolume("a").file("x", "y")
        try store.holdfast("volume", "create", "b").check()
        let result = try store.holdfast("volume", "rm", "a", "missing", "b")
        #expect(result.status == 4)
        #expect(result.text == "a\nb\n")
        #expect(result.errorText.contains("missing"))
        #expect(try store.names().isEmpty)
        #expect(try store.leftovers(in: "volumes").isEmpty)
        #expect(try store.leftovers(in: "trash").isEmpty)
        #expect(try store.leftovers(in: "staging").isEmpty)
    }

    @Test("a protected volume stays until it is unprotected, --force or not")
    func protects() throws {
        try store.holdfast("volume", "create", "v", "--protect").check()
        for arguments in [["volume", "rm", "v"], ["volume", "rm", "--force", "v"]] {
            let refusal = try store.holdfast.run(arguments)
            #expect(refusal.status == 5)
            #expect(refusal.errorText.contains("holdfast volume unprotect v"), "\(refusal)")
        }
        #expect(try store.holdfast("volume", "unprotect", "v").check().text == "v\n")
        #expect(try store.holdfast("volume", "protect", "v", "nix").status == 4)
        #expect(try store.inspect("v")["protected"].boolean == true)
        try store.holdfast("volume", "unprotect", "v").check()
        try store.holdfast("volume", "rm", "v").check()
    }

    @Test("a volume that a process holds open is not removed, and the process is named; --force removes it")
    func heldOpen() throws {
        try store.makeVolume("v").file("data", "x")
        let holder = try ChildProcess(
            ["sleep", "60"].map { Array($0.utf8) }, input: .file(store.mountpoint("v") + "/data"))
        defer {
            holder.send(9)
            _ = try? holder.wait()
        }
        let refusal = try store.holdfast("volume", "rm", "v")
        #expect(refusal.status == 5)
        #expect(refusal.errorText.contains("\(holder.identifier)") && refusal.errorText.contains("sleep"), "\(refusal)")
        #expect(try store.names() == ["v"])
        try store.holdfast("volume", "rm", "--force", "v").check()
        #expect(try store.names().isEmpty)
    }

    @Test("inspect prints what it finds, reports what it does not, and exits with 4")
    func inspectsSome() throws {
        try store.holdfast("volume", "create", "v").check()
        let result = try store.holdfast("volume", "inspect", "nix", "v", "--json")
        #expect(result.status == 4)
        #expect(try JSON(parsing: result.text).elements.map { $0["name"].text } == ["v"])
        let error = try JSON(parsing: result.errorText)["error"]
        #expect(error["code"] == "not-found")
        #expect(error["object"] == "nix")
        #expect(error.keys == ["causes", "code", "errno", "excerpt", "hint", "message", "object"])
    }

    @Test("--root wins over HOLDFAST_ROOT")
    func rootOption() throws {
        try store.holdfast("volume", "create", "here").check()
        try store.holdfast("volume", "create", "there", "--root", store("other")).check()
        #expect(try store.holdfast("volume", "ls", "-q", "--root", store("other")).check().lines == ["there"])
        #expect(try store.names() == ["here"])
    }
}
