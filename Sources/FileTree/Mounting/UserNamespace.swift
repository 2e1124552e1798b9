internal import CLinux
internal import Glibc
internal import StorageModel

/// User namespaces (user_namespaces(7)).
package enum UserNamespace {
    /// Whether this process is in the namespace that the machine was started with, in which root is root.
    ///
    /// A map over all ids means so too: nothing can be told from it, and nothing differs.
    package static var isInitial: Bool {
        guard let file = try? Descriptor.openFile(atHostPath: "/proc/self/uid_map"),
            let text = try? file.readToEnd(limitBytes: 64 << 10)
        else { return true }
        return text.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }.map {
            String(decoding: $0, as: UTF8.self)
        } == ["0", "0", "4294967295"]
    }

    /// A namespace with the mappings for users and groups. It lives as long as the descriptor, or a mount, refers to it.
    ///
    /// Needs `CAP_SETUID` and `CAP_SETGID` for more than the caller's own ids.
    static func make(users: IdentityMapping, groups: IdentityMapping) throws(FileError) -> Descriptor {
        let result = withCText(text(users).utf8) { users in
            withCText(text(groups).utf8) { groups in
                changing("clone(CLONE_NEWUSER)") { Int(holdfast_user_namespace(users, groups)) }
            }
        }
        return Descriptor(try check(result, "clone(CLONE_NEWUSER)"))
    }

    private static func text(_ mapping: IdentityMapping) -> String {
        mapping.ranges.map { "\($0.inside) \($0.outside) \($0.count)\n" }.joined()
    }
}
