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
        let widths = fittedWidths(limitColumns)
        var result = line(columns.map(\.heading), widths, isColoured: false)
        for row in rows { result += line(row, widths, isColoured: isColoured) }
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

    private func line(_ cells: [String], _ widths: [Int], isColoured: Bool) -> String {
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
