internal import CLinux

/// The text of `-o` of mount(8), divided as mount(2) wants it: flags that the kernel knows for every file system, and the
/// rest, which the file system gets as it is.
package struct MountOptions: Hashable, Sendable {
    package private(set) var flags: UInt = 0
    /// How mounts in it spread (`MS_SHARED` and others), which takes a call of its own.
    package private(set) var propagation: UInt = 0
    /// What the file system gets, in the order of the text.
    package private(set) var data: [String] = []

    /// `MS_…` of <sys/mount.h>.
    private static let readOnly: UInt = 1
    private static let bind: UInt = 1 << 12
    private static let recursive: UInt = 1 << 14

    /// What a word sets and what it clears.
    private static let known: [String: (set: UInt, clear: UInt)] = [
        "defaults": (0, 0), "ro": (readOnly, 0), "rw": (0, readOnly), "suid": (0, 2), "nosuid": (2, 0), "dev": (0, 4),
        "nodev": (4, 0), "exec": (0, 8), "noexec": (8, 0), "sync": (16, 0), "async": (0, 16), "remount": (32, 0),
        "mand": (64, 0), "nomand": (0, 64), "dirsync": (128, 0), "nosymfollow": (256, 0), "atime": (0, 1 << 10),
        "noatime": (1 << 10, 0), "diratime": (0, 1 << 11), "nodiratime": (1 << 11, 0), "bind": (bind, 0),
        "rbind": (bind | recursive, 0), "relatime": (1 << 21, 0), "norelatime": (0, 1 << 21),
        "strictatime": (1 << 24, 0), "nostrictatime": (0, 1 << 24),
    ]

    private static let spreading: [String: UInt] = [
        "unbindable": 1 << 17, "runbindable": 1 << 17 | recursive, "private": 1 << 18, "rprivate": 1 << 18 | recursive,
        "slave": 1 << 19, "rslave": 1 << 19 | recursive, "shared": 1 << 20, "rshared": 1 << 20 | recursive,
    ]

    package init(_ words: [String]) {
        for word in words {
            if let meaning = Self.known[word] {
                flags = flags & ~meaning.clear | meaning.set
            } else if let meaning = Self.spreading[word] {
                propagation = meaning
            } else if !word.isEmpty {
                data.append(word)
            }
        }
    }

    /// Mounts a directory that is there already, instead of a file system.
    package var isBind: Bool { flags & Self.bind != 0 }

    package mutating func makeBind() { flags |= Self.bind }

    /// The flags of a bind mount that the kernel heeds only when it is mounted a second time.
    fileprivate var laterFlags: UInt { isBind ? flags & ~(Self.bind | Self.recursive) : 0 }

    fileprivate static let remountBind: UInt = 32 | bind
}

/// Mounts by mount(2), for file systems whose options the user gives as mount(8) takes them.
package enum MountCall {
    /// Mounts on the directory `name`. Either everything that the options say is done, or nothing is mounted.
    ///
    /// - Parameter source: what the file system is on; for a bind mount a path that leads to the directory.
    package static func mount(
        _ type: String, from source: String, _ options: MountOptions, on name: some Collection<UInt8>,
        in directory: borrowing Descriptor
    ) throws(FileError) {
        // mount(2) knows paths only: N leads to the open directory whatever its path is now. The name is checked by itself:
        // in a path, `..` would lead elsewhere.
        let target = Array("/proc/self/fd/\(directory.rawValue)/".utf8) + Array(name)
        let checked = withName(name) { _ in 0 }
        try check(checked, "mount", name)
        try call(source, target, type, options.flags, options.data.joined(separator: ","))
        do throws(FileError) {
            if options.laterFlags != 0 {
                try call("", target, "", options.laterFlags | MountOptions.remountBind, "")
            }
            if options.propagation != 0 { try call("", target, "", options.propagation, "") }
        } catch {
            // The first failure is the one to tell.
            _ = try? Unmounting.unmount(name, in: directory)
            throw error
        }
    }

    private static func call(
        _ source: String, _ target: [UInt8], _ type: String, _ flags: UInt, _ data: String
    ) throws(FileError) {
        let result = withCText(source.utf8) { source in
            withCText(target) { target in
                withCText(type.utf8) { type in
                    withCText(data.utf8) { data in
                        changing("mount") { Int(holdfast_mount(source, target, type, flags, data)) }
                    }
                }
            }
        }
        // Not the source and not the data: either may have a password in it.
        try check(result, "mount", type.utf8)
    }
}
