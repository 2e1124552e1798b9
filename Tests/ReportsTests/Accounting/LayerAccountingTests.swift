import Reports
import StorageModel
import TestSupport
import Testing

/// Goal: what is said to be freed is what removing rows one by one frees, whoever shares what with whom.
/// Method: the cases of the truth table by hand, and random stores against a model that really removes.
@Suite("What removing images frees") struct LayerAccountingTests {
    /// Layers as (parent, size), and the uppermost layer of each image.
    private func accounting(_ layers: [(Int?, UInt64)], _ tops: [Int?]) -> LayerAccounting {
        LayerAccounting(
            layers: layers.enumerated().map { id, layer in
                .init(id: LayerModel.digest(id), parent: layer.0.map(LayerModel.digest), sizeBytes: layer.1)
            }, tops: tops.map { $0.map(LayerModel.digest) })
    }

    @Test("layers shared only among unused images are freed with them")
    func sharedAmongUnused() {
        let store = accounting([(nil, 100), (0, 10), (0, 1)], [1, 2])
        #expect(store.sizeBytes(of: store.freed { _ in true }) == 111)
        #expect(store.shares().map(\.uniqueBytes) == [10, 1], "alone, each leaves what the other needs")
        #expect(store.shares().map(\.sizeBytes) == [110, 101])
    }

    @Test("layers shared with a used image are not freed")
    func sharedWithUsed() {
        let store = accounting([(nil, 100), (0, 10), (0, 1)], [1, 2])
        #expect(store.sizeBytes(of: store.freed { $0 == 1 }) == 1)
    }

    @Test("layers shared among used images are not reclaimable")
    func sharedAmongUsed() {
        let store = accounting([(nil, 100), (0, 10), (0, 1), (nil, 7)], [1, 2, 3])
        #expect(store.sizeBytes(of: store.freed { $0 == 2 }) == 7)
    }

    @Test("an image that lies on another's uppermost layer keeps that layer")
    func onTop() {
        let store = accounting([(nil, 100), (0, 10)], [0, 1])
        #expect(store.shares().map(\.uniqueBytes) == [0, 10])
        #expect(store.sizeBytes(of: store.freed { $0 == 0 }) == 0)
        #expect(store.sizeBytes(of: store.freed { $0 == 1 }) == 10)
        #expect(store.sizeBytes(of: store.freed { _ in true }) == 110)
    }

    @Test("two images of the same layers free nothing one by one, and all together")
    func twins() {
        let store = accounting([(nil, 100)], [0, 0])
        #expect(store.shares().map(\.uniqueBytes) == [0, 0])
        #expect(store.sizeBytes(of: store.freed { _ in true }) == 100)
    }

    @Test("a layer of nobody is a leftover, and keeps what it lies on")
    func leftover() {
        let store = accounting([(nil, 100), (0, 10), (nil, 5)], [0])
        #expect(store.leftovers() == [false, true, true])
        #expect(store.sizeBytes(of: store.freed { _ in true }) == 0)
    }

    @Test("garbage frees nothing and stops nothing: circles, unknown parents and tops, the largest sizes")
    func garbage() {
        let circle = accounting([(1, 5), (0, 5), (2, 5), (9, 5), (1, 5)], [0, 3, 77, 4, nil])
        #expect(
            circle.sizeBytes(of: circle.freed { _ in true }) == 10,
            "what lies above a circle, and what lies on nothing known")
        #expect(circle.shares().map(\.layers) == [2, 1, 0, 3, 0])
        let huge = accounting([(nil, .max), (0, .max)], [1])
        #expect(huge.sizeBytes(of: huge.freed { _ in true }) == .max)
        #expect(huge.shares().map(\.sizeBytes) == [.max])
    }

    @Test("random stores: any set of images frees what removing its members in any order frees", arguments: 0..<40)
    func model(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        for _ in 0..<25 {
            let model = LayerModel.random(&random)
            let accounting = model.accounting
            let images = model.images.keys.sorted()
            let chosen = Set(images.filter { _ in random.chance(50) })
            var removing = model
            let freed = chosen.shuffled(using: &random).reduce(0) { $0 + removing.remove(image: $1) }
            #expect(accounting.sizeBytes(of: accounting.freed { chosen.contains(images[$0]) }) == freed)
            for (image, share) in zip(images, accounting.shares()) {
                var alone = model
                #expect(share.uniqueBytes == alone.remove(image: image))
            }
            let kept = Set(removing.layers.keys)
            let flags = accounting.freed { chosen.contains(images[$0]) }
            #expect(Set(model.layers.keys.sorted().enumerated().filter { !flags[$0.offset] }.map(\.element)) == kept)
        }
    }
}
