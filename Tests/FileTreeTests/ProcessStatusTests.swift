import Testing

@testable import FileTree

/// Goal: what a process is said to be doing is what the kernel says. Method: lines as proc_pid_stat(5) shows them.
@Suite("Reading the status of processes") struct ProcessStatusTests {
    private static func status(name: String = "dd", state: String = "S", flags: UInt64 = 0x400000) -> ProcessStatus? {
        let head = "42 (\(name)) \(state) 7 42 7 34816 42 \(flags) 0 0 0 0 0 0 0 0 20 0 1 0"
        return ProcessStatus(parsing: Array("\(head) 123456 9000 1 18446744073709551615 1 1 0\n".utf8))
    }

    @Test("the name may look like the rest of the line", arguments: ["dd", "a b", ") S 1 1", "((", "\n"])
    func names(_ name: String) throws {
        let status = try #require(Self.status(name: name))
        #expect(status.parent == 7 && status.startTicks == 123456 && !status.isStopped && !status.hasEnded)
    }

    @Test(
        "a process that ends runs nothing any more, from the moment it begins to",
        arguments: [
            ("S", 0x40_0000, false, false), ("R", 0x40_0100, false, false), ("T", 0x40_0000, true, false),
            ("t", 0x40_0000, true, false), ("R", 0x40_0004, false, true), ("D", 0x40_0004, false, true),
            ("Z", 0x40_0004, false, true), ("X", 0x40_0000, false, true),
        ] as [(String, UInt64, Bool, Bool)])
    func states(_ state: String, _ flags: UInt64, _ isStopped: Bool, _ hasEnded: Bool) throws {
        let status = try #require(Self.status(state: state, flags: flags))
        #expect(status.isStopped == isStopped && status.hasEnded == hasEnded)
    }

    @Test("other text is no status", arguments: ["", "42 (dd", "42 (dd) S 7", "42 (dd) S x 42 7 34816 42 0 0 0 0 0 0"])
    func nonsense(_ text: String) { #expect(ProcessStatus(parsing: Array(text.utf8)) == nil) }
}
