import TestSupport
import Testing

/// Goal: the command line's own promises, without a store. Method: the built binary.
@Suite("Command line") struct CommandLineTests {
    private let holdfast = CommandRunner(root: "/nonexistent")

    private static let commands = [
        [], ["volume"], ["volume", "create"], ["volume", "ls"], ["volume", "inspect"], ["volume", "rm"],
        ["volume", "protect"], ["volume", "unprotect"], ["backup"], ["backup", "create"], ["backup", "ls"],
        ["backup", "contents"], ["backup", "cat"], ["backup", "restore"], ["backup", "verify"],
        ["image"], ["image", "load"], ["image", "save"], ["image", "pull"], ["image", "push"], ["image", "import"],
        ["image", "ls"], ["image", "inspect"], ["image", "history"], ["image", "tag"], ["image", "rm"],
        ["image", "prune"], ["container"], ["container", "create"], ["container", "ls"], ["container", "inspect"],
        ["container", "mount"], ["container", "unmount"], ["container", "diff"], ["container", "export"],
        ["container", "commit"], ["container", "cp"], ["container", "bundle"], ["container", "run"],
        ["container", "rm"], ["container", "prune"], ["check"],
    ]

    @Test("every command's help has examples and the exit statuses", arguments: commands)
    func help(command: [String]) throws {
        let result = try holdfast.run(command + ["--help"]).check()
        #expect(result.errorOutput.isEmpty)
        #expect(result.text.contains("EXAMPLES:\n  "))
        #expect(result.text.contains("holdfast \(command.first ?? "volume")"))
        #expect(result.text.contains("130  interrupted"))
    }

    @Test("the version is one line")
    func version() throws {
        let result = try holdfast("--version").check()
        #expect(result.lines.count == 1)
        #expect(result.text.hasPrefix("holdfast 0."))
    }

    @Test("completions are made for each shell", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) throws {
        let result = try holdfast("--generate-completion-script", shell).check()
        #expect(result.text.contains("restore"))
        #expect(result.text.contains("no-sync"))
        if Tool.exists(shell) {
            try Tool.run(shell, "-n", "/dev/stdin", input: .bytes(result.output)).check()
        }
    }

    @Test(
        "a wrong command line exits with 2 and says what is wrong",
        arguments: [
            (["volme"], "volme"), (["volume", "create", "--uid", "x"], "--uid"), (["volume", "inspect"], "name"),
            (["backup", "create", "pg"], "--to"),
            (["backup", "create", "pg", "--to", "x", "--level", "20"], "1 to 19"),
            (["backup", "create", "pg", "--to", "x", "--threads", "0"], "1 to 256"),
            (["backup", "restore", "a", "--to", "b", "--replace", "--merge"], "--merge"),
            (["volume", "create", "--mode", "999"], "octal"), (["volume", "create", "--label", "=x"], "KEY=VALUE"),
            (["volume", "create", "bad/name"], "character 4"),
            (["backup", "create", "dir:relative", "--to", "x"], "absolute"),
            (["backup", "create", "a", "b", "--to", "x.tar.zst"], "one archive"),
            (["volume", "ls", "--filter", "x"], "filter"),
            (["backup", "cat", "a", "../b"], "'..'"), (["backup", "create", "docker:x", "--to", "y"], "docker"),
        ])
    func usage(arguments: [String], expected: String) throws {
        let result = try holdfast.run(arguments)
        #expect(result.status == 2, "\(result)")
        #expect(result.output.isEmpty)
        #expect(result.errorText.contains(expected), "\(result)")
    }

    @Test("with --json a wrong command line is one JSON object on standard error")
    func usageAsJSON() throws {
        let result = try holdfast("backup", "create", "pg", "--json")
        #expect(result.status == 2)
        #expect(result.output.isEmpty)
        let error = try JSON(parsing: result.errorText)["error"]
        #expect(error["code"] == "invalid-input")
        #expect(error["message"].text?.contains("--to") == true)
    }

    @Test("an archive is not written to a terminal")
    func noArchiveOnTerminal() throws {
        let command = "\(CommandRunner.binary) backup create dir:/etc --to -"
        let result = try Tool.run("script", "-qec", command, "/dev/null")
        #expect(result.status == 2, "\(result)")
    }

    @Test("a reader who goes away is no reason to complain")
    func closedPipe() throws {
        let script = "\(CommandRunner.binary) --help 2>\"$1\"/err | true; echo ${PIPESTATUS[0]}"
        let folder = try TemporaryDirectory()
        let result = try Tool.run("bash", "-c", script, "script", folder.path).check()
        #expect(["0\n", "1\n"].contains(result.text))
        #expect(try Tool.run("cat", folder("err")).output.isEmpty)
    }

    @Test("a full standard output is a failure")
    func fullOutput() throws {
        #expect(try Tool.run("bash", "-c", "\(CommandRunner.binary) --help > /dev/full").status == 1)
    }
}
