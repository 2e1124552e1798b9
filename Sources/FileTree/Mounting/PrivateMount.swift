package import StorageModel

/// A file system that is mounted for this process alone, to be read: a block device, a network share.
package enum PrivateMount {
    /// Mounts `source` as `mount -t TYPE -o OPTIONS SOURCE` would, but attached nowhere, read-only, without devices, programs
    /// and set-id bits (`fsopen(2)`). Options that only concern what a mount forbids do not count.
    ///
    /// Needs `CAP_SYS_ADMIN` and Linux 5.2. A share whose server does not answer is waited for as long as the kernel does.
    /// - Throws: what the kernel says is among the causes; the values of options, which may be passwords, are not.
    package static func make(
        type: String, source: String, options: [String], doing: String, object: String
    ) throws(StorageError) -> DetachedMount {
        let needed = options.filter { !$0.isEmpty && !mountOptions.contains($0) }
        let readOnly = attempt(type, source, needed + ["ro"])
        switch consume readOnly {
        case .mounted(let mount): return mount
        // What is in use read-write already cannot be made read-only; the mount is, in any case.
        case .refused(let error, _) where error.errno == .busy: break
        case .refused(let error, let messages): throw failure(error, messages, doing, object)
        }
        switch attempt(type, source, needed) {
        case .mounted(let mount): return mount
        case .refused(let error, let messages): throw failure(error, messages, doing, object)
        }
    }

    /// What mount(8) takes for itself, and what the restrictions of the mount say already.
    private static let mountOptions: Set<String> = [
        "ro", "rw", "defaults", "auto", "noauto", "user", "nouser", "users", "nofail", "_netdev", "suid", "nosuid",
        "dev",
        "nodev", "exec", "noexec", "atime", "noatime", "relatime", "norelatime", "strictatime", "diratime",
        "nodiratime",
    ]

    private enum Outcome: ~Copyable {
        case mounted(DetachedMount)
        case refused(FileError, messages: [String])
    }

    private static func attempt(_ type: String, _ source: String, _ options: [String]) -> Outcome {
        let context: FileSystemContext
        do throws(FileError) { context = try FileSystemContext(type: type) } catch {
            return .refused(error, messages: [])
        }
        do throws(FileError) {
            try context.set("source", to: source)
            for option in options {
                if let equals = option.firstIndex(of: "=") {
                    try context.set(String(option[..<equals]), to: String(option[option.index(after: equals)...]))
                } else {
                    try context.set(option)
                }
            }
            return .mounted(try context.mount(.inspection))
        } catch {
            return .refused(error, messages: context.messages())
        }
    }

    private static func failure(
        _ error: FileError, _ messages: [String], _ doing: String, _ object: String
    ) -> StorageError {
        let plain = StorageError.system(doing, object: object, errno: error.errno)
        return StorageError(
            plain.code == .notFound ? .system : plain.code, object: object, plain.message, errno: error.errno,
            hint: "start a container that uses it, or mount it and name the directory: dir:/path",
            causes: [error.operation] + messages)
    }
}
