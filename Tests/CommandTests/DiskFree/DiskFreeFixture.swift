import TestSupport
import Testing

/// A store with images that share layers, containers and volumes, for `df` to reckon with.
struct DiskFreeFixture {
    let holdfast: CommandRunner
    /// The directory that has the store and everything beside it.
    let place: String

    init(in place: String) {
        self.place = place
        holdfast = CommandRunner(root: place + "/store")
    }

    func df(_ options: String..., status: Int32 = 0) throws -> JSON {
        try JSON(parsing: holdfast.run(["df", "--json"] + options).check(status).text)
    }

    /// Four images: `a` and `b` on one base, `c` on `a`, `d` by itself.
    func loadImages(seed: UInt64 = 1) throws {
        var random = SeededGenerator(seed: seed)
        func layer(_ name: String, _ sizes: [Int]) -> [TarMember] {
            var members: [TarMember] = [.directory(name), .directory("\(name)/deep")]
            for (number, size) in sizes.enumerated() {
                members.append(.file("\(name)/deep/f\(number)", random.bytes(size)))
            }
            members.append(.hardLink("\(name)/link", to: "\(name)/deep/f0"))
            members.append(.symbolicLink("\(name)/soft", to: "deep"))
            return members
        }
        let (base, a, b) = (layer("base", [700_000, 13, 5000]), layer("a", [300_000, 1]), layer("b", [90_000]))
        let (c, d) = (layer("c", [123_456, 4096]), layer("d", [200_000, 8191, 0]))
        let layers: [(String, [[TarMember]])] = [
            ("a", [base, a]), ("b", [base, b]), ("c", [base, a, c]), ("d", [d]),
        ]
        let images = try layers.map { try ImageFixture($0.1, names: ["\($0.0):1"]) }
        try ImageLayout.docker25.write(images, to: place + "/images.tar")
        try holdfast("image", "load", "-i", place + "/images.tar").check()
        try Tool.run("rm", place + "/images.tar").check()
    }

    func makeVolume(_ name: String, _ options: String...) throws -> TreeBuilder {
        try holdfast.run(["volume", "create", name] + options).check()
        return try TreeBuilder(mountpoint(name))
    }

    func mountpoint(_ name: String) -> String { "\(place)/store/volumes/\(name)/_data" }

    /// By `du`: 512-byte blocks of every inode once.
    func du(_ path: String) throws -> Int {
        let text = try Tool.run("du", "-s", "--block-size=1", path).check().text
        return try #require(Int(text.prefix { $0 != "\t" }))
    }

    /// The item of that name in a group of the report.
    func item(_ name: String, _ group: JSON) throws -> JSON {
        try #require(
            group["items"].elements.first { $0["name"].text == name || $0["names"][0].text?.contains(name) == true })
    }
}
