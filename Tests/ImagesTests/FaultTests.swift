#if FAULT_SEAM
import FileTree
import Images
import StorageModel
import TestSupport
import Testing

/// Goal: a call of the kernel that fails ends reading or saving with an error, and never with half a file. Method: each
/// changing call is made to fail in turn.
@Suite("Failing calls while images are read and saved") struct FaultTests {
    private let fixture: ArchiveFixture
    private let image: ImageFixture

    init() throws {
        fixture = try ArchiveFixture()
        image = try ImageFixture.sample()
        try fixture.directory.makeDirectory("target")
    }

    /// Runs `body` again and again, each time with another call failing, until none is left to fail.
    ///
    /// - Returns: how many calls there were.
    private func sweep(_ errno: Errno, _ body: () throws -> Void, after check: (_ failed: Bool) throws -> Void) throws
        -> Int
    {
        var ordinal = 1
        while true {
            let plan = FaultPlan(ordinal: ordinal, .fail(errno))
            var failure: (any Error)?
            FaultPlan.$current.withValue(plan) {
                do { try body() } catch { failure = error }
            }
            let wasReached = plan.log.count >= ordinal
            #expect(wasReached == (failure != nil), "call \(ordinal) of \(plan.log): \(String(describing: failure))")
            if let failure = failure as? StorageError { #expect(failure.errno == errno, "\(failure)") }
            try check(failure != nil)
            guard wasReached else { return ordinal - 1 }
            ordinal += 1
        }
    }

    @Test("saving", arguments: [Errno.noSpace, .inputOutput])
    func saving(_ errno: Errno) throws {
        let tars = LayerTars([image])
        let target = fixture("target/image.tar")
        let calls = try sweep(errno) {
            try writeImages([try SavedImage(image)], to: target, replaces: true) { tars.feed($0) }
        } after: { failed in
            let left = try Tool.run("ls", "-A", fixture("target")).check().lines
            // The sync of the directory comes after the rename: then the file is there, and whole.
            #expect(failed ? left.isEmpty || left == ["image.tar"] : left == ["image.tar"])
            guard left == ["image.tar"] else { return }
            try expect(try #require(try fixture.images(in: "target/image.tar").first), is: image)
            try Tool.run("rm", target).check()
        }
        // The file and its lock, what it holds in one write, the syncs and the rename.
        #expect(calls >= 5)
    }

    @Test("spooling", arguments: [Errno.noSpace, .inputOutput])
    func spooling(_ errno: Errno) throws {
        try ImageLayout.docker24.write([image], to: fixture("image.tar.gz"), .gzip)
        let calls = try sweep(errno) {
            _ = try fixture.images(in: "image.tar.gz")
        } after: { _ in
        }
        #expect(calls >= 2)
    }
}
#endif
