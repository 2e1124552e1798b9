internal import StorageModel

/// A table for people: a heading line, then one line for each row, columns lined up.
///
/// On a terminal the flexible column gives way so that no line wraps, and then columns that can be done without; piped into
/// another program nothing is cut. Control characters in the cells are escaped, so that a name cannot steer the terminal or
/// fake a line.
struct Table {
    /// A column's heading and how its cells are set.
    struct Column {
        let heading: String
        var isNumber = false
        /// Gives way first when the terminal is too narrow.
        var isFlexible = false
        /// Is left out, the last such column first, if the terminal is too narrow nevertheless.
        var isDispensable = false
        /// How its cells stand out on a terminal that has colours.
        var colour: Colour?
    }

    /// A colour of the terminal's own palette (ECMA-48, select graphic rendition).
    enum Colour: String {
        case bar = "36"
        case faint = "2"
        case bold = "1"
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
    /// - Parameters:
    ///   - limitColumns: the terminal's width; `nil` to cut nothing.
    ///   - isColoured: whether columns stand out.
    func text(limitColumns: Int?, isColoured: Bool = false) -> String {
        var shown = Array(columns.indices)
        var widths = fittedWidths(shown, limitColumns)
        while let limitColumns, excess(widths, limitColumns) > 0,
            let dispensable = shown.lastIndex(where: { self.columns[$0].isDispensable })
        {
            shown.remove(at: dispensable)
            widths = fittedWidths(shown, limitColumns)
        }
        let columns = shown.map { self.columns[$0] }
        var result = line(columns.map(\.heading), columns, widths, isColoured: false)
        for row in rows { result += line(shown.map { row[$0] }, columns, widths, isColoured: isColoured) }
        return result
    }

    private func fittedWidths(_ shown: [Int], _ limitColumns: Int?) -> [Int] {
        var widths = shown.map { columns[$0].heading.displayWidth }
        for row in rows {
            for (place, index) in shown.enumerated() { widths[place] = max(widths[place], row[index].displayWidth) }
        }
        guard let limitColumns else { return widths }
        let excess = excess(widths, limitColumns)
        if excess > 0, let flexible = shown.firstIndex(where: { columns[$0].isFlexible }) {
            widths[flexible] = min(widths[flexible], max(8, widths[flexible] - excess))
        }
        return widths
    }

    private func excess(_ widths: [Int], _ limitColumns: Int) -> Int {
        widths.reduce(0, +) + Self.gap.count * (widths.count - 1) - limitColumns
    }

    private static let gap = "   "

    private func line(_ cells: [String], _ columns: [Column], _ widths: [Int], isColoured: Bool) -> String {
        let texts = zip(cells, widths).map { cell, width in cell.fitted(toColumns: width) }
        // Blanks at the end of a line are left out.
        let last = texts.lastIndex { !$0.allSatisfy { $0 == " " } } ?? 0
        var result = ""
        for (index, text) in texts.enumerated().prefix(last + 1) {
            let padding = String(repeating: " ", count: max(0, widths[index] - text.displayWidth))
            if index > 0 { result += Self.gap }
            let colour = isColoured && !text.isEmpty ? columns[index].colour : nil
            let shown = colour.map { "\u{1b}[\($0.rawValue)m\(text)\u{1b}[0m" } ?? text
            if columns[index].isNumber {
                result += padding + shown
            } else {
                result += index < last ? shown + padding : shown
            }
        }
        while result.last == " " { result.removeLast() }
        return result + "\n"
    }
}
