internal import StorageModel

/// A table for people: a heading line, then one line for each row, columns lined up.
///
/// On a terminal the flexible column gives way so that no line wraps; piped into another program nothing is cut. Control
/// characters in the cells are escaped, so that a name cannot steer the terminal or fake a line.
struct Table {
    /// A column's heading and how its cells are set.
    struct Column {
        let heading: String
        var isNumber = false
        /// Gives way first when the terminal is too narrow.
        var isFlexible = false
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row; it must have a cell for each column.
    mutating func append(_ cells: [String]) {
        precondition(cells.count == columns.count, "a row has a cell for each column")
        rows.append(cells.map { $0.printable() })
    }

    /// The lines, each ended by a line feed. The heading is there without rows too.
    ///
    /// - Parameter limitColumns: the terminal's width; `nil` to cut nothing.
    func text(limitColumns: Int?) -> String {
        let widths = fittedWidths(limitColumns)
        var result = line(columns.map(\.heading), widths)
        for row in rows { result += line(row, widths) }
        return result
    }

    private func fittedWidths(_ limitColumns: Int?) -> [Int] {
        var widths = columns.map { $0.heading.displayWidth }
        for row in rows {
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.displayWidth) }
        }
        guard let limitColumns else { return widths }
        let excess = widths.reduce(0, +) + Self.gap.count * (widths.count - 1) - limitColumns
        if excess > 0, let flexible = columns.firstIndex(where: \.isFlexible) {
            widths[flexible] = max(8, widths[flexible] - excess)
        }
        return widths
    }

    private static let gap = "   "

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var result = ""
        for (index, cell) in cells.enumerated() {
            let text = cell.fitted(toColumns: widths[index])
            let padding = String(repeating: " ", count: max(0, widths[index] - text.displayWidth))
            if index > 0 { result += Self.gap }
            result += columns[index].isNumber ? padding + text : text + padding
        }
        while result.last == " " { result.removeLast() }
        return result + "\n"
    }
}
