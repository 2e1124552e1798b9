/// Writes metrics as text that OpenMetrics 1.0 and the older text format of Prometheus both read, as the textfile collector of
/// node_exporter does: a heading once for each family, no times at the samples, `# EOF` and a line feed at the end.
public enum OpenMetricsText {
    /// - Parameter families: each name once, and no two samples of a family with the same labels; those without samples are
    ///   left out.
    public static func text(_ families: [MetricFamily]) -> String {
        var result = ""
        for family in families where !family.samples.isEmpty {
            // A quotation mark is escaped in one of the formats and not in the other.
            let help = escaped(String(family.help.map { $0 == "\"" ? "'" : $0 }))
            result += "# HELP \(family.name) \(help)\n# TYPE \(family.name) gauge\n"
            for sample in family.samples {
                result += "\(family.name)\(labels(sample.labels)) \(number(sample.value))\n"
            }
        }
        return result + "# EOF\n"
    }

    private static func labels(_ labels: [MetricFamily.Label]) -> String {
        guard !labels.isEmpty else { return "" }
        return "{" + labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",") + "}"
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func number(_ value: MetricFamily.Value) -> String {
        switch value {
        case .count(let count): return String(count)
        case .number(let number):
            if number.isNaN { return "NaN" }
            if number.isInfinite { return number < 0 ? "-Inf" : "+Inf" }
            return String(number)
        }
    }
}
