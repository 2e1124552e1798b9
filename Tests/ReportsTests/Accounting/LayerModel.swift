import Reports
import StorageModel
import TestSupport

/// A store of layers and images that removes things one by one, as the catalog does: an oracle for the arithmetic.
struct LayerModel {
    struct Layer {
        let id: Int
        let parent: Int?
        let size: UInt64
    }

    var layers: [Int: Layer] = [:]
    /// The uppermost layer of each image; `nil` for an image without layers.
    var images: [Int: Int?] = [:]

    /// Layers that lie on random others, images on random layers: some layers are nobody's.
    static func random(_ random: inout SeededGenerator) -> LayerModel {
        var model = LayerModel()
        for id in 0..<Int.random(in: 0...24, using: &random) {
            let parent =
                id == 0 || Int.random(in: 0..<4, using: &random) == 0 ? nil : Int.random(in: 0..<id, using: &random)
            model.layers[id] = Layer(id: id, parent: parent, size: UInt64.random(in: 0...9, using: &random) * 4096)
        }
        for image in 0..<Int.random(in: 0...8, using: &random) {
            let top = Int.random(in: -1..<max(1, model.layers.count), using: &random)
            model.images[image] = top >= 0 && model.layers[top] != nil ? top : .some(nil)
        }
        return model
    }

    /// Removes an image, then from its uppermost layer downwards what nothing needs.
    ///
    /// - Returns: what that frees.
    mutating func remove(image: Int) -> UInt64 {
        var freed: UInt64 = 0
        var next = images.removeValue(forKey: image) ?? nil
        while let id = next, let layer = layers[id] {
            guard !images.values.contains(id), !layers.values.contains(where: { $0.parent == id }) else { break }
            layers[id] = nil
            freed += layer.size
            next = layer.parent
        }
        return freed
    }

    static func digest(_ id: Int) -> Digest {
        guard let digest = Digest((0..<32).map { UInt8(truncatingIfNeeded: $0 < 8 ? id >> (8 * $0) : 7) }) else {
            preconditionFailure("32 bytes are a digest")
        }
        return digest
    }

    var accounting: LayerAccounting {
        let ordered = layers.values.sorted { $0.id < $1.id }
        return LayerAccounting(
            layers: ordered.map {
                .init(id: Self.digest($0.id), parent: $0.parent.map(Self.digest), sizeBytes: $0.size)
            },
            tops: images.keys.sorted().map { (images[$0] ?? nil).map(Self.digest) })
    }
}
