/// An absolute path inside a container, cleaned: no empty, `.` or `..` component, no slash at the end.
///
/// Cleaning is lexical, as Docker does it: `/a/../b/` is `/b`, whatever `/a` is. Links in it are followed when it is used,
/// inside the container's root. Paths are ordered by their depth, then by their bytes: a mount comes before those inside it.
public struct ContainerPath: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Begins with `/`.
    public let rawValue: String

    public static let root = ContainerPath(trusted: "/")

    private init(trusted: String) { rawValue = trusted }

    /// - Throws: ``StorageError/Code/invalidInput`` for a path that is empty or relative or contains a NUL byte.
    public init(_ text: String) throws(StorageError) {
        guard text.utf8.first == UInt8(ascii: "/"), !text.utf8.contains(0) else {
            let shown = text.printable(limit: 200)
            throw StorageError(
                .invalidInput, object: text,
                text.isEmpty
                    ? "a path in the container is empty" : "'\(shown)' is not an absolute path in the container",
                hint: "write it from the container's root, as in /var/lib/data")
        }
        var components: [Substring.UTF8View] = []
        for component in text.utf8.split(separator: UInt8(ascii: "/")) {
            if component.elementsEqual(".".utf8) { continue }
            if component.elementsEqual("..".utf8) { _ = components.popLast() } else { components.append(component) }
        }
        rawValue = "/" + components.map { String(Substring($0)) }.joined(separator: "/")
    }

    public var isRoot: Bool { rawValue == "/" }

    /// The number of components; 0 for the root.
    public var depth: Int { isRoot ? 0 : rawValue.utf8.count { $0 == UInt8(ascii: "/") } }

    /// The path relative to the container's root.
    public var entryPath: EntryPath { EntryPath(trusted: Array(rawValue.utf8.dropFirst())) }

    /// Whether it is `other` or lies below it.
    public func isWithin(_ other: ContainerPath) -> Bool { entryPath.isWithin(other.entryPath) }

    public var description: String { rawValue }

    public static func < (left: ContainerPath, right: ContainerPath) -> Bool {
        left.depth == right.depth
            ? left.rawValue.utf8.lexicographicallyPrecedes(right.rawValue.utf8) : left.depth < right.depth
    }
}

extension ContainerPath: Codable {
    public init(from decoder: any Decoder) throws {
        self = try ContainerPath(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}
