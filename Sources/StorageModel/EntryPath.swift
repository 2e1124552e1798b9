/// A path inside a tree: components joined by `/`, relative to the tree's root, bytes as the kernel has them.
///
/// Names on Linux are bytes, not text; nothing here assumes UTF-8. The root is the empty path. A value never begins or
/// ends with `/` and never has an empty, `.` or `..` component, so it is safe to walk beneath a descriptor.
public struct EntryPath: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let bytes: [UInt8]

    /// The root of a tree.
    public static let root = EntryPath(trusted: [])

    /// Wraps bytes that are known to be well formed (built by a walk from kernel names).
    @inlinable public init(trusted bytes: [UInt8]) { self.bytes = bytes }

    /// Parses what a user or an archive wrote: a leading `./`, repeated and trailing `/` and `.` components fall away.
    ///
    /// - Returns: `nil` for an absolute path, a `..` component or a NUL byte.
    @inlinable public init?(parsing text: some Collection<UInt8>) {
        if text.first == UInt8(ascii: "/") || text.contains(0) { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        for component in text.split(separator: UInt8(ascii: "/")) {
            if component.elementsEqual(".".utf8) { continue }
            if component.elementsEqual("..".utf8) { return nil }
            if !result.isEmpty { result.append(UInt8(ascii: "/")) }
            result.append(contentsOf: component)
        }
        bytes = result
    }

    /// Takes bytes that must be well formed already, as ``init(parsing:)`` makes them.
    ///
    /// - Returns: `nil` if they are not.
    public init?(canonical bytes: [UInt8]) {
        var componentBytes = 0
        var dots = 0
        for byte in bytes {
            if byte == 0 { return nil }
            if byte == UInt8(ascii: "/") {
                if componentBytes == 0 || dots == componentBytes && dots <= 2 { return nil }
                (componentBytes, dots) = (0, 0)
            } else {
                componentBytes += 1
                if byte == UInt8(ascii: ".") { dots += 1 }
            }
        }
        if !bytes.isEmpty && (componentBytes == 0 || dots == componentBytes && dots <= 2) { return nil }
        self.bytes = bytes
    }

    public var isRoot: Bool { bytes.isEmpty }

    /// The components in order; none for the root.
    public var components: [ArraySlice<UInt8>] { bytes.split(separator: UInt8(ascii: "/")) }

    /// The number of components; 0 for the root.
    public var depth: Int { isRoot ? 0 : 1 + bytes.count { $0 == UInt8(ascii: "/") } }

    /// The last component; empty for the root.
    public var name: ArraySlice<UInt8> {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return bytes[...] }
        return bytes[(slash + 1)...]
    }

    /// The directory that holds the entry; the root is its own parent.
    public var parent: EntryPath {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return .root }
        return EntryPath(trusted: Array(bytes[..<slash]))
    }

    /// The path of the child called `name`.
    @inlinable public func appending(_ name: some Collection<UInt8>) -> EntryPath {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + 1 + name.count)
        result.append(contentsOf: bytes)
        if !bytes.isEmpty { result.append(UInt8(ascii: "/")) }
        result.append(contentsOf: name)
        return EntryPath(trusted: result)
    }

    /// Whether the entry is `other` or lies below it.
    public func isWithin(_ other: EntryPath) -> Bool {
        if other.isRoot { return true }
        guard bytes.starts(with: other.bytes) else { return false }
        return bytes.count == other.bytes.count || bytes[other.bytes.count] == UInt8(ascii: "/")
    }

    /// The order of an archive: depth first, names byte-sorted within a directory, a directory before its content.
    ///
    /// The same as comparing component by component, because `/` counts as less than every byte of a name.
    public static func < (left: EntryPath, right: EntryPath) -> Bool {
        let common = min(left.bytes.count, right.bytes.count)
        for index in 0..<common where left.bytes[index] != right.bytes[index] {
            if left.bytes[index] == UInt8(ascii: "/") { return true }
            if right.bytes[index] == UInt8(ascii: "/") { return false }
            return left.bytes[index] < right.bytes[index]
        }
        return left.bytes.count < right.bytes.count
    }

    /// The path as text, `.` for the root, invalid UTF-8 replaced. For JSON and, through ``Swift/String/printable(limit:)``, terminals.
    public var description: String { isRoot ? "." : String(decoding: bytes, as: UTF8.self) }
}
