import FileTree
import Glibc
import StorageModel
import Synchronization
import TestSupport
import Testing

/// Goal: a path means what it means to a process with that root, and no path leads out. Method: one tree with links of every
/// kind beside a secret, both ways of resolution, and a directory that is moved out and in while paths go through it.
@Suite("Resolving paths in a root") struct RootResolutionTests {
    static let ways: [PathResolution] = [.byKernel, .byComponents]

    /// `root` in a directory that also has `outside/secret`.
    private func makeTree(_ place: Place) throws -> Descriptor {
        let outside = try place.builder("outside")
        try outside.file("secret", "outside")
        let tree = try place.builder("root")
        try tree.directory("usr")
        try tree.directory("usr/lib")
        try tree.file("usr/lib/file", "inside")
        try tree.file("secret", "inside")
        try tree.symbolicLink("lib", to: "usr/lib")
        try tree.symbolicLink("absolute", to: "/usr/lib")
        try tree.symbolicLink("usr/up", to: "../../../../secret")
        try tree.symbolicLink("top", to: "/")
        try tree.symbolicLink("out", to: "../outside")
        try tree.symbolicLink("host", to: outside.root)
        try tree.symbolicLink("loop", to: "loop2")
        try tree.symbolicLink("loop2", to: "loop")
        try tree.symbolicLink("dangling", to: "usr/none")
        try tree.symbolicLink("slashed", to: "secret/")
        try tree.symbolicLink("link0", to: "usr")
        for index in 1...41 { try tree.symbolicLink("link\(index)", to: "link\(index - 1)") }
        return try Descriptor.openDirectory(atHostPath: tree.root)
    }

    private func text(_ file: borrowing Descriptor) throws -> String {
        String(decoding: try file.readToEnd(limitBytes: 100), as: UTF8.self)
    }

    @Test("Links, dots and absolute paths stay inside, whatever the way", arguments: ways)
    func staysInside(_ way: PathResolution) throws {
        let place = try Place()
        let root = try makeTree(place)
        for inside in [
            "usr/lib/file", "/usr/lib/file", "lib/file", "/absolute/file", "usr/up", "../secret", "../../../../secret",
            "top/secret", "top/../top/usr/../secret", "//usr///lib/./file", "link39/lib/file",
        ] {
            #expect(
                try text(try root.openFile(inRoot: name(inside), for: .reading, resolution: way)) == "inside",
                "\(inside)")
        }
        let failing: [(String, Errno)] = [
            ("out/secret", .noEntry), ("host/secret", .noEntry), ("out/../secret", .noEntry), ("loop", .tooManyLevels),
            ("dangling", .noEntry), ("none", .noEntry), ("", .noEntry), ("secret/", .notDirectory),
            ("slashed", .notDirectory), ("secret/..", .notDirectory), ("secret/.", .notDirectory),
            ("link40/lib/file", .tooManyLevels), ("usr/lib/file/x", .notDirectory), ("a\0b", .invalidArgument),
        ]
        for (path, errno) in failing {
            let error = errorNumber { () throws(FileError) in
                try root.openFile(inRoot: name(path), for: .reading, resolution: way)
            }
            #expect(error == errno, "\(path)")
        }
    }

    @Test("Directories are opened, files are not", arguments: ways)
    func opensDirectories(_ way: PathResolution) throws {
        let place = try Place()
        let root = try makeTree(place)
        let library = try root.status(of: name("usr")).identity
        for path in ["usr", "/usr/", "link3", "top/usr/lib/..", "lib/.."] {
            let opened = try root.openDirectory(inRoot: name(path), resolution: way)
            #expect(try opened.status().identity == library, "\(path)")
            _ = try opened.entries()
        }
        for path in ["/", "..", "../..", "top", "usr/../..", "."] {
            #expect(
                try root.openDirectory(inRoot: name(path), resolution: way).status().identity == root.status().identity,
                "\(path)")
        }
        let error = errorNumber { () throws(FileError) in
            try root.openDirectory(inRoot: name("usr/lib/file"), resolution: way)
        }
        #expect(error == .notDirectory)
    }

    @Test("The parent of an entry is found without following the entry", arguments: ways)
    func resolvesParents(_ way: PathResolution) throws {
        let place = try Place()
        let root = try makeTree(place)
        let library = try root.openDirectory(inRoot: name("usr/lib")).status().identity
        for (path, entry) in [
            ("lib/file", "file"), ("absolute/new", "new"), ("/usr/lib/new/", "new"), ("top/lib/x", "x"),
        ] {
            let found = try root.resolveParent(inRoot: name(path), resolution: way)
            #expect(found.name == name(entry), "\(path)")
            #expect(try found.directory.status().identity == library, "\(path)")
        }
        let link = try root.resolveParent(inRoot: name("loop"), resolution: way)
        #expect(link.name == name("loop"))
        #expect(try link.directory.status(of: link.name).kind == .symbolicLink)
        for path in ["/", "..", "usr/..", "usr/.", "."] {
            let found = try root.resolveParent(inRoot: name(path), resolution: way)
            #expect(found.name.isEmpty, "\(path)")
        }
        let missing = errorNumber { () throws(FileError) in
            _ = try root.resolveParent(inRoot: name("none/new"), resolution: way)
        }
        #expect(missing == .noEntry)
    }

    @Test("The links of /proc that lead to open files are refused, its others are not", arguments: ways)
    func refusesMagicLinks(_ way: PathResolution) throws {
        let root = try Descriptor.openDirectory(atHostPath: "/")
        for path in ["proc/self/root/etc", "proc/self/cwd", "/proc/self/fd/0", "proc/self/exe"] {
            let error = errorNumber { () throws(FileError) in
                try root.openFile(inRoot: name(path), for: .reading, resolution: way)
            }
            #expect(error == .tooManyLevels, "\(path)")
        }
        #expect(
            try !root.openFile(inRoot: name("/proc/self/status"), for: .reading, resolution: way)
                .readToEnd(limitBytes: 9).isEmpty)
    }

    @Test("A path longer than the kernel takes is walked, with links in it", arguments: ways)
    func walksLongPaths(_ way: PathResolution) throws {
        let place = try Place()
        let root = try makeTree(place)
        let long = String(repeating: "usr/../", count: 900) + "lib/file"
        #expect(try text(try root.openFile(inRoot: name(long), for: .reading, resolution: way)) == "inside")
    }

    @Test("A directory moved out of the root meanwhile takes no path with it", arguments: ways)
    func survivesRenames(_ way: PathResolution) throws {
        let place = try Place()
        let root = try makeTree(place)
        let tree = try TreeBuilder(place.directory("root"))
        try tree.directory("a")
        try tree.directory("a/b")
        let mover = WorkerPool(threads: 1)
        let (inside, outside) = (place.directory("root/a"), place.directory("outside/a"))
        let flag = Flag()
        mover.submit {
            while !flag.isSet.load(ordering: .relaxed) {
                rename(inside, outside)
                rename(outside, inside)
            }
        }
        defer {
            flag.isSet.store(true, ordering: .relaxed)
            mover.finish()
        }
        var found = 0
        for _ in 0..<3000 {
            do {
                let file = try root.openFile(inRoot: name("a/b/../../secret"), for: .reading, resolution: way)
                #expect(try text(file) == "inside")
                found += 1
            } catch let error as FileError where error.errno == .noEntry {
                // It was outside at that moment.
            }
        }
        #expect(found > 0)
    }

    private final class Flag: Sendable {
        let isSet = Atomic<Bool>(false)
    }
}
