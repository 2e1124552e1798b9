/// Absolute paths as bytes.
package enum AbsolutePath {
    /// What follows `base` in `path`, without a leading `/`; empty if they are the same; `nil` if `path` is elsewhere.
    package static func remainder(of path: [UInt8], beneath base: [UInt8]) -> [UInt8]? {
        let slash = UInt8(ascii: "/")
        if base == [slash] { return Array(path.dropFirst()) }
        guard path.starts(with: base) else { return nil }
        if path.count == base.count { return [] }
        return path[base.count] == slash ? Array(path[(base.count + 1)...]) : nil
    }

    /// `base` and `rest` joined.
    package static func joined(_ base: [UInt8], _ rest: [UInt8]) -> [UInt8] {
        if rest.isEmpty { return base }
        return base.last == UInt8(ascii: "/") ? base + rest : base + [UInt8(ascii: "/")] + rest
    }
}
