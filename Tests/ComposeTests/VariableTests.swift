import Compose
import StorageModel
import Testing

/// Goal: variables are replaced as Docker Compose does. Method: tables, after compose-go's `template` and `dotenv`; what comes
/// out is read in the name of a volume's label.
@Suite("Variables of compose files") struct VariableTests {
    static let environment = ["A": "a", "EMPTY": "", "HOME": "/home/anna", "N1_x": "n"]

    private func replaced(_ text: String, environmentFile: String? = nil) throws -> String? {
        let quoted = text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
        return try load(
            "volumes: {v: {labels: {l: '\(quoted)'}}}", environment: Self.environment, environmentFile: environmentFile
        ).volume("v")?.labels["l"]
    }

    @Test(
        "what becomes of a text",
        arguments: [
            ("plain", "plain"), ("$A", "a"), ("${A}", "a"), ("x${A}y$A-z", "xaya-z"), ("$$A", "$A"), ("$$$A", "$a"),
            ("${NO}", ""), ("$NO", ""), ("${NO-d}", "d"), ("${NO:-d}", "d"), ("${EMPTY-d}", ""), ("${EMPTY:-d}", "d"),
            ("${A-d}", "a"), ("${A:-d}", "a"), ("${A+o}", "o"), ("${A:+o}", "o"), ("${EMPTY+o}", "o"),
            ("${EMPTY:+o}", ""), ("${NO+o}", ""), ("${A?m}", "a"), ("${A:?m}", "a"), ("${EMPTY?m}", ""),
            ("${NO:-${A}}", "a"), ("${NO:-x${NO2:-y}z}", "xyz"), ("${NO:-}", ""), ("${NO:-a:b-c}", "a:b-c"),
            ("${N1_x}", "n"), ("${NO:-$$x}", "$x"), ("${A:+${NO:-q}}", "q"), ("${NO:-{x}}", "{x}"),
        ])
    func replace(_ text: String, _ expected: String) throws { #expect(try replaced(text) == expected) }

    @Test(
        "what is no variable is refused with its line",
        arguments: ["$", "a$ b", "${}", "${A", "${1A}", "$1", "${A!b}", "${A b}", "${NO:?}", "${NO?m}", "${EMPTY:?m}"])
    func refuse(_ text: String) throws {
        let error = try #require(throws: StorageError.self) { try replaced(text) }
        #expect(error.code == .invalidInput && error.message.hasPrefix("compose.yaml:1: "), "\(error.message)")
    }

    @Test("the message of a variable that must be set is told")
    func required() throws {
        let error = try #require(throws: StorageError.self) { try replaced("${PASSWORD:?ask $A}") }
        #expect(error.message == "compose.yaml:1: the variable PASSWORD must be set: ask a")
    }

    @Test("a variable that is not set is told once")
    func missing() throws {
        let project = try load("volumes: {v: {labels: {a: $X, b: $X, c: $Y}}}")
        #expect(
            project.notes == [
                "the variable X is not set: it counts as empty", "the variable Y is not set: it counts as empty",
            ])
    }

    @Test("keys keep their dollars")
    func keys() throws { #expect(try load("volumes: {v: {labels: {$A: b}}}").volume("v")?.labels == ["$A": "b"]) }

    @Test(
        "the file .env",
        arguments: [
            ("V=x", "x"), ("V = x ", "x"), ("export V=x", "x"), ("# c\n\nV=x # y", "x"), ("V=x#y", "x#y"),
            ("V='a $A'", "a $A"), ("V=\"a $A\"", "a a"), ("V=$A", "a"), ("W=w\nV=${W}", "w"), ("V=\"a\\nb\"", "a\nb"),
            ("V=\"a\nb\"", "a\nb"), ("V='a\\nb'", "a\\nb"), ("V=\"\\$A\"", "$A"), ("V: x", "x"), ("V=", ""), ("V", ""),
            ("V=\"a\" # c\nW=1", "a"), ("V=${NO:-d}", "d"), ("\u{feff}V=x", "x"), ("V=a=b", "a=b"), ("A=z\nV=1", "1"),
            ("V=x\r\nW=1", "x"), ("V='it'", "it"), ("V=# c", ""),
        ])
    func environmentFile(_ text: String, _ expected: String) throws {
        #expect(try replaced("${V}", environmentFile: text) == expected)
    }

    @Test("the environment counts more than the file .env")
    func precedence() throws { #expect(try replaced("$A", environmentFile: "A=other") == "a") }

    @Test("a fault in .env is told with its line", arguments: [("V=\"a", 1), ("A=1\n\n1 2=3", 3), ("ok=1\nV='x", 2)])
    func environmentFaults(_ text: String, _ line: Int) throws {
        let error = try #require(throws: StorageError.self) { try replaced("x", environmentFile: text) }
        #expect(error.message.hasPrefix(".env:\(line): "), "\(error.message)")
    }
}
