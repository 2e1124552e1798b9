internal import Glibc

extension Descriptor {
    /// The target of the symbolic link `name`, as it was written (`readlinkat(2)`).
    package borrowing func readLink(_ name: some Collection<UInt8>) throws(FileError) -> [UInt8] {
        var capacity = 256
        while true {
            var result = 0
            let target = [UInt8](unsafeUninitializedCapacity: capacity) { room, filled in
                result = withName(name) { text in
                    room.withMemoryRebound(to: CChar.self) { characters in
                        characters.baseAddress.map { start in attempt { readlinkat(rawValue, text, start, capacity) } }
                            ?? 0
                    }
                }
                filled = max(0, result)
            }
            try check(result, "readlinkat", name)
            // A full buffer may be a cut target.
            if target.count < capacity { return target }
            capacity *= 4
        }
    }
}
