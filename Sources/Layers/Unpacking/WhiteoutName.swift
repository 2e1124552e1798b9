internal import StorageModel

/// What the name of a layer's entry means (OCI image specification, "Whiteouts").
enum WhiteoutName: Equatable {
    /// An entry as it stands.
    case ordinary
    /// The lower layers' entry of this name is gone.
    case whiteout(ArraySlice<UInt8>)
    /// Everything that lower layers have in this directory is gone.
    case opaque
    /// A mark of AUFS that means nothing here.
    case ignored
    /// A whiteout of nothing, `.` or `..`.
    case invalid

    private static let prefix = Array(".wh.".utf8)
    private static let metaPrefix = Array(".wh..wh.".utf8)
    private static let opaqueName = Array(".wh..wh..opq".utf8)

    init(_ name: ArraySlice<UInt8>) {
        guard name.starts(with: Self.prefix) else {
            self = .ordinary
            return
        }
        if name.elementsEqual(Self.opaqueName) {
            self = .opaque
        } else if name.starts(with: Self.metaPrefix) {
            self = .ignored
        } else {
            let target = name.dropFirst(Self.prefix.count)
            let isNoName = target.isEmpty || target.elementsEqual(".".utf8) || target.elementsEqual("..".utf8)
            self = isNoName ? .invalid : .whiteout(target)
        }
    }

    /// The name of the whiteout of `name`.
    static func name(hiding name: some Collection<UInt8>) -> [UInt8] { prefix + name }

    /// The name of the mark of an opaque directory.
    static var opaqueMark: [UInt8] { opaqueName }
}
