internal import StorageModel

extension PageParts {
    private static let limitEntries = 100

    /// One row for each source.
    var sources: String {
        let rows = reports.sorted { $0.totals.allocatedBytes > $1.totals.allocatedBytes }.map(sourceRow)
        return """
            <section class="card" id="sources" aria-labelledby="sources-title"><h2 id="sources-title">Sources</h2>
            <div class="scroll"><table><thead><tr><th>Source</th><th></th><th class="n">On disk</th><th class="n">Apparent</th>\
            <th class="n">Files</th><th class="n">Directories</th><th class="n">Growth a day</th><th>Full in</th>\
            <th></th></tr></thead><tbody>
            \(rows.joined(separator: "\n"))
            </tbody></table></div></section>

            """
    }

    private func sourceRow(_ report: UsageReport) -> String {
        let series = history.first { $0.source == report.source }
        let bound = report.isLowerBound ? "≥ " : ""
        let totals = report.totals
        let growth = series?.trend.soundGrowthBytesPerDay
        return "<tr>" + name(MarkupText.name(report.source.description.utf8))
            + "<td>\(share(totals.allocatedBytes))</td>" + size(totals.allocatedBytes, bound)
            + size(totals.apparentBytes, bound) + count(totals.files, bound) + count(totals.directories, bound)
            + "<td class=\"n\" data-v=\"\(growth.map { Int64(clamping: $0) } ?? 0)\">\(growth.map(Self.signed) ?? "–")</td>"
            + "<td>\(MarkupText.escaped(series.map { Self.ending($0.trend) } ?? "–"))</td>"
            + "<td>\(series.map(HistoryChart.spark) ?? "")</td></tr>"
    }

    /// The history of each source that has one, as a line.
    var charts: String {
        let cards = history.compactMap { series -> String? in
            let chart = HistoryChart.render(series)
            guard !chart.isEmpty, let first = series.samples.first, let last = series.last else { return nil }
            let trend = series.trend
            let growth = trend.soundGrowthBytesPerDay.map { ", \(Self.signed($0)) a day" } ?? ""
            return """
                <div class="card"><h3>\(isolated(MarkupText.name(series.source.description.utf8)))</h3>
                <p class="sub">\(ByteCount(last.totals.allocatedBytes)) now, \(series.samples.count) scans since \
                \(first.scannedAt.description.prefix(10))\(growth); \(MarkupText.escaped(Self.sentence(trend)))</p>
                \(chart)</div>
                """
        }
        guard !cards.isEmpty else { return "" }
        return """
            <section aria-labelledby="history-title"><h2 id="history-title">How it grew</h2>
            <div class="grid2">\(cards.prefix(60).joined(separator: "\n"))</div></section>

            """
    }

    /// The largest files and directories, each with its path.
    var largest: String {
        let largest = LargestPaths(reports, limit: Self.limitEntries)
        let files = largest.files.map { row($0, kind: $0.category.words) }
        let directories = largest.directories.map { row($0, kind: nil) }
        guard !files.isEmpty || !directories.isEmpty else { return "" }
        return table("Largest files", "files", files, hasKind: true)
            + table("Largest directories", "directories", directories, hasKind: false)
    }

    private func table(_ title: String, _ id: String, _ rows: [String], hasKind: Bool) -> String {
        guard !rows.isEmpty else { return "" }
        let source = reports.count > 1 ? "<th>Source</th>" : ""
        let last = hasKind ? "<th>Kind</th><th class=\"n\">Last changed</th>" : "<th class=\"n\">Files</th>"
        return """
            <section class="card" aria-labelledby="\(id)-title"><h2 id="\(id)-title">\(title)</h2>
            <div class="scroll"><table><thead><tr>\(source)<th>Path</th><th></th><th class="n">On disk</th>\
            <th class="n">Apparent</th>\(last)</tr></thead><tbody>
            \(rows.joined(separator: "\n"))
            </tbody></table></div></section>

            """
    }

