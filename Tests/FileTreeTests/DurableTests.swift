import CTestSystem
import FileTree
import Glibc
import StorageModel
import TestSupport
import Testing

/// Goal: what is half-made is swept once its maker is gone, and never before. Method: other processes, threads in a race.
@Suite("Leases, staging, trash and publishing") struct DurableTests {
    @Test("A lease excludes others, in this process and in another, and ends with its holder")
    func leases() throws {
        let place = try Place()
        let root = place.descriptor
        guard let first = try Lease.take(try root.descriptor.createFile(name("lease")), .exclusive) else {
            Issue.record("a new file is locked by nobody")
            return
        }
        let tried = try Tool.run("flock", "-n", place.directory("lease"), "true")
        #expect(tried.status == 1)
        #expect(try !takesShared(root.descriptor))
        first.release()
        // A process that another test is just starting has a copy of the lock until its execve(2).
        try Tool.run("flock", "--timeout", "20", place.directory("lease"), "true").check()
        #expect(try takesShared(root.descriptor, whileHolding: true))
    }

    /// Whether a shared lease is to be had, and another one beside it.
    private func takesShared(_ root: borrowing Descriptor, whileHolding isNested: Bool = false) throws(FileError)
        -> Bool
    {
        guard let lease = try Lease.take(try root.openFile(name("lease"), for: .reading), .shared) else { return false }
        let isTaken = isNested ? try takesShared(root) : true
        lease.release()
        return isTaken
    }

    @Test("A sweep removes the areas of killed processes only")
    func sweeps() throws {
        let place = try Place()
        let staging = place.descriptor
        let own = try StagingArea.make(in: staging.descriptor)
        try own.directory.makeDirectory(name("work"))
        try Tool.script(
            "mkdir -p \"$1/abandoned/deep\" \"$1/other/deep\" \"$1/torn\"; touch \"$1/stray\" \"$1\"/{abandoned,other}/.lease",
            place.directory.path
        )
        .check()
        // `exec` leaves one process, so that its end is the end of the lease.
        let holder = try ChildProcess(
            [
                "bash", "-c", "exec 9<\"$1\"; flock 9; echo locked; exec sleep 60", "holder",
                place.directory("other/.lease"),
            ]
            .map { name($0) })
        while !holder.textSoFar.contains("locked") { usleep(1000) }
        #expect(try StagingArea.sweep(staging.descriptor) == 3)
        #expect(try staging.descriptor.entries().count == 2)
        holder.send(SIGKILL)
        _ = try holder.wait()
        #expect(try StagingArea.sweep(staging.descriptor) == 1)
        #expect(try own.directory.status(of: name("work")).kind == .directory)
        try own.discard()
        #expect(try staging.descriptor.entries().isEmpty)
    }

    @Test("Makers and sweepers at the same time lose nothing")
    func racesSafely() throws {
        let place = try Place()
        let staging = place.descriptor
        let failures = Monitor([String]())
        let isDone = Monitor(false)
        let makers = WorkerPool(threads: 3)
        for _ in 0..<3 {
            makers.submit {
                for _ in 0..<150 {
                    do throws(FileError) {
                        let area = try StagingArea.make(in: staging.descriptor)
                        try area.directory.createFile(name("work")).close()
                        _ = try area.directory.status(of: name("work"))
                        try area.directory.rename(name("work"), to: area.directory, name("done"), mode: .noReplace)
                        try area.discard()
                    } catch {
                        failures.update { $0.append("\(error)") }
                    }
                }
            }
        }
        let sweepers = WorkerPool(threads: 2)
        for _ in 0..<2 {
            sweepers.submit {
                while !isDone.update({ $0 }) {
                    do throws(FileError) {
                        try StagingArea.sweep(staging.descriptor)
                    } catch {
                        failures.update { $0.append("sweep: \(error)") }
                    }
                }
            }
        }
        makers.finish()
        isDone.update { $0 = true }
        sweepers.finish()
        #expect(failures.update { $0 }.isEmpty)
        #expect(try staging.descriptor.entries().isEmpty)
    }

    @Test("An area goes with its last reference")
    func discardsItself() throws {
        let place = try Place()
        do {
            let area = try StagingArea.make(in: place.descriptor.descriptor)
            try area.directory.createFile(name("work")).close()
        }
        #expect(try place.descriptor.descriptor.entries().isEmpty)
    }

    @Test("What goes to the trash is gone at once and deleted later")
    func trashes() throws {
        let place = try Place()
        try place.descriptor.descriptor.makeDirectory(name("volumes"))
        let tree = try place.builder("volumes/one")
        try tree.fill(seed: 77, RandomTreeOptions(entries: 60))
        try place.descriptor.descriptor.makeDirectory(name("trash"))
        let volumes = try place.descriptor.descriptor.openDirectory(name("volumes"))
        let trash = try place.descriptor.descriptor.openDirectory(name("trash"))
        try Trash.move(name("one"), of: volumes, to: trash)
        #expect(try volumes.entries().isEmpty)
        #expect(try trash.entries().count == 1)
        try Trash.empty(trash)
        #expect(try trash.entries().isEmpty)
    }

    @Test("Publishing refuses what exists, or exchanges it")
    func publishes() throws {
        let place = try Place()
        let volumes = try place.builder("volumes")
        try volumes.directory("v")
        try volumes.file("v/old", "")
        let target = try Descriptor.openDirectory(atHostPath: volumes.root)
        try place.descriptor.descriptor.makeDirectory(name("staging"))
        let staging = try place.descriptor.descriptor.openDirectory(name("staging"))
        let area = try StagingArea.make(in: staging)
        try area.directory.makeDirectory(name("v"))
        try area.directory.openDirectory(name("v")).createFile(name("new")).close()
        let refused = errorNumber { () throws(FileError) in
            try Publication.publish(
                name("v"), from: area.directory, to: target, as: name("v"), mode: .noReplace, isDurable: true)
        }
        #expect(refused == .exists)
        try Publication.publish(
            name("v"), from: area.directory, to: target, as: name("v"), mode: .exchange, isDurable: true)
        #expect(try target.openDirectory(name("v")).entries().map(\.name) == [name("new")])
        #expect(try area.directory.openDirectory(name("v")).entries().map(\.name) == [name("old")])
        try area.discard()
        #expect(try staging.entries().isEmpty)
    }
}
