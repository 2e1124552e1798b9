import StorageModel
import Testing

@testable import HoldfastCLI

/// Goal: what scripts parse is valid JSON in a fixed order. Method: small documents against their text.
@Suite("JSON output") struct JSONTests {
    @Test("keys are sorted, at every level")
    func sortsKeys() {
        let value: JSONValue = ["b": ["z": .null, "a": .boolean(true)], "a": .unsigned(.max), "c": .integer(-5)]
        #expect(value.compactText == #"{"a":18446744073709551615,"b":{"a":true,"z":null},"c":-5}"#)
    }

    @Test("control characters, quotes and backslashes are escaped, other text is as it is")
    func escapes() {
        #expect(JSONValue.string("a\"\\\n\t\r\u{1}\u{7f}é🗄").compactText == #""a\"\\\n\t\r\u0001\u007fé🗄""#)
    }

    @Test("what is printed for people is indented, empty lists stay on one line")
    func indents() {
        let value: JSONValue = [["labels": .object([:]), "names": ["x", "y"].map { .string($0) }.asArray]]
        #expect(
            value.prettyText() == """
                [
                  {
                    "labels": {},
                    "names": [
                      "x",
                      "y"
                    ]
                  }
                ]
                """)
        #expect(JSONValue.array([]).prettyText() == "[]")
    }

    @Test("seconds have three decimals, what JSON cannot say is null")
    func numbers() {
        #expect(JSONValue.seconds(1.23456).compactText == "1.235")
        #expect(JSONValue.number(.infinity).compactText == "null")
        #expect(JSONValue.number(.nan).compactText == "null")
    }
}

extension [JSONValue] {
    fileprivate var asArray: JSONValue { .array(self) }
}
