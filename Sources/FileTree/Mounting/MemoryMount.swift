package import StorageModel

/// File systems in memory (tmpfs(5)).
package enum MemoryMount {
    /// Makes an empty one, attached nowhere (`fsopen(2)`, Linux 5.2).
    ///
    /// - Parameters:
    ///   - options: as tmpfs(5) has them: `size=64k`, `mode=1777`, `uid=5`, `nr_inodes=100`, `noswap`.
    ///   - doing: what is attempted, as in "cannot `doing`".
    /// - Throws: with what the kernel says about an option that it does not take.
    package static func make(
        _ options: [String], restrictions: MountRestrictions = [], doing: String, object: String
    ) throws(StorageError) -> DetachedMount {
        let context: FileSystemContext
        do throws(FileError) {
            context = try FileSystemContext(type: "tmpfs")
        } catch {
            throw StorageError(error, doing: doing, object: object)
        }
        do throws(FileError) {
            try context.set("source", to: "tmpfs")
            for option in options {
                if let equals = option.firstIndex(of: "=") {
                    try context.set(String(option[..<equals]), to: String(option[option.index(after: equals)...]))
                } else {
                    try context.set(option)
                }
            }
            return try context.mount(restrictions)
        } catch {
            let plain = StorageError(error, doing: doing, object: object)
            let isOption = error.operation == "fsconfig" && error.errno == .invalidArgument
            throw StorageError(
                isOption ? .invalidInput : plain.code, object: object, plain.message, errno: error.errno,
                hint: isOption ? "tmpfs(5) has the options that are known" : plain.hint,
                causes: plain.causes + context.messages())
        }
    }
}
