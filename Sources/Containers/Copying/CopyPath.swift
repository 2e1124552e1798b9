/// A path as `docker cp` reads it: from the root, `.` and `..` resolved in the text, but with how it ended remembered, as
/// that decides what is copied and whether the target must be a directory.
struct CopyPath: Hashable, Sendable {
    enum Ending: Hashable, Sendable {
        /// `a/b`
        case name
        /// `a/b/`: must be a directory.
        case slash
        /// `a/b/.`: must be a directory, and what is in it is meant.
        case dot
    }

    let components: [[UInt8]]
    let ending: Ending

    /// - Parameter base: what a relative path is relative to; absolute.
    init(_ text: [UInt8], relativeTo base: [UInt8] = [UInt8(ascii: "/")]) {
        let slash = UInt8(ascii: "/")
        var components: [[UInt8]] = []
        for component in (text.first == slash ? text : base + [slash] + text).split(separator: slash) {
            if component.elementsEqual(".".utf8) { continue }
            if component.elementsEqual("..".utf8) {
                _ = components.popLast()
            } else {
                components.append(Array(component))
            }
        }
        self.components = components
        if text.elementsEqual(".".utf8) || text.suffix(2).elementsEqual("/.".utf8) {
            ending = .dot
        } else {
            ending = text.last == slash ? .slash : .name
        }
    }

    var isRoot: Bool { components.isEmpty }

    /// Whether only a directory will do.
    var assertsDirectory: Bool { isRoot || ending != .name }

    /// Whether the directory's content is meant and not the directory.
    var meansContent: Bool { isRoot || ending == .dot }

    /// The last component; empty for the root.
    var name: [UInt8] { components.last ?? [] }

    /// Absolute, without how it ended.
    var bytes: [UInt8] {
        components.isEmpty ? [UInt8(ascii: "/")] : components.flatMap { [UInt8(ascii: "/")] + $0 }
    }
}
