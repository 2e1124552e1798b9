internal import FileTree
internal import StorageModel

/// A file that lies beside a population until the catalog knows of it: what a crash in between would have lost.
///
/// In a staging area it says which directory is being put in place of the volume's data (its number tells whether that
/// happened); inside of a volume it lies in the finished hidden directory, and says where its content belongs.
struct PopulationMark: Sendable {
    let volume: VolumeName
    /// Tells the volume from another that had the name.
    let createdAt: Timestamp
    /// Of the new data directory.
    let directory: DirectoryNumber
    let subpath: EntryPath
    let population: VolumePopulation
    /// The time that the directory gets when everything is in its place.
    let modifiedAt: Timestamp

    static let name = Array("population.json".utf8)
    private static let limitBytes = 1 << 20

    /// Writes the mark into a directory, durably if asked.
    func write(to directory: borrowing Descriptor, isDurable: Bool) throws(FileError) {
        let file = try directory.createFile(Self.name, mode: 0o600)
        try file.writeAll(Array(json.compactText.utf8), at: 0)
        guard isDurable else { return }
        try file.sync()
        try directory.sync()
    }

    /// - Returns: `nil` if there is none, or one that was not finished: then nothing was put in place either.
    static func read(in directory: borrowing Descriptor) throws(FileError) -> PopulationMark? {
        let text: [UInt8]
        do throws(FileError) {
            text = try directory.openFile(name, for: .reading).readToEnd(limitBytes: limitBytes)
        } catch  where error.errno == .noEntry {
            return nil
        }
        do throws(StorageError) {
            return PopulationMark(try JSONValue(parsing: text, of: "a population's mark"))
        } catch {
            return nil
        }
    }

    private var json: JSONValue {
        [
            "volume": .string(volume.rawValue), "createdAt": Self.number(createdAt),
            "inode": .string(String(directory.inode)),
            "subvolume": directory.subvolume.map { .string(String($0)) } ?? .null,
            "subpath": .array(subpath.bytes.map { .unsigned(UInt64($0)) }), "image": .string(population.image),
            "imageId": .string(population.imageID.hex), "path": .string(population.path.rawValue),
            "populatedAt": Self.number(population.populatedAt), "modifiedAt": Self.number(modifiedAt),
        ]
    }

    private static func number(_ time: Timestamp) -> JSONValue {
        .array([.string(String(time.seconds)), .unsigned(UInt64(time.nanoseconds))])
    }

    private static func time(_ value: JSONValue?) -> Timestamp? {
        guard let parts = value?.elements, parts.count == 2, let seconds = parts[0].text.flatMap({ Int64($0) }),
            let nanoseconds = parts[1].count
        else { return nil }
        return Timestamp(seconds: seconds, nanoseconds: UInt32(truncatingIfNeeded: nanoseconds))
    }
}

extension PopulationMark {
    fileprivate init?(_ json: JSONValue) {
        guard let name = json["volume"]?.text, let volume = try? VolumeName(name),
            let createdAt = Self.time(json["createdAt"]), let inode = json["inode"]?.text.flatMap({ UInt64($0) }),
            let subpath = json["subpath"]?.elements?.compactMap({ $0.count }), let image = json["image"]?.text,
            let imageID = json["imageId"]?.text.flatMap({ Digest(hex: $0) }), let text = json["path"]?.text,
            let path = try? ContainerPath(text), let populatedAt = Self.time(json["populatedAt"]),
            let modifiedAt = Self.time(json["modifiedAt"]),
            let place = EntryPath(parsing: subpath.map { UInt8(truncatingIfNeeded: $0) })
        else { return nil }
        self.init(
            volume: volume, createdAt: createdAt,
            directory: DirectoryNumber(inode: inode, subvolume: json["subvolume"]?.text.flatMap { UInt64($0) }),
            subpath: place,
            population: VolumePopulation(image: image, imageID: imageID, path: path, populatedAt: populatedAt),
            modifiedAt: modifiedAt)
    }
}

/// What tells one directory of a file system from another, also after a reboot.
struct DirectoryNumber: Equatable, Sendable {
    let inode: UInt64
    /// Of the root of a subvolume: all of them have one inode number.
    let subvolume: UInt64?

    init(inode: UInt64, subvolume: UInt64?) {
        self.inode = inode
        self.subvolume = subvolume
    }

    init(of directory: borrowing Descriptor) throws(FileError) {
        inode = try directory.status().inode
        subvolume = try Subvolume.isRoot(directory) ? try Subvolume.number(of: directory) : nil
    }
}
