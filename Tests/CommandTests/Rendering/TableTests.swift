import Testing

@testable import HoldfastCLI

/// Goal: tables line up, hide nothing from a pipe and let no name steer the terminal. Method: tables against their text.
@Suite("Tables") struct TableTests {
    private func sample() -> Table {
        var table = Table([
            Table.Column(heading: "NAME", isFlexible: true), Table.Column(heading: "SIZE", isNumber: true),
        ])
        table.append(["short", "1"])
        table.append(["a-rather-long-name-of-a-volume", "12345"])
        return table
    }

    @Test("columns line up, numbers to the right, nothing is cut in a pipe")
    func linesUp() {
        #expect(
            sample().text(limitColumns: nil) == """
                NAME                              SIZE
                short                                1
                a-rather-long-name-of-a-volume   12345

                """)
    }

    @Test("on a narrow terminal the flexible column gives way")
    func fitsTheTerminal() {
        let lines = sample().text(limitColumns: 24).split(separator: "\n")
        #expect(lines.allSatisfy { String($0).displayWidth <= 24 })
        #expect(lines.last == "a-rather-long-n…   12345")
    }

    @Test(
        "what can be done without is left out, the last first, when the flexible column is at its smallest",
        arguments: [
            (60, "NAME   SIZE   FILES   BAR"), (29, "NAME       SIZE   FILES   BAR"), (23, "NAME       SIZE   FILES"),
            (16, "NAME       SIZE"), (3, "NAME       SIZE"),
        ])
    func leavesOut(_ columns: Int, _ heading: String) {
        var table = Table([
            Table.Column(heading: "NAME", isFlexible: true), Table.Column(heading: "SIZE", isNumber: true),
            Table.Column(heading: "FILES", isNumber: true, isDispensable: true),
            Table.Column(heading: "BAR", isDispensable: true),
        ])
        table.append(["a-rather-long-name", "1", "2", "█"])
        let lines = table.text(limitColumns: columns).split(separator: "\n").map(String.init)
        let parts = { (line: String) in line.split(separator: " ").map(String.init) }
        #expect(parts(lines[0]) == parts(heading))
        #expect(parts(lines[1]).count == parts(heading).count)
        if columns > 15 { #expect(lines.allSatisfy { $0.displayWidth <= columns }) }
    }

    @Test("control characters are shown, not obeyed")
    func escapesControls() {
        var table = Table([Table.Column(heading: "NAME")])
        table.append(["bad\u{1b}[2Jname\nsecond line\u{202e}"])
        #expect(table.text(limitColumns: nil) == "NAME\nbad\\x{1b}[2Jname\\nsecond line\\x{202e}\n")
    }

    @Test("wide and combining characters count as the terminal counts them")
    func measuresWidth() {
        #expect("漢字".displayWidth == 4)
        #expect("e\u{301}".displayWidth == 1)
        #expect("🗄x".displayWidth == 3)
        #expect("漢字漢字".fitted(toColumns: 5) == "漢字…")
    }
}
