package import StorageModel

extension MountOrigin {
    /// Who asked, in words: for messages and for `mount plan`.
    package var words: String {
        switch self {
        case .image: "VOLUME of the image"
        case .volumesFrom(let container): "--volumes-from \(container.printable(limit: 80))"
        case .volumeFlag(let text): "-v \(text.printable(limit: 200))"
        case .mountFlag(let text): "--mount \(text.printable(limit: 200))"
        case .tmpfsFlag(let text): "--tmpfs \(text.printable(limit: 200))"
        case .compose(let service): "service '\(service.printable(limit: 80))'"
        }
    }
}
