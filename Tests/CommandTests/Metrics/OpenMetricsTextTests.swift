import StorageModel
import TestSupport
import Testing

/// Goal: what Holdfast writes as metrics is read by others as it was meant. Method: the parsers of Prometheus' own client for
/// Python, of both formats.
@Suite("The text of metrics") struct OpenMetricsTextTests {
    private static let script = """
        import json, sys
        from prometheus_client.parser import text_string_to_metric_families as plain
        from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
        text = sys.stdin.read()
        def families(parse):
            return [[f.name, f.documentation, f.type, [[s.name, sorted(s.labels.items()), repr(s.value)] for s in f.samples]]
                    for f in parse(text)]
        assert families(plain) == families(openmetrics), (families(plain), families(openmetrics))
        print(json.dumps(families(plain)))
        """

    static let isPossible = (try? Tool.run("/usr/bin/python3", "-c", "import prometheus_client").status) == 0

    /// The families as both parsers see them.
    static func parsed(_ text: String) throws -> JSON {
        try JSON(
            parsing: Tool.run("/usr/bin/python3", "-c", script, input: .bytes(Array(text.utf8))).check().text)
    }

    @Test(
        "names, help, hostile labels and values come back as they are",
        .enabled(if: isPossible, "python3-prometheus-client is not installed"))
    func roundTrip() throws {
        let hostile = ["plain", "quote \" and \\ back", "line\nbreak", "\\n", "ümläut 日本", "", "{a=\"b\"} 1\n# TYPE x gauge"]
        let families = [
            MetricFamily(
                "holdfast_a_bytes", "Says \"this\" \\ and\nthat",
                hostile.enumerated().map { .init([.init("job", $1), .init("source", "s")], .count(UInt64($0))) }),
            MetricFamily("holdfast_empty", "Is left out"),
            MetricFamily("holdfast_b_seconds", "Alone", [.init([], .number(0.25))]),
            MetricFamily("holdfast_c", "Large", [.init([], .number(1e300)), .init([.init("k", "v")], .number(-.infinity))]),
        ]
        let text = OpenMetricsText.text(families)
        #expect(text.hasSuffix("\n# EOF\n"))
        let found = try Self.parsed(text)
        #expect(found.elements.map { $0[0].text } == ["holdfast_a_bytes", "holdfast_b_seconds", "holdfast_c"])
        #expect(found[0][1].text == "Says 'this' \\ and\nthat")
        #expect(found.elements.allSatisfy { $0[2].text == "gauge" })
        #expect(found[0][3].elements.map { $0[1][0][1].text } == hostile)
        #expect(found[0][3].elements.map { $0[2].text } == (0..<hostile.count).map { "\($0).0" })
        #expect(found[1][3][0][2].text == "0.25")
    }

    @Test("counts are exact, and what is no number is written as the formats have it")
    func numbers() {
        let values: [(MetricFamily.Value, String)] = [
            (.count(.max), "18446744073709551615"), (.flag(true), "1"), (.flag(false), "0"), (.time(nil), "0"),
            (.time(Timestamp(seconds: 1_772_366_400, nanoseconds: 5)), "1772366400"), (.number(.nan), "NaN"),
            (.number(.infinity), "+Inf"),
        ]
        for (value, text) in values {
            let lines = OpenMetricsText.text([MetricFamily("holdfast_x", "X", [.init([], value)])])
            #expect(lines == "# HELP holdfast_x X\n# TYPE holdfast_x gauge\nholdfast_x \(text)\n# EOF\n")
        }
    }
}
