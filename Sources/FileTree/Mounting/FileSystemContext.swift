internal import CLinux
internal import Glibc
internal import StorageModel

/// A file system on its way to being mounted (`fsopen(2)`, Linux 5.2).
struct FileSystemContext: ~Copyable {
    private let descriptor: Descriptor

    init(type: String) throws(FileError) {
        let result = withCText(type.utf8) { text in changing("fsopen") { Int(holdfast_fsopen(text)) } }
        descriptor = Descriptor(try check(result, "fsopen", type.utf8))
    }

    /// Sets a parameter; the kernel takes values of less than 256 bytes (`fsconfig(2)`).
    borrowing func set(_ key: String, to value: String) throws(FileError) {
        let context = descriptor.rawValue
        let result = withCText(key.utf8) { key in
            withCText(value.utf8) { value in
                changing("fsconfig") { Int(holdfast_fsconfig_string(context, key, value)) }
            }
        }
        try check(result, "fsconfig", "\(key)=\(value)".utf8)
    }

    /// Sets a parameter that is there or not.
    borrowing func set(_ key: String) throws(FileError) {
        let context = descriptor.rawValue
        let result = withCText(key.utf8) { key in
            changing("fsconfig") { Int(holdfast_fsconfig_flag(context, key)) }
        }
        try check(result, "fsconfig", key.utf8)
    }

    /// Sets a parameter that is an open directory.
    borrowing func set(_ key: String, to directory: borrowing Descriptor) throws(FileError) {
        let (context, value) = (descriptor.rawValue, directory.rawValue)
        let result = withCText(key.utf8) { key in
            changing("fsconfig") { Int(holdfast_fsconfig_descriptor(context, key, value)) }
        }
        try check(result, "fsconfig", key.utf8)
    }

    /// Makes the file system and a mount of it (`FSCONFIG_CMD_CREATE`, `fsmount(2)`).
    borrowing func mount(_ restrictions: MountRestrictions) throws(FileError) -> DetachedMount {
        let context = descriptor.rawValue
        try check(changing("fsconfig(CREATE)") { Int(holdfast_fsconfig_create(context)) }, "fsconfig(CREATE)")
        let result = changing("fsmount") { Int(holdfast_fsmount(context, restrictions.rawValue)) }
        return DetachedMount(adopting: Descriptor(try check(result, "fsmount")))
    }

    /// What the kernel has to say about the failure, one sentence each, oldest first. Each is told once.
    borrowing func messages() -> [String] {
        var result: [String] = []
        let context = descriptor.rawValue
        // The kernel keeps eight; a file that is no context would never end.
        while result.count < 16 {
            var length = 0
            let message = [UInt8](unsafeUninitializedCapacity: 1024) { room, filled in
                length = attempt { read(context, room.baseAddress, room.count) }
                filled = max(0, length)
            }
            guard length > 0 else { break }
            // A letter for error, warning or information, and a blank.
            let text = String(decoding: message.dropFirst(2), as: UTF8.self)
            result.append("the kernel says: " + text.filter { $0 != "\n" }.printable(limit: 400))
        }
        return result
    }
}
