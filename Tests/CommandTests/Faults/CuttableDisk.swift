import Glibc
import TestSupport

/// A file system in a file that can lose power: what was not on disk by then is gone.
final class CuttableDisk {
    enum Format: String, CaseIterable {
        case ext4, xfs

        fileprivate var make: [String] {
            switch self {
            case .ext4: ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"]
            case .xfs: ["mkfs.xfs", "-q", "-f"]
            }
        }
    }

    /// The formats that this machine can make and mount.
    static let formats: [Format] = Format.allCases.filter { format in
        guard let folder = try? TemporaryDirectory("disk"), let image = try? DiskImage(format, in: folder) else {
            return false
        }
        return (try? CuttableDisk(image)) != nil
    }

    /// Where it is mounted.
    let path: String
    private let options: String
    private let folder: TemporaryDirectory
    /// The file that has the file system.
    private var image: String
    private var copies = 0

    /// A copy of the image, mounted.
    init(_ image: DiskImage) throws {
        folder = try TemporaryDirectory("disk")
        path = try folder.makeDirectory("mounted")
        options = image.format == .xfs ? "loop,nouuid" : "loop"
        self.image = image.path
        try mountCopy()
    }

    deinit { try? unmount() }

    private func mountCopy() throws {
        copies += 1
        let name = folder("image-\(copies)")
        try Tool.run("cp", "--sparse=always", image, name).check()
        image = name
        try Tool.run("mount", "-o", options, name, path).check()
    }

    /// Another thread's child has this process's descriptors until it becomes its program.
    private func unmount() throws {
        for _ in 0..<100 {
            if try Tool.run("umount", path).status == 0 { return }
            usleep(50_000)
        }
        try Tool.run("umount", path).check()
    }

    /// Cuts the power and comes back, by which the journal is replayed. Nothing may use the file system.
    ///
    /// `FS_IOC_SHUTDOWN` with "no log flush": from then on nothing is written, neither data nor journal (`fs/ext4/ioctl.c`,
    /// `xfs_fs_goingdown`). What comes back is a copy of the image: a mount namespace that another process made meanwhile
    /// may still hold the dead file system, and mounting the same image again would bring that one back.
    func cutPower() throws {
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw SystemFailure("open", path) }
        var noLogFlush: UInt32 = 2
        let result = ioctl(directory, 0x8004_587d, &noLogFlush)
        let failure = SystemFailure("FS_IOC_SHUTDOWN", path)
        close(directory)
        guard result == 0 else { throw failure }
        try unmount()
        try mountCopy()
    }
}

/// A file with a file system, to make ``CuttableDisk``s of.
struct DiskImage {
    let format: CuttableDisk.Format
    let path: String

    /// - Parameter content: a folder whose content it has.
    init(_ format: CuttableDisk.Format, of content: String? = nil, in folder: TemporaryDirectory) throws {
        self.format = format
        path = folder("image-\(format)")
        try Tool.run("truncate", "-s", "320M", path).check()
        try Tool.run(format.make + [path]).check()
        guard let content else { return }
        let mounted = try folder.makeDirectory("mounted-\(format)")
        try Tool.script(
            "mount -o loop \"$1\" \"$2\"; trap 'umount \"$2\"' EXIT; cp -a \"$3/.\" \"$2\"", path, mounted, content
        ).check()
    }
}
