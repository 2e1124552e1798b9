internal import CLinux
internal import Glibc
package import StorageModel

extension Descriptor {
    /// All extended attributes of the open file or directory, sorted by the bytes of their names; none where the file
    /// system has none. An access control list comes as `system.posix_acl_…` only. Costs one call, and no allocation,
    /// if there are none (`flistxattr(2)`, `fgetxattr(2)`).
    package borrowing func extendedAttributes() throws(FileError) -> [ExtendedAttribute] {
        try readAttributes(
            list: { flistxattr(rawValue, $0, $1) }, get: { fgetxattr(rawValue, $0, $1, $2) }, name: [])
    }

    /// As ``extendedAttributes()`` for the entry `name`, a symbolic link itself, a device or a fifo, without opening it.
    package borrowing func extendedAttributes(
        of name: some Collection<UInt8>
    ) throws(FileError) -> [ExtendedAttribute] {
        try readAttributes(
            list: { list, size in withName(name) { holdfast_listxattrat(rawValue, $0, list, size) } },
            get: { attribute, value, size in
                withName(name) { holdfast_getxattrat(rawValue, $0, attribute, value, size) }
            },
            name: name)
    }

    /// Sets or replaces one attribute of the open file or directory (`fsetxattr(2)`).
    package borrowing func setExtendedAttribute(_ attribute: ExtendedAttribute) throws(FileError) {
        let result = withCText(attribute.name.utf8) { name in
            attribute.value.withUnsafeBytes { value in
                changing("fsetxattr") { Int(fsetxattr(rawValue, name, value.baseAddress, value.count, 0)) }
            }
        }
        try check(result, "fsetxattr", attribute.name.utf8)
    }

    /// Sets or replaces one attribute of the entry `name` itself (`setxattrat(2)` or `lsetxattr(2)`).
    package borrowing func setExtendedAttribute(
        _ attribute: ExtendedAttribute, of name: some Collection<UInt8>
    ) throws(FileError) {
        let result = withName(name) { entry in
            withCText(attribute.name.utf8) { key in
                attribute.value.withUnsafeBytes { value in
                    changing("setxattrat") {
                        Int(holdfast_setxattrat(rawValue, entry, key, value.baseAddress, value.count))
                    }
                }
            }
        }
        try check(result, "setxattrat", name)
    }

    /// Removes one attribute of the open file or directory; `ENODATA` if it is not there (`fremovexattr(2)`).
    package borrowing func removeExtendedAttribute(_ attributeName: String) throws(FileError) {
        let result = withCText(attributeName.utf8) { key in
            changing("fremovexattr") { Int(fremovexattr(rawValue, key)) }
        }
        try check(result, "fremovexattr", attributeName.utf8)
    }

    /// Removes one attribute of the entry `name` itself (`removexattrat(2)` or `lremovexattr(2)`).
    package borrowing func removeExtendedAttribute(
        _ attributeName: String, of name: some Collection<UInt8>
    ) throws(FileError) {
        let result = withName(name) { entry in
            withCText(attributeName.utf8) { key in
                changing("removexattrat") { Int(holdfast_removexattrat(rawValue, entry, key)) }
            }
        }
        try check(result, "removexattrat", name)
    }
}

/// The names under which XFS shows root the access control list a second time, in a form of its own.
private let aliases: [[UInt8]] = ["trusted.SGI_ACL_FILE", "trusted.SGI_ACL_DEFAULT"].map { Array($0.utf8) }

/// Most lists and values fit in so much; it lies on the stack.
private let firstRoomBytes = 1024

private func readAttributes(
    list: (UnsafeMutablePointer<CChar>?, Int) -> Int,
    get: (UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int) -> Int,
    name: some Collection<UInt8>
) throws(FileError) -> [ExtendedAttribute] {
    var names: [UInt8] = []
    let listed = read(into: &names) { room, size in list(room?.assumingMemoryBound(to: CChar.self), size) }
    // Attributes of a symbolic link or of files of /proc: not supported, so there are none.
    if listed == -Int(EOPNOTSUPP) { return [] }
    try check(listed, "listxattr", name)
    if names.isEmpty { return [] }
    var result: [ExtendedAttribute] = []
    for attribute in names.split(separator: 0) where !aliases.contains(where: attribute.elementsEqual) {
        var value: [UInt8] = []
        let got = withCText(attribute) { text in read(into: &value) { get(text, $0, $1) } }
        if got == -Int(ENODATA) { continue }
        try check(got, "getxattr", name)
        // Every name that Linux's own file systems and tools make is text; another cannot be carried faithfully.
        guard let text = String(validating: attribute, as: UTF8.self) else {
            throw failure(-Int(EILSEQ), "listxattr", String(decoding: attribute, as: UTF8.self))
        }
        result.append(ExtendedAttribute(name: text, value: value))
    }
    if result.count > 1 { result.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } }
    return result
}

/// Calls `body` with ever larger buffers until what it reads fits; stays without allocation if it reads nothing.
private func read(into bytes: inout [UInt8], _ body: (UnsafeMutableRawPointer?, Int) -> Int) -> Int {
    let result = withUnsafeTemporaryAllocation(byteCount: firstRoomBytes, alignment: 1) { room in
        let result = attempt { body(room.baseAddress, room.count) }
        if result > 0 { bytes = Array(room.prefix(result)) }
        return result
    }
    guard result == -Int(ERANGE) else { return result }
    while true {
        let needed = attempt { body(nil, 0) }
        guard needed > 0 else { return needed }
        var filled = 0
        bytes = [UInt8](unsafeUninitializedCapacity: needed) { room, count in
            filled = attempt { body(room.baseAddress, needed) }
            count = max(0, filled)
        }
        // It grew between the two calls.
        if filled != -Int(ERANGE) { return filled }
    }
}
