import FileTree
import StorageModel
import TestSupport
import Testing

@testable import Containers

/// One row of the table of `docker cp`: what is copied to what, and what comes of it.
struct CopyCase: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable {
        /// What is there afterwards and was not before, as ``CopyTrees/listing(_:)`` writes it.
        case adds([String])
        case fails(StorageError.Code)
    }

    let source: String
    let target: String
    let followsLink: Bool
    let outcome: Outcome

    init(_ source: String, _ target: String, followsLink: Bool = false, _ outcome: Outcome) {
        self.source = source
        self.target = target
        self.followsLink = followsLink
        self.outcome = outcome
    }

    var testDescription: String { "\(followsLink ? "-L " : "")\(source) → \(target)" }

    static let table: [CopyCase] = [
        // A file.
        CopyCase("f", "new", .adds(["new f F"])), CopyCase("f", "new/", .fails(.notFound)),
        CopyCase("f", "none/new", .fails(.notFound)), CopyCase("f", "tf", .adds(["tf f F"])),
        CopyCase("f", "tf/", .fails(.conflict)), CopyCase("f", "td", .adds(["td/f f F"])),
        CopyCase("f", "td/", .adds(["td/f f F"])), CopyCase("f", "td/.", .adds(["td/f f F"])),
        CopyCase("f", "tc", .fails(.conflict)), CopyCase("f", "tf/x", .fails(.conflict)),
        CopyCase("f/", "new", .fails(.conflict)), CopyCase("none", "td", .fails(.notFound)),
        CopyCase("none/f", "td", .fails(.notFound)), CopyCase("d/../f", "td", .adds(["td/f f F"])),
        // A directory, and its content.
        CopyCase("d", "new", .adds(["new d", "new/a f A", "new/s d", "new/s/b f B"])),
        CopyCase("d", "new/", .adds(["new d", "new/a f A", "new/s d", "new/s/b f B"])),
        CopyCase("d/", "new", .adds(["new d", "new/a f A", "new/s d", "new/s/b f B"])),
        CopyCase("d/.", "new", .adds(["new d", "new/a f A", "new/s d", "new/s/b f B"])),
        CopyCase("d", "none/new", .fails(.notFound)), CopyCase("d", "tf", .fails(.conflict)),
        CopyCase("d/.", "tf", .fails(.conflict)),
        CopyCase("d", "td", .adds(["td/d/a f A", "td/d/s d", "td/d/s/b f B"])),
        CopyCase("d/", "td/", .adds(["td/d/a f A", "td/d/s d", "td/d/s/b f B"])),
        CopyCase("d/.", "td", .adds(["td/a f A", "td/s d", "td/s/b f B"])),
        CopyCase("d/.", "td/", .adds(["td/a f A", "td/s d", "td/s/b f B"])),
        CopyCase("d", "tc", .fails(.conflict)),
        // A link at the end of the source.
        CopyCase("lf", "new", .adds(["new l f"])), CopyCase("lf", "td", .adds(["td/lf l f"])),
        CopyCase("lf", "new", followsLink: true, .adds(["new f F"])),
        CopyCase("lf", "td", followsLink: true, .adds(["td/lf f F"])), CopyCase("ld", "td", .adds(["td/ld l d"])),
        CopyCase("ld", "td", followsLink: true, .adds(["td/ld d", "td/ld/a f A", "td/ld/s d", "td/ld/s/b f B"])),
        CopyCase("ld/.", "td", .adds(["td/a f A", "td/s d", "td/s/b f B"])),
        CopyCase("ld/a", "new", .adds(["new f A"])),
        // A link at the end of the target.
        CopyCase("f", "ltf", .adds(["tf f F"])), CopyCase("f", "ltd", .adds(["td/f f F"])),
        CopyCase("f", "ltd/x", .adds(["td/x f F"])), CopyCase("f", "lb", .adds(["td/made f F"])),
        CopyCase("d", "ltd", .adds(["td/d/a f A", "td/d/s d", "td/d/s/b f B"])),
        CopyCase("d", "lb", .adds(["td/made d", "td/made/a f A", "td/made/s d", "td/made/s/b f B"])),
        CopyCase("d", "ltf", .fails(.conflict)),
    ]
}

/// The trees that the table is about.
enum CopyTrees {
    static func makeSource(_ path: String) throws {
        let tree = try TreeBuilder(path)
        try tree.file("f", "F")
        try tree.directory("d")
        try tree.file("d/a", "A")
        try tree.directory("d/s")
        try tree.file("d/s/b", "B")
        try tree.symbolicLink("lf", to: "f")
        try tree.symbolicLink("ld", to: "d")
    }

    static func makeTarget(_ path: String) throws {
        let tree = try TreeBuilder(path)
        try tree.file("tf", "old")
        try tree.directory("td")
        try tree.file("td/x", "old")
        try tree.directory("td/d")
        try tree.file("td/d/a", "old")
        try tree.file("td/d/stays", "old")
        try tree.directory("tc")
        try tree.directory("tc/f")
        try tree.file("tc/d", "old")
        try tree.symbolicLink("ltf", to: "tf")
        try tree.symbolicLink("ltd", to: "td")
        try tree.symbolicLink("lb", to: "td/made")
    }

    /// One line for each entry: its path, its kind, and what it holds or leads to.
    static func listing(_ path: String) throws -> Set<String> {
        let script = """
            cd "$1"
            find . -mindepth 1 -type f -printf '%P f ' -exec cat {} \\; -printf '\\n'
            find . -mindepth 1 -type d -printf '%P d\\n'
            find . -mindepth 1 -type l -printf '%P l %l\\n'
            """
        return Set(try Tool.script(script, path).check().lines)
    }
}
