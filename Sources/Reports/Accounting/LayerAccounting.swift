package import StorageModel

/// Which layers the removal of images would free, by set arithmetic over who needs which layer.
///
/// A layer is freed once every image that needs it is gone and nothing lies on it any more: exactly what removing rows in
/// the catalog does, from an image's uppermost layer downwards. Each layer counts who needs it in one number: the images
/// at or above it, and the layers of nobody above it, which stay when images go. So the layers that a set of images frees
/// are those whose every need comes from the set. Cost: a pass over layers and images for each set; memory in proportion.
///
/// Layers and images are taken as the catalog has them, whatever it has: an unknown parent is none, and layers that lie on
/// one another in a circle are freed by nothing.
package struct LayerAccounting: Sendable {
    /// A layer with all that goes from the disk with it.
    package struct Member: Sendable {
        package let id: Digest
        package let parent: Digest?
        package let sizeBytes: UInt64

        package init(id: Digest, parent: Digest?, sizeBytes: UInt64) {
            self.id = id
            self.parent = parent
            self.sizeBytes = sizeBytes
        }
    }

    /// What one image has of the layers.
    package struct Share: Hashable, Sendable {
        package var layers = 0
        package var sizeBytes: UInt64 = 0
        /// Of layers that nothing else needs.
        package var uniqueBytes: UInt64 = 0
    }

    private let members: [Member]
    private let parents: [Int?]
    private let numbers: [Digest: Int]
    /// Children before their parents; layers in a circle are missing.
    private let upward: [Int]
    /// Whether a layer lies in no circle and has none above it.
    private let isOrdered: [Bool]
    private let tops: [Int?]
    /// How many images need each layer.
    package let imageCounts: [Int]
    /// How many images and layers of nobody need each layer.
    private let needs: [Int]

    /// - Parameter tops: the uppermost layer of each image.
    package init(layers: [Member], tops: [Digest?]) {
        members = layers
        let numbers = Dictionary(layers.enumerated().map { ($1.id, $0) }) { first, _ in first }
        self.numbers = numbers
        let parents = layers.enumerated().map { number, layer in
            layer.parent.flatMap { numbers[$0] }.flatMap { $0 == number ? nil : $0 }
        }
        self.parents = parents
        var children = [Int](repeating: 0, count: layers.count)
        for parent in parents { if let parent { children[parent] += 1 } }
        let hasChild = children.map { $0 > 0 }
        var order = children.indices.filter { children[$0] == 0 }
        var next = 0
        while next < order.count {
            if let parent = parents[order[next]] {
                children[parent] -= 1
                if children[parent] == 0 { order.append(parent) }
            }
            next += 1
        }
        upward = order
        var isOrdered = [Bool](repeating: false, count: layers.count)
        for number in order { isOrdered[number] = true }
        self.isOrdered = isOrdered
        self.tops = tops.map { $0.flatMap { numbers[$0] } }
        var own = [Int](repeating: 0, count: layers.count)
        for top in self.tops { if let top { own[top] += 1 } }
        imageCounts = Self.accumulated(own, upward, parents)
        for number in own.indices where own[number] == 0 && !hasChild[number] { own[number] = 1 }
        needs = Self.accumulated(own, upward, parents)
    }

    /// Each number with those of all layers above it.
    private static func accumulated(_ own: [Int], _ upward: [Int], _ parents: [Int?]) -> [Int] {
        var sums = own
        for number in upward { if let parent = parents[number] { sums[parent] += sums[number] } }
        return sums
    }

    /// What each image takes, in the order of the images.
    package func shares() -> [Share] { tops.map(share) }

    private func share(_ top: Int?) -> Share {
        var share = Share()
        var next = top
        var seen = Set<Int>()
        while let number = next, seen.insert(number).inserted {
            share.layers += 1
            share.sizeBytes = share.sizeBytes.clampedSum(members[number].sizeBytes)
            if needs[number] == 1 && isOrdered[number] {
                share.uniqueBytes = share.uniqueBytes.clampedSum(members[number].sizeBytes)
            }
            next = parents[number]
        }
        return share
    }

    /// The layers that are freed when these images are removed together, as flags in the order of the layers.
    package func freed(removing images: (Int) -> Bool) -> [Bool] {
        var own = [Int](repeating: 0, count: members.count)
        for (image, top) in tops.enumerated() where images(image) { if let top { own[top] += 1 } }
        let removed = Self.accumulated(own, upward, parents)
        return members.indices.map { isOrdered[$0] && removed[$0] > 0 && removed[$0] == needs[$0] }
    }

    /// The layers that no image needs, as flags in the order of the layers: leftovers.
    package func leftovers() -> [Bool] {
        return members.indices.map { isOrdered[$0] && imageCounts[$0] == 0 }
    }

    /// The layers that any of these images needs, as flags in the order of the layers.
    package func needed(by images: (Int) -> Bool) -> [Bool] {
        var result = [Bool](repeating: false, count: members.count)
        for (image, top) in tops.enumerated() where images(image) {
            var next = top
            while let number = next, !result[number] {
                result[number] = true
                next = parents[number]
            }
        }
        return result
    }

    /// The size of the flagged layers.
    package func sizeBytes(of flags: [Bool]) -> UInt64 {
        members.indices.lazy.filter { flags[$0] }.map { members[$0].sizeBytes }.clampedSum
    }
}
