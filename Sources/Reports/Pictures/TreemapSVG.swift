package import StorageModel

/// A treemap as one SVG file that needs nothing else: nested directories, names where they fit, the rest as tooltips.
package enum TreemapSVG {
    /// What tiles are coloured by.
    package enum Coloring: String, CaseIterable, Sendable {
        case kind, age
    }

    /// - Parameter reports: with trees; those without are one tile.
    package static func render(
        _ reports: [UsageReport], coloring: Coloring = .kind, width: Int = 1200, height: Int = 800
    ) -> String {
        let tree = PictureTree(reports)
        let (top, bottom) = (44.0, 40.0)
        let map = PictureRect(
            x: 12, y: top, width: Double(width) - 24, height: Double(height) - top - bottom)
        let root = tree.nodes[0]
        let bound = root.isLowerBound ? "≥ " : ""
        let title = reports.count == 1 ? root.name : "\(reports.count) sources"
        let summary = "\(bound)\(ByteCount(root.allocatedBytes)) in \(root.files) files, \(tree.scannedAt)"
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" width="\(width)" height="\(height)" \
            font-family="system-ui, sans-serif" font-size="12" role="img" aria-labelledby="t d">
            <title id="t">\(MarkupText.escaped("Disk usage of \(title)"))</title>
            <desc id="d">\(MarkupText.escaped(summary))</desc>
            <style>\(style)</style>
            <rect class="ground" width="\(width)" height="\(height)" fill="\(PicturePalette.ground.light)"/>
            <text class="ink" x="14" y="27" font-size="18" font-weight="600" fill="\(PicturePalette.text.light)">\
            \(MarkupText.escaped(fitted(title, width: Double(width) * 0.55, perCharacter: 10)))</text>
            <text class="muted" x="\(width - 14)" y="27" text-anchor="end" fill="\(PicturePalette.muted.light)">\
            \(MarkupText.escaped(summary))</text>
            \(tiles(tree, in: map, coloring, isStandalone: true))\(legend(tree, coloring, width: width, y: height - 16))</svg>

            """
    }

    /// The tiles alone, for a page that has the colours of the classes.
    package static func tiles(
        _ tree: PictureTree, in rect: PictureRect, _ coloring: Coloring, isStandalone: Bool
    ) -> String {
        let layout = TreemapLayout(tree, in: rect)
        let whole = Double(max(1, tree.nodes[0].allocatedBytes))
        let now = tree.scannedAt.seconds
        var result = ""
        for tile in layout.tiles {
            let node = tree.nodes[tile.node]
            let style = look(tile, node, coloring, now: now)
            let fill = isStandalone ? " fill=\"\(style.color.light)\"" : ""
            let place = tile.rect
            result += "<g><title>\(MarkupText.escaped(tooltip(node, of: whole)))</title>"
            result += "<rect class=\"\(style.name)\"\(fill) x=\"\(place.x.short)\" y=\"\(place.y.short)\" "
            result += "width=\"\(place.width.short)\" height=\"\(place.height.short)\" rx=\"2.5\"/>"
            result += label(tile, node, isStandalone: isStandalone) + "</g>\n"
        }
        return result
    }

    private static func look(
        _ tile: TreemapLayout.Tile, _ node: PictureTree.Node, _ coloring: Coloring, now: Int64
    ) -> (name: String, color: PicturePalette.Color) {
        if tile.isOpen { return ("f\(tile.depth % 2)", PicturePalette.frame(tile.depth)) }
        switch coloring {
        case .kind where node.kind == .rest: return ("kr", PicturePalette.rest)
        case .kind: return (PicturePalette.kindClass(node), PicturePalette.color(node.category))
        case .age:
            guard let newest = node.newestSeconds else { return ("kr", PicturePalette.rest) }
            return (PicturePalette.ageClass(node, now: now), PicturePalette.color(AgeClass(ageSeconds: now &- newest)))
        }
    }

    /// What there is to say of a node in one line.
    package static func tooltip(_ node: PictureTree.Node, of whole: Double) -> String {
        let part = (Double(node.allocatedBytes) / max(1, whole) * 100).oneDecimal
        let bound = node.isLowerBound ? "≥ " : ""
        var text = "\(node.name): \(bound)\(ByteCount(node.allocatedBytes)) (\(part) %)"
        if node.kind != .file { text += ", \(node.files) files" }
        if let newest = node.newestSeconds {
            text += ", last changed \(Timestamp(seconds: newest).description.prefix(10))"
        }
        return text
    }

    private static func label(_ tile: TreemapLayout.Tile, _ node: PictureTree.Node, isStandalone: Bool) -> String {
        let place = tile.rect
        guard place.width >= 34, place.height >= 15 else { return "" }
        let size = ByteCount(node.allocatedBytes).description
        let ink = isStandalone ? " class=\"ink\" fill=\"\(PicturePalette.text.light)\"" : ""
        let name = fitted(node.name, width: place.width - 10)
        guard !name.isEmpty else { return "" }
        let x = (place.x + 5).short
        if tile.isOpen {
            let rest = place.width - 14 - Double(name.unicodeScalars.count) * characterWidth
            let weight = tile.depth < 2 ? " font-weight=\"600\"" : ""
            var text =
                "<text\(ink)\(weight) x=\"\(x)\" y=\"\((place.y + 14).short)\">\(MarkupText.escaped(name))</text>"
            if rest > Double(size.count) * characterWidth {
                text += "<text\(ink) x=\"\((place.x + place.width - 5).short)\" y=\"\((place.y + 14).short)\" "
                text += "text-anchor=\"end\" opacity=\"0.85\">\(size)</text>"
            }
            return text
        }
        var text = "<text\(ink) x=\"\(x)\" y=\"\((place.y + 14).short)\">\(MarkupText.escaped(name))</text>"
        if place.height >= 30, place.width >= Double(size.count) * characterWidth + 8 {
            text += "<text\(ink) x=\"\(x)\" y=\"\((place.y + 28).short)\" opacity=\"0.85\">\(size)</text>"
        }
        return text
    }

    static let characterWidth = 7.0

    /// As much of a text as fits, by the width of an average character; wide ones count twice.
    static func fitted(_ text: String, width: Double, perCharacter: Double = characterWidth) -> String {
        var left = width
        var result = ""
        for character in text {
            let wide = character.unicodeScalars.contains { $0.value >= 0x1100 }
            left -= wide ? perCharacter * 1.8 : perCharacter
            if left < 0 { return result.count < 3 ? "" : String(result.dropLast()) + "…" }
            result.append(character)
        }
        return result
    }

    private static func legend(_ tree: PictureTree, _ coloring: Coloring, width: Int, y: Int) -> String {
        let root = tree.nodes[0]
        let entries: [(String, PicturePalette.Color, String)] =
            coloring == .kind
            ? FileCategory.allCases.filter { root.byCategory[$0.rawValue].bytes > 0 }.map {
                ($0.words, PicturePalette.color($0), "k\($0.rawValue)")
            }
            : AgeClass.allCases.map { ($0.words, PicturePalette.color($0), "a\($0.rawValue)") }
        var x = 14.0
        var result = ""
        for (words, color, name) in entries {
            let length = Double(words.count) * characterWidth + 34
            if x + length > Double(width) - 8 { break }
            result += "<rect class=\"\(name)\" fill=\"\(color.light)\" x=\"\(x.short)\" y=\"\(y - 10)\" width=\"12\" "
            result += "height=\"12\" rx=\"2\"/><text class=\"muted\" fill=\"\(PicturePalette.muted.light)\" "
            result += "x=\"\((x + 17).short)\" y=\"\(y)\">\(MarkupText.escaped(words))</text>\n"
            x += length
        }
        return result
    }

    /// Dark surroundings. Programs that do not know style sheets take the attributes, which are for light ones.
    private static let style: String = {
        let classes =
            FileCategory.allCases.map { ("k\($0.rawValue)", PicturePalette.color($0)) }
            + AgeClass.allCases.map { ("a\($0.rawValue)", PicturePalette.color($0)) }
            + [
                ("f0", PicturePalette.frame(0)), ("f1", PicturePalette.frame(1)), ("kr", PicturePalette.rest),
                ("ground", PicturePalette.ground), ("ink", PicturePalette.text), ("muted", PicturePalette.muted),
            ]
        return "text{pointer-events:none}@media (prefers-color-scheme:dark){"
            + classes.map { ".\($0.0){fill:\($0.1.dark)}" }.joined() + "}"
    }()
}

extension Double {
    /// With at most one decimal, for coordinates.
    package var short: String {
        let rounded = (self * 10).rounded() / 10
        return rounded == rounded.rounded() ? String(Int64(rounded)) : String(rounded)
    }
}