    private func row(_ entry: LargestPaths.Entry, kind: String?) -> String {
        let source = reports.count > 1 ? name(MarkupText.name(entry.source.description.utf8)) : ""
        let last =
            kind.map {
                "<td>\(MarkupText.escaped($0))</td><td class=\"n\" data-v=\"\(entry.modifiedAtSeconds)\">"
                    + "\(Timestamp(seconds: entry.modifiedAtSeconds).description.prefix(10))</td>"
            } ?? count(entry.totals.files, "")
        return "<tr>" + source + name(MarkupText.path(entry.path)) + "<td>\(share(entry.totals.allocatedBytes))</td>"
            + size(entry.totals.allocatedBytes, "") + size(entry.totals.apparentBytes, "") + last + "</tr>"
    }

    private func name(_ text: String) -> String { "<td class=\"name\">\(isolated(text))</td>" }

    private func size(_ bytes: UInt64, _ bound: String) -> String {
        "<td class=\"n\" data-v=\"\(bytes)\">\(bound)\(ByteCount(bytes))</td>"
    }

    private func count(_ number: UInt64, _ bound: String) -> String {
        "<td class=\"n\" data-v=\"\(number)\">\(bound)\(grouped(number))</td>"
    }

    /// A bar as long as the part of all.
    private func share(_ bytes: UInt64) -> String {
        let part = (Double(bytes) / Double(max(1, root.allocatedBytes)) * 100).short
        return "<svg class=\"share\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
            + "<rect width=\"100\" height=\"8\" rx=\"4\"/><rect width=\"\(part)\" height=\"8\" rx=\"4\"/></svg>"
    }

    static func signed(_ bytesPerDay: Double) -> String {
        (bytesPerDay < 0 ? "−" : "+") + ByteCount(UInt64(min(bytesPerDay.magnitude, 1e18))).description
    }

    static func ending(_ trend: UsageTrend) -> String {
        if let doubt = trend.doubt { return doubt.words }
        return trend.daysLeft.map { "\($0.oneDecimal) days" } ?? "–"
    }

    static func sentence(_ trend: UsageTrend) -> String {
        guard let days = trend.daysLeft, let interval = trend.daysLeftInterval else {
            return "no forecast: \(trend.doubt?.words ?? "")"
        }
        return
            "its file system is full in \(days.oneDecimal) days at this pace (95 %: \(interval.lowerBound.oneDecimal) to "
            + "\(interval.upperBound.oneDecimal))"
    }

    /// The tree as a list that unfolds: what the treemap shows, for readers without scripts and for printing.
    var outline: String {
        var budget = 500
        return """
            <section class="card" aria-labelledby="outline-title"><h2 id="outline-title">As a list</h2>
            \(outline(of: 0, depth: 0, &budget))</section>

            """
    }

    private func outline(of index: Int, depth: Int, _ budget: inout Int) -> String {
        let node = tree.nodes[index]
        let part = (Double(node.allocatedBytes) / Double(max(1, root.allocatedBytes)) * 100).oneDecimal
        let bound = node.isLowerBound ? "≥ " : ""
        let line = "\(isolated(node.name))<span>\(bound)\(ByteCount(node.allocatedBytes)), \(part) %</span>"
        guard !node.children.isEmpty, budget > 0, depth < 16, node.allocatedBytes >= root.allocatedBytes / 200 else {
            return "<div class=\"leaf\">\(line)</div>\n"
        }
        var inside = ""
        for child in node.children.prefix(20) where budget > 0 {
            budget -= 1
            inside += outline(of: child, depth: depth + 1, &budget)
        }
        return "<details\(depth == 0 ? " open" : "")><summary>\(line)</summary>\n\(inside)</details>\n"
    }
}

extension Int64 {
    fileprivate init(clamping value: Double) { self = Int64(Swift.max(-9e18, Swift.min(9e18, value))) }
}
