/// A rectangle in the units of the picture.
package struct PictureRect: Hashable, Sendable {
    package var x, y, width, height: Double

    package init(x: Double, y: Double, width: Double, height: Double) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }
}

/// Where the nodes of a treemap are: squarified (Bruls, Huizing, van Wijk 2000), directories nested with their names above.
package struct TreemapLayout: Sendable {
    package struct Tile: Sendable {
        package let node: Int
        package let rect: PictureRect
        package let depth: Int
        /// Whether its children are drawn inside of it.
        package let isOpen: Bool
    }

    /// A directory before what is in it.
    package private(set) var tiles: [Tile] = []

    package static let (headingHeight, padding, gap) = (19.0, 3.0, 1.5)
    /// Smaller directories are not opened, smaller tiles not drawn.
    private static let (leastOpenWidth, leastOpenHeight, leastSide) = (46.0, 44.0, 2.5)

    /// - Parameter limit: how many tiles there may be.
    package init(_ tree: PictureTree, in rect: PictureRect, limit: Int = 1500) {
        var queue = [(node: 0, rect: rect, depth: 0)]
        var next = 0
        while next < queue.count, tiles.count < limit {
            let (node, rect, depth) = queue[next]
            next += 1
            let isOpen =
                !tree.nodes[node].children.isEmpty && rect.width >= Self.leastOpenWidth
                && rect.height >= Self.leastOpenHeight
            tiles.append(Tile(node: node, rect: rect, depth: depth, isOpen: isOpen))
            if isOpen { queue += Self.inside(node, tree, rect).map { ($0, $1, depth + 1) } }
        }
        // What was cut off stays a closed tile of its directory's colour: nothing lies where nothing is drawn.
    }

    private static func inside(_ node: Int, _ tree: PictureTree, _ rect: PictureRect) -> [(Int, PictureRect)] {
        let inner = PictureRect(
            x: rect.x + padding, y: rect.y + headingHeight, width: rect.width - 2 * padding,
            height: rect.height - headingHeight - padding)
        let children = Array(tree.nodes[node].children)
        let sizes = children.map { Double(tree.nodes[$0].allocatedBytes) }
        let order = children.indices.sorted { (sizes[$1], $0) < (sizes[$0], $1) }
        return zip(order, squarified(order.map { sizes[$0] }, in: inner)).compactMap { position, place in
            let gap = Self.gap
            let tile = PictureRect(
                x: place.x + gap / 2, y: place.y + gap / 2, width: place.width - gap, height: place.height - gap)
            return tile.width < leastSide || tile.height < leastSide ? nil : (children[position], tile)
        }
    }

    /// Places for sizes that fall, filling `rect`; those of size 0 get none (an empty one).
    package static func squarified(_ sizes: [Double], in rect: PictureRect) -> [PictureRect] {
        var places: [PictureRect] = []
        var free = rect
        var left = sizes.reduce(0, +)
        var start = 0
        while start < sizes.count, left > 0, free.width > 0, free.height > 0 {
            let scale = free.width * free.height / left
            let side = min(free.width, free.height)
            var (end, sum) = (start, 0.0)
            var worst = Double.infinity
            while end < sizes.count {
                let next = sum + sizes[end] * scale
                let ratio = aspect(largest: sizes[start] * scale, smallest: sizes[end] * scale, sum: next, side: side)
                if ratio > worst { break }
                (worst, sum) = (ratio, next)
                end += 1
            }
            let thickness = sum / side
            var offset = 0.0
            for size in sizes[start..<end] {
                let length = thickness > 0 ? size * scale / thickness : 0
                places.append(
                    free.width >= free.height
                        ? PictureRect(x: free.x, y: free.y + offset, width: thickness, height: length)
                        : PictureRect(x: free.x + offset, y: free.y, width: length, height: thickness))
                offset += length
            }
            if free.width >= free.height {
                free.x += thickness
                free.width -= thickness
            } else {
                free.y += thickness
                free.height -= thickness
            }
            left -= sizes[start..<end].reduce(0, +)
            start = end
        }
        while places.count < sizes.count { places.append(PictureRect(x: free.x, y: free.y, width: 0, height: 0)) }
        return places
    }

    /// The worst ratio of the sides in a row: 1 for a square.
    private static func aspect(largest: Double, smallest: Double, sum: Double, side: Double) -> Double {
        if smallest <= 0 || sum <= 0 { return .infinity }
        return max(side * side * largest / (sum * sum), sum * sum / (side * side * smallest))
    }
}
