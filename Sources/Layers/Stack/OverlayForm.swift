package import FileTree
internal import Glibc
package import StorageModel

/// How overlayfs's own marks are written on disk: extended attributes of root's, or of everybody's in a user namespace.
///
/// Source: the kernel's `Documentation/filesystems/overlayfs.rst`, "whiteouts and opaque directories" and `userxattr`.
package struct OverlayForm: Hashable, Sendable {
    /// `trusted.overlay.` or `user.overlay.`.
    let prefix: String

    package static let privileged = OverlayForm(prefix: "trusted.overlay.")
    package static let inUserNamespace = OverlayForm(prefix: "user.overlay.")

    /// What this process can write: `trusted.` attributes need `CAP_SYS_ADMIN` in the first user namespace.
    package static let current: OverlayForm = {
        guard geteuid() == 0, let proc = try? Descriptor.openDirectory(atHostPath: "/proc/self"),
            let map = try? proc.openFile("uid_map".utf8, for: .reading)
        else { return .inUserNamespace }
        var text = [UInt8](repeating: 0, count: 256)
        let count = text.withUnsafeMutableBytes { room in (try? map.read(into: room, at: nil)) ?? 0 }
        let numbers = text.prefix(count).split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        return numbers.map { String(decoding: $0, as: UTF8.self) } == ["0", "0", "4294967295"]
            ? .privileged : .inUserNamespace
    }()

    package var usesUserAttributes: Bool { self == .inUserNamespace }

    /// The mark of a directory that hides what lower layers have at its place.
    package var opaque: ExtendedAttribute { ExtendedAttribute(name: prefix + "opaque", value: [UInt8(ascii: "y")]) }

    /// Whether an attribute would change how overlayfs sees a tree: never taken from outside, whatever its form.
    package static func isReserved(_ name: String) -> Bool {
        name.hasPrefix(privileged.prefix) || name.hasPrefix(inUserNamespace.prefix)
    }

    /// Whether the directory hides what lower layers have at its place.
    package func isOpaque(_ directory: borrowing Descriptor) throws(FileError) -> Bool {
        isOpaque(try directory.extendedAttributes())
    }
}

extension OverlayForm: TreeSource.Marks {
    package func isWhiteout(_ status: FileStatus) -> Bool { status.isWhiteout }

    package func isOpaque(_ attributes: [ExtendedAttribute]) -> Bool {
        attributes.contains { $0.name == opaque.name && $0.value.first == UInt8(ascii: "y") }
    }

    package func isReserved(_ attributeName: String) -> Bool { Self.isReserved(attributeName) }
}

extension FileStatus {
    /// Whether the entry says that lower layers' entry of its name is gone: a character device 0/0.
    package var isWhiteout: Bool { kind == .characterDevice && deviceMajor == 0 && deviceMinor == 0 }
}
