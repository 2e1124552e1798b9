#if FAULT_SEAM
import CTestSystem
import FileTree
import Glibc
import StorageModel
import TestSupport
import Testing

/// Goal: every changing call can fail without harm. Method: make each one fail in turn, and look at what is left.
@Suite("The fault seam") struct FaultTests {
    @Test("Plans are parsed, nonsense is not a plan")
    func parses() {
        #expect(FaultPlan.parse("7:ENOSPC")?.fault == .fail(.noSpace))
        #expect(FaultPlan.parse("1:short")?.fault == .short)
        #expect(FaultPlan.parse("12:kill")?.ordinal == 12)
        for nonsense in ["", "7", "0:EIO", "-1:EIO", "7:EWHAT", "x:short", ":"] {
            #expect(FaultPlan.parse(nonsense) == nil)
        }
    }

    @Test("The chosen call fails without being made, the others are made")
    func failsOneCall() throws {
        let place = try Place()
        let plan = FaultPlan(ordinal: 2, .fail(.noSpace))
        let errors = FaultPlan.$current.withValue(plan) {
            ["a", "b", "c"].map { text in
                errorNumber { () throws(FileError) in try place.descriptor.descriptor.makeDirectory(name(text)) }
            }
        }
        #expect(errors == [nil, .noSpace, nil])
        #expect(plan.log == ["mkdirat", "mkdirat", "mkdirat"])
        #expect(try place.descriptor.descriptor.entries().count == 2)
    }

    @Test("A short write is continued")
    func continuesShortWrites() throws {
        let place = try Place()
        var generator = SeededGenerator(seed: 3)
        let content = generator.bytes(10_001)
        let plan = FaultPlan(ordinal: 2, .short)
        try FaultPlan.$current.withValue(plan) {
            let file = try place.descriptor.descriptor.createFile(name("file"))
            try content.withUnsafeBytes { try file.writeAll($0, at: 0) }
        }
        #expect(plan.log == ["openat(O_CREAT)", "pwrite", "pwrite"])
        let file = try place.descriptor.descriptor.openFile(name("file"), for: .reading)
        var read = [UInt8](repeating: 0, count: 20_000)
        let count = try read.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        #expect(count == content.count && Array(read.prefix(count)) == content)
    }

    @Test("Calls on a pool's threads belong to the plan of their maker")
    func followsPools() throws {
        let place = try Place()
        let shared = place.descriptor
        let plan = FaultPlan(ordinal: 0, .short)
        FaultPlan.$current.withValue(plan) {
            let pool = WorkerPool(threads: 2)
            for text in ["a", "b"] {
                pool.submit {
                    // Checked by the log below.
                    try? shared.descriptor.makeDirectory(name(text))
                }
            }
            pool.finish()
        }
        #expect(plan.log == ["mkdirat", "mkdirat"])
    }

    @Test(
        "Whichever call of a copy fails, it ends with an error and never with a wrong copy",
        arguments: [Errno.inputOutput, .noSpace])
    func sweepsCopies(_ errno: Errno) throws {
        let place = try Place()
        let tree = try place.builder("source")
        try tree.fill(seed: 21, RandomTreeOptions(entries: 44, largestFileBytes: 70_000))
        let wanted = try TreeFingerprint(tree.root)
        let counting = FaultPlan(ordinal: 0, .short)
        try copy(place, under: counting)
        let calls = counting.log.count
        #expect(calls > 100)
        for ordinal in 1...calls {
            try place.descriptor.descriptor.removeTree(name("copy"))
            let plan = FaultPlan(ordinal: ordinal, .fail(errno))
            do throws(StorageError) {
                try copy(place, under: plan)
                // Times that are right already are not set: there can be a call less.
                #expect(plan.log.count < ordinal, "\(ordinal), \(counting.log[ordinal - 1]): the failure was not seen")
            } catch {
                #expect(error.errno == errno)
            }
        }
        for ordinal in stride(from: 1, through: calls, by: 7) {
            try place.descriptor.descriptor.removeTree(name("copy"))
            try copy(place, under: FaultPlan(ordinal: ordinal, .short))
            #expect(try TreeFingerprint(place.directory("copy")).difference(from: wanted).isEmpty)
        }
    }

    private func copy(_ place: Place, under plan: FaultPlan) throws(StorageError) {
        do throws(FileError) {
            try place.descriptor.descriptor.makeDirectory(name("copy"))
        } catch {
            throw StorageError(error, doing: "make the copy", object: "copy")
        }
        let result = FaultPlan.$current.withValue(plan) {
            Result { () throws(StorageError) in
                do throws(FileError) {
                    let source = try place.descriptor.descriptor.openDirectory(name("source"))
                    let target = try place.descriptor.descriptor.openDirectory(name("copy"))
                    return (SharedDescriptor(source), SharedDescriptor(target))
                } catch {
                    throw StorageError(error, doing: "open", object: "copy")
                }
            }.flatMap { (source, target) in
                Result { () throws(StorageError) in
                    _ = try TreeCopy.copy(
                        source.descriptor, to: target.descriptor, ownership: Environment.isRoot,
                        checkpoint: Checkpoint())
                }
            }
        }
        try result.get()
    }

    @Test("Whichever call of publishing fails, the tree is in one place, whole, and a sweep clears the rest")
    func sweepsPublishing() throws {
        for ordinal in 1...12 {
            let place = try Place()
            let root = place.descriptor
            try root.descriptor.makeDirectory(name("staging"))
            try root.descriptor.makeDirectory(name("volumes"))
            let plan = FaultPlan(ordinal: ordinal, .fail(.inputOutput))
            let error = FaultPlan.$current.withValue(plan) {
                errorNumber { () throws(FileError) in
                    let staging = try root.descriptor.openDirectory(name("staging"))
                    let volumes = try root.descriptor.openDirectory(name("volumes"))
                    let area = try StagingArea.make(in: staging)
                    try area.directory.makeDirectory(name("v"))
                    try area.directory.openDirectory(name("v")).createFile(name("data")).close()
                    try Publication.publish(
                        name("v"), from: area.directory, to: volumes, as: name("v"), mode: .noReplace, isDurable: true)
                    try area.discard()
                }
            }
            try StagingArea.sweep(try root.descriptor.openDirectory(name("staging")))
            #expect(try root.descriptor.openDirectory(name("staging")).entries().isEmpty)
            let published = try root.descriptor.openDirectory(name("volumes")).entries()
            let place2 = plan.log.firstIndex(of: "renameat2").map { $0 + 1 } ?? .max
            #expect(published.isEmpty == (ordinal <= place2 && error != nil))
            if let rename = plan.log.firstIndex(of: "renameat2") {
                #expect(plan.log[..<rename].contains("fsync"), "synced before the rename")
            }
        }
    }
}
#endif
