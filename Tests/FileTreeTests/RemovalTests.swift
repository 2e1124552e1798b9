import CTestSystem
import FileTree
import StorageModel
import TestSupport
import Testing

/// Goal: everything below goes, nothing else. Method: links to the outside, read-only directories, two at once.
@Suite("Removing trees") struct RemovalTests {
    @Test("Links are removed, not followed")
    func followsNothing() throws {
        let place = try Place()
        let outside = try place.builder("outside")
        try outside.fill(seed: 5, RandomTreeOptions(entries: 40))
        let before = try TreeFingerprint(outside.root)
        let tree = try place.builder("tree")
        try tree.fill(seed: 6, RandomTreeOptions(entries: 120))
        try tree.symbolicLink("to-outside", to: "../outside")
        try place.descriptor.descriptor.removeTree(name("tree"))
        #expect(try TreeFingerprint(outside.root).difference(from: before).isEmpty)
        #expect(try place.descriptor.descriptor.entries().map(\.name) == [name("outside")])
        // What is missing is no failure; a link in the place of a tree is removed itself.
        try place.descriptor.descriptor.removeTree(name("tree"))
        try place.descriptor.descriptor.makeSymbolicLink(name("tree"), target: name("outside"))
        try place.descriptor.descriptor.removeTree(name("tree"))
        #expect(try TreeFingerprint(outside.root).difference(from: before).isEmpty)
    }

    @Test("A user removes his own directories that forbid it", .enabled(if: Environment.isRoot, "becomes a user"))
    func opensOwnDirectories() throws {
        let place = try Place()
        try Tool.script(
            """
            cd "$1"; mkdir -p tree/locked/below tree/unreadable/x; touch tree/locked/file tree/unreadable/x/y
            chown -R 4242:4242 .; chmod 0500 tree/locked tree/locked/below; chmod 0 tree/unreadable
            """, place.directory.path
        ).check()
        let finished = Place.asUser(4242) { () throws(FileError) in
            try place.descriptor.descriptor.removeTree(name("tree"))
        }
        #expect(finished == nil)
        #expect(try place.descriptor.descriptor.entries().isEmpty)
    }

    @Test("Several removers of one tree do not disturb each other")
    func sharesTheWork() throws {
        let place = try Place()
        try Tool.script(
            "mkdir \"$1\"; cd \"$1\"; for i in $(seq 200); do mkdir -p $i/a/b; touch $i/f $i/a/f; done",
            place.directory("tree")
        )
        .check()
        let shared = place.descriptor
        let failures = Monitor([FileError]())
        let pool = WorkerPool(threads: 4)
        for _ in 0..<4 {
            pool.submit {
                do throws(FileError) {
                    try shared.descriptor.removeTree(name("tree"))
                } catch {
                    failures.update { $0.append(error) }
                }
            }
        }
        pool.finish()
        #expect(failures.update { $0 }.isEmpty)
        #expect(try shared.descriptor.entries().isEmpty)
    }
}

extension Place {
    /// Runs `body` on this thread with the file system rights of a user without privileges (`setfsuid(2)`).
    static func asUser(_ user: UInt32, _ body: () throws(FileError) -> Void) -> Errno? {
        _ = setfsuid(user)
        defer { _ = setfsuid(0) }
        return errorNumber(body)
    }
}
