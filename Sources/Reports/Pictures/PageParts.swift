internal import StorageModel

/// The parts of the page above its tables.
struct PageParts {
    let reports: [UsageReport]
    let history: [UsageSeries]
    let tree: PictureTree

    var root: PictureTree.Node { tree.nodes[0] }
    private var totals: UsageTotals { reports.map(\.totals).reduce(UsageTotals(), +) }
    private var bound: String { root.isLowerBound ? "≥ " : "" }

    var heading: String {
        reports.count == 1 ? "Where the space of \(isolated(root.name)) went" : "Where the space went"
    }

    func subtitle(_ madeAt: Timestamp) -> String {
        let sources = reports.count == 1 ? "" : "\(reports.count) sources, "
        return "\(sources)scanned \(moment(tree.scannedAt)), written \(moment(madeAt))"
    }

    var statistics: String {
        let apparent = ByteCount(totals.apparentBytes)
        let shared = reports.map(\.sharedBytes).reduce(0, &+)
        var entries = [
            ("On disk", "\(bound)\(ByteCount(totals.allocatedBytes))", "\(totals.allocatedBytes) bytes allocated"),
            ("Apparent size", "\(bound)\(apparent)", "sum of the lengths of files"),
            ("Files", "\(bound)\(grouped(totals.files))", ""),
            ("Directories", "\(bound)\(grouped(totals.directories))", ""),
        ]
        if shared > 0 { entries.append(("Shared", ByteCount(shared).description, "linked between these sources")) }
        let items = entries.map { name, value, remark in
            "<div><dt>\(name)</dt><dd>\(value)\(remark.isEmpty ? "" : "<small>\(remark)</small>")</dd></div>"
        }
        return "<dl class=\"stats\">\(items.joined())</dl>\n"
    }

    var warning: String {
        guard root.isLowerBound else { return "" }
        let errors = totals.errors
        var reasons: [String] = []
        if reports.contains(where: \.isPartial) { reasons.append("a scan was stopped before its end") }
        if errors > 0 { reasons.append("\(grouped(errors)) entries could not be read") }
        return
            "<p class=\"note\" role=\"note\">The figures are lower bounds (≥): \(reasons.joined(separator: ", and ")).</p>\n"
    }

    var treemap: String {
        let rect = PictureRect(x: 0, y: 0, width: 1200, height: 680)
        let tiles = TreemapSVG.tiles(tree, in: rect, .kind, isStandalone: false)
        let label =
            "Treemap of \(root.name), \(ByteCount(root.allocatedBytes)). The tables below say the same in words."
        return """
            <section class="card" aria-labelledby="map-title"><h2 id="map-title">What takes the space</h2>
            <div class="bar"><nav id="crumbs" aria-label="Place in the treemap"></nav>
            <div class="modes" id="modes" role="group" aria-label="Colour by" data-script hidden><span>Colour by</span>\
            <button type="button" data-mode="kind" aria-pressed="true">Kind</button>\
            <button type="button" data-mode="age" aria-pressed="false">Age</button></div></div>
            <div id="map"><svg viewBox="0 0 1200 680" role="img" aria-label="\(MarkupText.escaped(label))">
            \(tiles)</svg></div>
            <p id="info"></p><p id="place" class="quiet" role="status"></p>
            \(legends)
            <div id="contents" data-script hidden><h3>In <bdi id="contents-name"></bdi></h3>
            <div class="scroll"><table id="contents-table"><thead><tr><th>Name</th><th></th><th class="n">Share</th>\
            <th class="n">On disk</th><th class="n">Apparent</th><th class="n">Files</th><th class="n">Last changed</th>\
            </tr></thead><tbody></tbody></table></div></div></section>

            """
    }

    private var legends: String {
        let kinds = FileCategory.allCases.filter { root.byCategory[$0.rawValue].files > 0 }.sorted {
            root.byCategory[$0.rawValue].bytes > root.byCategory[$1.rawValue].bytes
        }
        let kind = kinds.map { legend("k\($0.rawValue)", $0.words, root.byCategory[$0.rawValue]) }
        let age = AgeClass.allCases.map { legend("a\($0.rawValue)", $0.words, root.byAge[$0.rawValue]) }
        let rest = legend("kr", "Small entries together", nil)
        return """
            <ul class="legend" id="legend-kind" aria-label="Colours by kind">\(kind.joined())\(rest)</ul>
            <ul class="legend" id="legend-age" aria-label="Last changed">\(age.joined())</ul>
            """
    }

    private func legend(_ style: String, _ words: String, _ amount: PictureTree.Amount?) -> String {
        let part = amount.map { amount in
            let whole = Double(max(1, root.allocatedBytes))
            return " <span>\(ByteCount(amount.bytes)), \((Double(amount.bytes) / whole * 100).oneDecimal) %, "
                + "\(grouped(amount.files)) files</span>"
        }
        return
            "<li><svg viewBox=\"0 0 14 14\" aria-hidden=\"true\"><rect class=\"\(style)\" width=\"14\" height=\"14\" "
            + "rx=\"3\"/></svg>\(MarkupText.escaped(words))\(part ?? "")</li>"
    }

    /// The nodes for the script, as arrays: parent, name, allocated, apparent, files, type, kind, newest, lower bound.
    func data(_ title: String) -> JSONValue {
        [
            "title": .string(title), "now": .integer(tree.scannedAt.seconds),
            "nodes": .array(
                tree.nodes.map { node -> JSONValue in
                    [
                        .integer(Int64(node.parent)), .string(node.name), .unsigned(node.allocatedBytes),
                        .unsigned(node.apparentBytes), .unsigned(node.files), .integer(Int64(node.kind.rawValue)),
                        .integer(Int64(node.category.rawValue)),
                        node.newestSeconds.map { .integer(max(-62_135_596_800, min(253_402_300_799, $0))) } ?? .null,
                        .integer(node.isLowerBound ? 1 : 0),
                    ]
                }),
        ]
    }

    func isolated(_ name: String) -> String { "<bdi>\(MarkupText.escaped(name))</bdi>" }

    func moment(_ time: Timestamp) -> String {
        let text = time.description
        return "<time datetime=\"\(text)\">\(text.prefix(10)) \(text.dropFirst(11).prefix(5)) UTC</time>"
    }

    func grouped(_ number: UInt64) -> String {
        let digits = Array(String(number))
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index) % 3 == 0 { result += "," }
            result.append(digit)
        }
        return result
    }
}
