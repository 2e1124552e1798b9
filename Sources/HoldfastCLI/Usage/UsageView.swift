internal import Holdfast
internal import StorageModel

/// What `usage` prints of a run, in the format that was asked for.
struct UsageView {
    enum Format {
        case table
        case json
        case csv
    }

    let lists: UsageLists
    let format: Format
    /// What a watch saw first.
    var baseline: UsageBaseline?

    func print(_ run: UsageRunReport, _ console: Console) throws {
        switch format {
        case .table: try printTables(run, console)
        case .json: try console.print(.array(members(of: run).map { JSONValue.object($0) }))
        case .csv: try console.print(csv(run))
        }
    }

    // MARK: JSON and CSV

    private func members(of run: UsageRunReport) -> [[String: JSONValue]] {
        var rows = run.reports.map { report in
            var row = UsageRow.members(report)
            for (key, value) in details(of: report) { row[key] = .array(value.map { JSONValue.object($0) }) }
            if let duplicates = run.duplicates {
                row["duplicates"] = UsageRow.duplicates(duplicates, of: report.source)
            }
            return row
        }
        if lists.hasTotal { rows.append(UsageRow.members(run.sum)) }
        return rows
    }

    /// The lists of one source, by their JSON names.
    private func details(of report: UsageReport) -> [String: [[String: JSONValue]]] {
        guard let tree = report.tree else { return ["top": []] }
        var result = ["top": UsageRow.top(lists.top.map { largest($0, tree) } ?? [], tree)]
        for grouping in lists.groupings {
            result[UsageRow.name(of: grouping)] = UsageRow.groups(
                groups(grouping, report, tree), grouping, lists.mapping ?? report.owners)
        }
        if let depth = lists.depth { result["tree"] = UsageLevels(tree, depth: depth, lists).rows }
        return result
    }

    private func largest(_ limit: Int, _ tree: UsageTree) -> [UsageBreakdown.Item] {
        UsageBreakdown.largest(limit, of: tree, apparent: lists.usesApparentSize)
    }

    private func groups(_ grouping: UsageGrouping, _ report: UsageReport, _ tree: UsageTree) -> [UsageGroup] {
        UsageBreakdown.groups(grouping, of: tree, now: report.scannedAt)
    }

    /// The one list that was asked for, or the sources.
    private func csv(_ run: UsageRunReport) -> String {
        if let duplicates = run.duplicates {
            let rows = duplicates.groups.flatMap(UsageRow.flat)
            return CSVText.text(columns: UsageRow.duplicateColumns, rows: rows)
        }
        let key: (name: String, columns: [String])? =
            if lists.depth != nil { ("tree", UsageRow.treeColumns) } else if lists.top != nil {
                ("top", UsageRow.topColumns)
            } else if let grouping = lists.groupings.first {
                (UsageRow.name(of: grouping), UsageRow.groupColumns(grouping))
            } else { nil }
        guard let key else { return CSVText.text(columns: UsageRow.columns, rows: members(of: run)) }
        let rows = run.reports.flatMap { report in
            (details(of: report)[key.name] ?? []).map { row in
                row.merging(["source": .string(report.source.description)]) { own, _ in own }
            }
        }
        return CSVText.text(columns: ["source"] + key.columns, rows: rows)
    }

    // MARK: Tables

    private func printTables(_ run: UsageRunReport, _ console: Console) throws {
        let tables = UsageTables(usesApparentSize: lists.usesApparentSize)
        try console.print(tables.sources(run, hasTotal: lists.hasTotal, since: baseline))
        for report in run.reports {
            guard let tree = report.tree else { continue }
            let title = run.reports.count > 1 ? "\(report.source), " : ""
            if let depth = lists.depth {
                try console.print("\n\(title)tree:\n".escapedButLines)
                try console.print(tables.tree(UsageLevels(tree, depth: depth, lists), report))
            } else if let top = lists.top {
                try console.print("\n\(title)largest:\n".escapedButLines)
                try console.print(tables.top(largest(top, tree), tree, report.totals))
            }
            for grouping in lists.groupings {
                try console.print("\n\(title)by \(grouping.rawValue):\n".escapedButLines)
                try console.print(
                    tables.groups(
                        groups(grouping, report, tree), grouping, lists.mapping ?? report.owners))
            }
        }
        if let duplicates = run.duplicates { try printDuplicates(duplicates, tables, console) }
    }

    private func printDuplicates(_ duplicates: DuplicateReport, _ tables: UsageTables, _ console: Console) throws {
        let count = UInt64(duplicates.groups.count)
        let mark = duplicates.isPartial ? "≥" : ""
        try console.print(
            "\n\(count.grouped) groups of equal files; sharing their blocks would free "
                + "\(mark)\(duplicates.reclaimableBytes.asBytes):\n")
        if count > 0 { try console.print(tables.duplicates(duplicates, limit: lists.top ?? 20)) }
    }
}

extension String {
    /// The text with everything escaped that could steer a terminal, except its line feeds.
    fileprivate var escapedButLines: String {
        split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable() }.joined(separator: "\n")
    }
}
