import StorageModel
import Testing

/// Goal: a path in a container means what Docker takes it for. Method: a table, after Go's `path.Clean`.
@Suite("Paths in containers") struct ContainerPathTests {
    @Test(
        "paths are cleaned",
        arguments: [
            ("/", "/"), ("/a", "/a"), ("/a/", "/a"), ("//a//b", "/a/b"), ("/a/./b", "/a/b"), ("/a/../b", "/b"),
            ("/..", "/"), ("/../../a", "/a"), ("/a/b/../..", "/"), ("/a b", "/a b"), ("/..a/b.", "/..a/b."),
        ])
    func clean(_ text: String, _ expected: String) throws { #expect(try ContainerPath(text).rawValue == expected) }

    @Test("what is not absolute is refused", arguments: ["", "a", "./a", "../a", "~/a", "/a\0b"])
    func refuse(_ text: String) {
        #expect(throws: StorageError.self) { try ContainerPath(text) }
    }

    @Test("a path comes before those inside it, and paths of one depth are in byte order")
    func order() throws {
        let paths = try ["/a/b/c", "/b", "/a/b", "/a", "/Z", "/a-b/c"].map { try ContainerPath($0) }
        #expect(paths.sorted().map(\.rawValue) == ["/Z", "/a", "/b", "/a-b/c", "/a/b", "/a/b/c"])
    }
}
