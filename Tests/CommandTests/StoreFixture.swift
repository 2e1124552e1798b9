import TestSupport
import Testing

/// A store of its own in a temporary directory, and the binary to work on it.
final class StoreFixture: Sendable {
    let directory: TemporaryDirectory
    let holdfast: CommandRunner

    init(_ label: String = "command") throws {
        directory = try TemporaryDirectory(label)
        holdfast = CommandRunner(root: directory("store"))
    }

    /// The path of something beside the store.
    func callAsFunction(_ relative: String) -> String { directory(relative) }

    /// What `volume inspect` says of one volume.
    func inspect(_ name: String) throws -> JSON {
        try JSON(parsing: holdfast("volume", "inspect", name).check().text)[0]
    }

    /// The host path of a volume's data.
    func mountpoint(_ name: String) throws -> String {
        try #require(try inspect(name)["mountpoint"].text)
    }

    /// Creates a volume and gives a builder for its data.
    func makeVolume(_ name: String, _ options: String...) throws -> TreeBuilder {
        try holdfast.run(["volume", "create", name] + options).check()
        return try TreeBuilder(mountpoint(name))
    }

    /// The names that `volume ls -q` prints.
    func names() throws -> [String] { try holdfast("volume", "ls", "-q").check().lines }

    /// The binary as a command of another user, and a directory that is that user's.
    func asNobody() throws -> (command: [String], directory: String) {
        try Tool.run("chmod", "755", directory.path).check()
        let binary = directory("holdfast")
        try Tool.run("cp", CommandRunner.binary, binary).check()
        let command = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", binary]
        try #require(try Tool.run(command + ["--version"]).status == 0, "another user cannot run the binary")
        let own = try directory.makeDirectory("nobody")
        try Tool.run("chown", "65534:65534", own).check()
        return (command, own)
    }

    /// What lies in a directory of the store, by `ls -A`.
    func leftovers(in name: String) throws -> [String] {
        try Tool.run("ls", "-A", directory("store/\(name)")).check().lines
    }
}

/// Checks that two trees are equal, and shows what differs.
func expectSameTree(
    _ found: String, _ expected: String, _ options: TreeFingerprint.Options = [],
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let difference = try TreeFingerprint(found, options).difference(from: TreeFingerprint(expected, options))
    #expect(difference.isEmpty, "\(difference.joined(separator: "\n"))", sourceLocation: sourceLocation)
}
