import CTestSystem
import FileTree
import Glibc
import StorageModel
import TestSupport
import Testing

/// Goal: a published file is seen whole or not at all, and what a dead writer leaves goes with the next one. Method: a process
/// that holds a lock, and every changing call made to fail in turn.
@Suite("Publishing a file") struct FilePublicationTests {
    private let place: Place

    init() throws { place = try Place("publication") }

    private func names() throws -> [String] {
        try place.descriptor.descriptor.entries().map { String(decoding: $0.name, as: UTF8.self) }.sorted()
    }

    private func content(_ file: String) throws -> String { try Tool.run("cat", place.directory(file)).check().text }

    /// Writes a file of the given content by a publication.
    @discardableResult
    private func publish(_ names: [String], _ text: String, replaces: Bool = false) throws(FileError) -> String? {
        let publication = try FilePublication(inDirectory: place.directory.path)
        try publication.openFile().writeAll(Array(text.utf8), at: 0)
        return try publication.publish(names, replaces: replaces, isDurable: true)
    }

    @Test("it gets the first name that is free, only its owner can read it, and nothing else is left")
    func firstFreeName() throws {
        #expect(try publish(["a", "b"], "one") == "a")
        #expect(try publish(["a", "b"], "two") == "b")
        #expect(try publish(["a", "b"], "three") == nil)
        #expect(try publish(["a"], "four", replaces: true) == "a")
        #expect(try names() == ["a", "b"])
        #expect(try content("a") == "four")
        #expect(try content("b") == "two")
        #expect(try place.descriptor.descriptor.status(of: name("a")).mode == 0o600)
    }

    @Test("one that is given up leaves nothing")
    func givenUp() throws {
        do {
            let publication = try FilePublication(inDirectory: place.directory.path)
            try publication.openFile().writeAll(name("half"), at: 0)
            #expect(try names().count == 1)
        }
        #expect(try names() == [])
    }

    @Test(
        "what a dead writer left is removed, what a living one writes is not, and other files are none of its business")
    func sweep() throws {
        let strangers = ["x.partial", ".holdfast-x", "holdfast.partial"]
        for text in strangers + [".holdfast-dead.partial", ".holdfast-living.partial"] {
            try TreeBuilder(place.directory.path).file(text, "x")
        }
        let living = place.directory(".holdfast-living.partial")
        let holder = try ChildProcess(
            ["bash", "-c", "exec 9<\"$1\"; flock 9; echo locked; exec sleep 60", "holder", living].map { name($0) })
        while !holder.textSoFar.contains("locked") { usleep(1000) }
        try publish(["file"], "x")
        #expect(try names() == ([".holdfast-living.partial", "file"] + strangers).sorted())
        holder.send(SIGKILL)
        _ = try holder.wait()
        try publish(["file2"], "x")
        #expect(try names() == (["file", "file2"] + strangers).sorted())
    }

    @Test("one that is left with its journal is found, held, and swept after a week; a journal alone is nobody's")
    func left() throws {
        do {
            let publication = try FilePublication(inDirectory: place.directory.path)
            try publication.openFile().writeAll(name("half"), at: 0)
            let journal = try publication.makeJournal()
            try journal.writeAll(name("notes"), at: 0)
            #expect(try AbandonedFile.find(inDirectory: place.directory.path).isEmpty, "its writer lives")
            publication.leave()
        }
        try publish(["file"], "x")
        #expect(try names().count == 3)
        do {
            let found = try AbandonedFile.find(inDirectory: place.directory.path)
            #expect(found.count == 1)
            #expect(try found.first?.journal(limitBytes: 100) == name("notes"))
            #expect(try AbandonedFile.find(inDirectory: place.directory.path).isEmpty, "it is held")
            try Tool.script("touch -d '8 days ago' \"$1\"/.holdfast-*", place.directory.path).check()
            try publish(["file2"], "x")
            #expect(try names().count == 4, "what is held is not swept")
        }
        try publish(["file3"], "x")
        #expect(try names() == ["file", "file2", "file3"])
        try TreeBuilder(place.directory.path).file(".holdfast-0.journal", "x")
        try publish(["file4"], "x")
        #expect(try names() == ["file", "file2", "file3", "file4"])
    }

    @Test("a journal goes when the file is published, and when it is given up")
    func journal() throws {
        for isPublished in [true, false] {
            let publication = try FilePublication(inDirectory: place.directory.path)
            _ = try publication.makeJournal()
            if isPublished { _ = try publication.publish(["file"], replaces: false, isDurable: true) }
        }
        #expect(try names() == ["file"])
    }

    #if FAULT_SEAM
    @Test("a call that fails leaves the old file, or the new one whole", arguments: [Errno.noSpace, .inputOutput])
    func faults(_ errno: Errno) throws {
        try publish(["file"], "old")
        var ordinal = 1
        while true {
            let plan = FaultPlan(ordinal: ordinal, .fail(errno))
            let number = FaultPlan.$current.withValue(plan) {
                errorNumber { () throws(FileError) in try publish(["file"], "new", replaces: true) }
            }
            let found = try content("file")
            #expect(found == "new" || found == "old")
            #expect(try names() == ["file"], "failing call \(ordinal) of \(plan.log)")
            if plan.log.count < ordinal {
                #expect(number == nil && found == "new")
                break
            }
            #expect(number == errno)
            ordinal += 1
            try publish(["file"], "old", replaces: true)
        }
        // Made, locked, written, synced, renamed, and the directory synced.
        #expect(ordinal > 5)
    }
    #endif
}
