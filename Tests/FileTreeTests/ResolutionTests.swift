import FileTree
import StorageModel
import TestSupport
import Testing

/// Goal: no name from outside leads out of a tree. Method: hostile links of every form, by both ways of resolution.
@Suite("Opening by descriptor") struct ResolutionTests {
    static let ways: [PathResolution] = [.byKernel, .byComponents]

    @Test("A directory beneath is found, whatever the way", arguments: ways)
    func findsDirectories(_ way: PathResolution) throws {
        let place = try Place()
        let tree = try place.builder("tree")
        try tree.directory("a")
        try tree.directory("a/b")
        try tree.file("a/b/file", "here")
        let root = try Descriptor.openDirectory(atHostPath: tree.root)
        let found = try root.openDirectory(beneath: path("a/b"), resolution: way)
        #expect(try found.status(of: name("file")).sizeBytes == 4)
        #expect(try root.openDirectory(beneath: .root, resolution: way).status().identity == root.status().identity)
    }

    @Test("Links in any place of a path are refused", arguments: ways)
    func refusesLinks(_ way: PathResolution) throws {
        let place = try Place()
        let outside = try place.builder("outside")
        try outside.directory("secret")
        let tree = try place.builder("tree")
        try tree.directory("real")
        try tree.directory("real/below")
        try tree.symbolicLink("absolute", to: outside.root)
        try tree.symbolicLink("parent", to: "../outside")
        try tree.symbolicLink("inside", to: "real")
        try tree.symbolicLink("magic", to: "/proc/self/root")
        try tree.symbolicLink("loop", to: "loop")
        let root = try Descriptor.openDirectory(atHostPath: tree.root)
        for hostile in ["absolute", "absolute/secret", "parent/secret", "inside", "inside/below", "magic/etc", "loop"] {
            let error = errorNumber { () throws(FileError) in
                try root.openDirectory(beneath: path(hostile), resolution: way)
            }
            #expect(error == .tooManyLevels || error == .notDirectory, "\(hostile): \(String(describing: error))")
        }
        let missing = errorNumber { () throws(FileError) in
            try root.openDirectory(beneath: path("real/none"), resolution: way)
        }
        #expect(missing == .noEntry)
    }

    @Test("A path longer than PATH_MAX is opened in pieces", arguments: ways)
    func opensLongPaths(_ way: PathResolution) throws {
        let place = try Place()
        try makeDeepTree(place.directory("deep"), depth: 2500)
        let root = try Descriptor.openDirectory(atHostPath: place.directory("deep"))
        let long = path(Array(repeating: "d", count: 2500).joined(separator: "/"))
        let bottom = try root.openDirectory(beneath: long, resolution: way)
        #expect(try bottom.entries().map(\.name) == [name("bottom")])
        try root.removeTree(name("d"))
        #expect(try root.entries().isEmpty)
    }

    @Test("Names of two components, dots and NUL are no names", arguments: ["", "..", "a/b", "/etc", "a\0b"])
    func refusesNames(_ hostile: String) throws {
        let place = try Place()
        let root = place.descriptor
        #expect(
            errorNumber { () throws(FileError) in try root.descriptor.status(of: name(hostile)) } == .invalidArgument)
        #expect(
            errorNumber { () throws(FileError) in try root.descriptor.createFile(name(hostile)) } == .invalidArgument)
        #expect(errorNumber { () throws(FileError) in try root.descriptor.remove(name(hostile)) } == .invalidArgument)
        #expect(
            errorNumber { () throws(FileError) in try root.descriptor.openDirectory(name(hostile)) } == .invalidArgument
        )
    }

    @Test("A file is opened without following a link or waiting for a fifo")
    func opensFiles() throws {
        let place = try Place()
        let tree = try place.builder("tree")
        try tree.file("file", "content")
        try tree.symbolicLink("link", to: "file")
        try tree.fifo(name("fifo"))
        let root = try Descriptor.openDirectory(atHostPath: tree.root)
        #expect(
            errorNumber { () throws(FileError) in try root.openFile(name("link"), for: .reading) } == .tooManyLevels)
        #expect(try root.openFile(name("fifo"), for: .reading).status().kind == .fifo)
        #expect(errorNumber { () throws(FileError) in try root.createFile(name("file")) } == .exists)
        #expect(errorNumber { () throws(FileError) in try root.createFile(name("link")) } == .exists)
        #expect(try root.openFile(name("file"), for: .reading).status().sizeBytes == 7)
    }
}
