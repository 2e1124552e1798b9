import TestSupport

extension StoreFixture {
    /// The JSON of `usage` of these sources.
    func usage(_ arguments: String..., status: Int32 = 0) throws -> [JSON] {
        try JSON(parsing: holdfast.run(["usage"] + arguments + ["--json"]).check(status).text).elements
    }
}

/// What `du` and Python's `os.lstat` count below a directory: every inode once, on one file system.
struct UsageOracle: Equatable, CustomStringConvertible {
    var allocatedBytes: Int
    var apparentBytes: Int
    var files: Int
    var directories: Int

    private static let script = """
        import os, stat, sys
        root = os.fsencode(sys.argv[1]); top = os.lstat(root); seen = set(); sums = [top.st_blocks * 512, 0, 0, 1]
        def walk(directory):
            for entry in os.scandir(directory):
                status = os.lstat(entry.path)
                if status.st_dev != top.st_dev or (status.st_dev, status.st_ino) in seen: continue
                if not stat.S_ISDIR(status.st_mode): seen.add((status.st_dev, status.st_ino))
                sums[0] += status.st_blocks * 512
                if stat.S_ISDIR(status.st_mode):
                    sums[3] += 1
                    walk(entry.path)
                else:
                    sums[1] += status.st_size
                    sums[2] += 1
        walk(root)
        print(*sums)
        """

    init(_ path: String) throws {
        let numbers = try Tool.run("python3", "-c", Self.script, path).check().text.split(
            whereSeparator: \.isWhitespace
        )
        .compactMap { Int($0) }
        (allocatedBytes, apparentBytes, files, directories) = (numbers[0], numbers[1], numbers[2], numbers[3])
        let du = try Tool.run("du", "-sx", "--block-size=1", path).check().text.prefix { $0.isNumber }
        guard Int(du) == allocatedBytes else { throw UnexpectedStatus(description: "du says \(du), Python \(self)") }
    }

    /// What `usage --json` says of one source.
    init(_ json: JSON) {
        allocatedBytes = json["allocatedBytes"].integer ?? -1
        apparentBytes = json["apparentBytes"].integer ?? -1
        files = json["files"].integer ?? -1
        directories = json["directories"].integer ?? -1
    }

    var description: String { "\(allocatedBytes) \(apparentBytes) \(files) \(directories)" }
}
