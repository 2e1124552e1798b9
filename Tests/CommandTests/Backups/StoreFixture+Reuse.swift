import TestSupport
import Testing

extension StoreFixture {
    /// Backs a directory up, and gives the report.
    @discardableResult
    func backUp(_ data: TreeBuilder, _ options: [String]) throws -> JSON {
        try JSON(parsing: holdfast.run(["backup", "create", "dir:" + data.root, "--json"] + options).check().text)[0]
    }

    /// Backs a directory up to `b`, where archives of it may be, and again without taking anything from these: the archives must
    /// be the same, byte for byte, up to their tables.
    @discardableResult
    func expectSameAsFull(
        _ data: TreeBuilder, _ change: String, _ options: [String] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> JSON {
        let command = ["backup", "create", "dir:" + data.root, "--json", "--to", self("b")]
        // What is told may change the exit status.
        let reused = try JSON(parsing: holdfast.run(command + options).text)[0]
        let full = try backUp(data, ["--full", "--force", "--to", self("full.tar.zst")])
        let archive = try #require(reused["archive"].text)
        let isSame = try ArchiveBytes.dataFrames(of: archive) == ArchiveBytes.dataFrames(of: self("full.tar.zst"))
        #expect(isSame, "after: \(change)", sourceLocation: sourceLocation)
        #expect(reused["entries"].integer == full["entries"].integer, sourceLocation: sourceLocation)
        let verified = try holdfast("backup", "verify", archive).check()
        #expect(verified.text.contains("intact"), sourceLocation: sourceLocation)
        return reused
    }
}
