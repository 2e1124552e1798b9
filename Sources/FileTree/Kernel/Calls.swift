internal import Glibc
internal import StorageModel

/// Makes a system call that changes nothing, again after a signal.
///
/// - Returns: the call's result, or the negative error number, read on the line after the call.
@inline(__always)
func attempt(_ call: () -> Int) -> Int {
    while true {
        let result = call()
        if result >= 0 { return result }
        let error = errno
        if error != EINTR { return -Int(error) }
    }
}

/// Makes a system call that changes something, again after a signal. Every such call of Holdfast goes through here or
/// through ``changing(_:byteCount:_:)``: this is the seam at which tests make calls fail.
@inline(__always)
func changing(_ operation: StaticString, _ call: () -> Int) -> Int {
    attempt {
        #if FAULT_SEAM
        if case .fail(let error) = FaultPlan.verdict(on: operation, isWrite: false) {
            errno = error
            return -1
        }
        #endif
        return call()
    }
}

/// Makes a system call that transfers `byteCount` bytes, fewer of them if the fault plan says so.
@inline(__always)
func changing(_ operation: StaticString, byteCount: Int, _ call: (Int) -> Int) -> Int {
    attempt {
        #if FAULT_SEAM
        switch FaultPlan.verdict(on: operation, isWrite: true) {
        case .fail(let error):
            errno = error
            return -1
        case .halve: return call(max(1, byteCount / 2))
        case .pass: break
        }
        #endif
        return call(byteCount)
    }
}

/// Turns a negative result into an error that names the entry.
@inline(__always)
@discardableResult
func check(_ result: Int, _ operation: StaticString, _ name: some Collection<UInt8>) throws(FileError) -> Int {
    if result >= 0 { return result }
    throw failure(result, operation, String(decoding: name, as: UTF8.self))
}

/// Turns a negative result of a call on a descriptor into an error.
@inline(__always)
@discardableResult
func check(_ result: Int, _ operation: StaticString) throws(FileError) -> Int {
    if result >= 0 { return result }
    throw failure(result, operation, "")
}

@inline(never)
func failure(_ result: Int, _ operation: StaticString, _ path: String) -> FileError {
    FileError(operation.description, path: path.printable(), errno: Errno(rawValue: CInt(-result)))
}

/// Calls `body` with one path component as a C string on the stack.
///
/// - Returns: what `body` returns, or `-EINVAL` for what is not the name of an entry: empty, `.`, `..`, with `/` or NUL.
@inline(__always)
func withName(_ name: some Collection<UInt8>, _ body: (UnsafePointer<CChar>) -> Int) -> Int {
    let direct = name.withContiguousStorageIfAvailable { withNameBytes(UnsafeRawBufferPointer($0), body) }
    if let direct { return direct }
    return Array(name).withUnsafeBytes { withNameBytes($0, body) }
}

@inline(__always)
private func withNameBytes(_ name: UnsafeRawBufferPointer, _ body: (UnsafePointer<CChar>) -> Int) -> Int {
    guard let start = name.baseAddress, isEntryName(name) else { return -Int(EINVAL) }
    return withUnsafeTemporaryAllocation(byteCount: name.count + 1, alignment: 1) { room in
        guard let target = room.baseAddress else { return -Int(ENOMEM) }
        memcpy(target, start, name.count)
        room[name.count] = 0
        return body(target.assumingMemoryBound(to: CChar.self))
    }
}

private func isEntryName(_ name: UnsafeRawBufferPointer) -> Bool {
    let dot = UInt8(ascii: ".")
    guard name.count > 0, !(name[0] == dot && (name.count == 1 || name.count == 2 && name[1] == dot)) else {
        return false
    }
    guard let start = name.baseAddress else { return false }
    return memchr(start, CInt(UInt8(ascii: "/")), name.count) == nil && memchr(start, 0, name.count) == nil
}

/// Calls `body` with bytes as a C string; unlike ``withName(_:_:)`` it takes any bytes but NUL.
@inline(__always)
func withCText(_ text: some Collection<UInt8>, _ body: (UnsafePointer<CChar>) -> Int) -> Int {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: text.count + 1) { room in
        let end = room.update(fromContentsOf: text)
        guard let start = room.baseAddress else { return -Int(ENOMEM) }
        if memchr(start, 0, end) != nil { return -Int(EINVAL) }
        room[end] = 0
        return start.withMemoryRebound(to: CChar.self, capacity: end + 1) { body($0) }
    }
}
