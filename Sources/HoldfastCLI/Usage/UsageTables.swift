internal import Holdfast
internal import StorageModel

/// The tables of `usage` for people. Bars are drawn on a terminal only.
struct UsageTables {
    let usesApparentSize: Bool
    private let barColumns = 20

    init(usesApparentSize: Bool) { self.usesApparentSize = usesApparentSize }

    private func size(_ totals: UsageTotals) -> UInt64 {
        usesApparentSize ? totals.apparentBytes : totals.allocatedBytes
    }

    /// A bar's column, where bars are drawn.
    private var barColumn: [Table.Column] {
        Terminal.drawsBlocks ? [Table.Column(heading: "", isDispensable: true, colour: .bar)] : []
    }

    private func dispensable(_ heading: String) -> Table.Column {
        Table.Column(heading: heading, isNumber: true, isDispensable: true)
    }

    private func bar(_ part: UInt64, of whole: UInt64) -> [String] {
        guard Terminal.drawsBlocks else { return [] }
        return [Bar.text(whole == 0 ? 0 : Double(part) / Double(whole), columns: barColumns)]
    }

    private func percent(_ part: UInt64, of whole: UInt64) -> String {
        whole == 0 ? "-" : "\(Int((Double(part) / Double(whole) * 100).rounded()))%"
    }

    // MARK: Sources

    /// - Parameter baseline: what the sources had before, to tell how they grow.
    func sources(_ run: UsageRunReport, hasTotal: Bool, since baseline: UsageBaseline? = nil) -> Table {
        let extents = run.reports.contains { $0.extents != nil }
        var columns = [
            Table.Column(heading: "SOURCE", isFlexible: true), Table.Column(heading: "SIZE", isNumber: true),
        ]
        if baseline != nil { columns.append(Table.Column(heading: "GROWN", isNumber: true)) }
        columns += ["APPARENT", "SHARED", "FILES", "DIRS"].map(dispensable)
        if extents { columns += ["EXCLUSIVE", "REFLINKED"].map { Table.Column(heading: $0, isNumber: true) } }
        var table = Table(columns + barColumn)
        let largest = run.reports.map { size($0.totals) }.max() ?? 0
        for report in run.reports {
            var cells = [report.source.description]
            cells += figures(
                report.totals, report.isLowerBound, report.sharedBytes, grown: baseline.map { $0.growth(of: report) })
            if extents {
                cells += [
                    report.extents?.exclusiveBytes.asBytes ?? "-", report.extents?.sharedBytes.asBytes ?? "-",
                ]
            }
            table.append(cells + bar(size(report.totals), of: largest))
        }
        if run.reports.count > 1 || hasTotal {
            let grown = baseline.map { $0.growth(of: run) }
            let cells = ["total"] + figures(run.sum.totals, run.sum.isLowerBound, nil, grown: grown)
            table.append(cells + Array(repeating: "", count: columns.count + barColumn.count - cells.count))
        }
        return table
    }

    /// Size, growth if that is shown, apparent size, shared, files and directories. `≥` marks lower bounds.
    private func figures(
        _ totals: UsageTotals, _ isLowerBound: Bool, _ shared: UInt64?, grown: Int64?
    ) -> [String] {
        let mark = isLowerBound ? "≥" : ""
        let growth = grown.map { [$0 == 0 ? "-" : UsageDiffRow.signed($0)] } ?? []
        return [mark + totals.allocatedBytes.asBytes] + growth + [
            mark + totals.apparentBytes.asBytes,
            shared.map { $0 == 0 ? "-" : mark + $0.asBytes } ?? "", mark + totals.files.grouped,
            mark + totals.directories.grouped,
        ]
    }

    // MARK: Entries

    func top(_ items: [UsageBreakdown.Item], _ tree: UsageTree, _ whole: UsageTotals) -> Table {
        var table = Table(
            [Table.Column(heading: "SIZE", isNumber: true), Table.Column(heading: "PART", isNumber: true)] + barColumn
                + [
                    Table.Column(heading: "FILES", isNumber: true), Table.Column(heading: "KIND"),
                    Table.Column(heading: "PATH", isFlexible: true),
                ])
        for item in items {
            let bytes = size(item.totals)
            table.append(
                [bytes.asBytes, percent(bytes, of: size(whole))] + bar(bytes, of: size(whole))
                    + [item.totals.files.grouped, item.kind.word, tree.path(of: item.index).description])
        }
        return table
    }

    func tree(_ levels: UsageLevels, _ report: UsageReport) -> Table {
        var table = Table(
            [Table.Column(heading: "SIZE", isNumber: true), Table.Column(heading: "PART", isNumber: true)] + barColumn
                + [Table.Column(heading: "FILES", isNumber: true), Table.Column(heading: "NAME", isFlexible: true)])
        for line in levels.lines {
            let bytes = size(line.totals)
            let name = line.name.isEmpty ? report.source.description : line.name
            table.append(
                [bytes.asBytes, percent(bytes, of: size(report.totals))] + bar(bytes, of: size(report.totals))
                    + [line.totals.files.grouped, String(repeating: "  ", count: line.depth) + name])
        }
        return table
    }

    // MARK: Groups

    func groups(_ groups: [UsageGroup], _ grouping: UsageGrouping, _ mapping: IdentityMapping?) -> Table {
        var first = [Table.Column(heading: grouping == .size ? "BELOW" : grouping.rawValue.uppercased())]
        if grouping == .owner {
            first = [Table.Column(heading: "UID", isNumber: true), Table.Column(heading: "OWNER")]
            if mapping != nil { first.append(Table.Column(heading: "IN CONTAINER", isNumber: true)) }
        }
        var table = Table(
            first + [
                Table.Column(heading: "SIZE", isNumber: true), Table.Column(heading: "APPARENT", isNumber: true),
                Table.Column(heading: "FILES", isNumber: true),
            ] + barColumn)
        let size = { (group: UsageGroup) in usesApparentSize ? group.apparentBytes : group.allocatedBytes }
        let largest = groups.map(size).max() ?? 0
        let name = grouping == .owner ? UsageBreakdown.ownerNames() : { _ in nil }
        for group in groups {
            // The heading says what the sign of a size would.
            var cells = [grouping == .size ? String(group.key.dropFirst()) : group.key]
            if grouping == .owner, let uid = UInt32(group.key) {
                cells.append(name(uid) ?? "-")
                if let mapping { cells.append(mapping.inside(of: uid).map(String.init) ?? "-") }
            }
            table.append(
                cells + [group.allocatedBytes.asBytes, group.apparentBytes.asBytes, group.files.grouped]
                    + bar(size(group), of: largest))
        }
        return table
    }

    // MARK: Duplicates

    /// - Parameter limit: so many groups are shown.
    func duplicates(_ report: DuplicateReport, limit: Int) -> Table {
        var table = Table([
            Table.Column(heading: "FREES", isNumber: true), Table.Column(heading: "SIZE", isNumber: true),
            Table.Column(heading: "DIGEST"), Table.Column(heading: "SOURCE"),
            Table.Column(heading: "PATH", isFlexible: true),
        ])
        for group in report.groups.prefix(limit) {
            for (number, file) in group.files.enumerated() {
                let isFirst = number == 0
                table.append([
                    isFirst ? group.reclaimableBytes.asBytes : "", isFirst ? group.sizeBytes.asBytes : "",
                    isFirst ? group.digest.short : "", file.source.description, file.path.description,
                ])
            }
        }
        return table
    }
}
