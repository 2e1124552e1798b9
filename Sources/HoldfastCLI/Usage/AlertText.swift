internal import StorageModel

/// The result of `usage alert` as plugins print it (nagios-plugins.org/doc/guidelines.html, "Plugin Output for Nagios").
enum AlertText {
    /// `STATE: text | 'label'=value[UOM];[warn];[crit];[min];[max] …`, then a line for each source. Text has no `|`: what is
    /// behind the first is performance data.
    static func text(_ alerts: [SourceAlerts]) -> String {
        let state = alerts.map(\.state).max() ?? .unknown
        let data = performance(alerts)
        var text = "\(state.word): \(headline(alerts, state))\(data.isEmpty ? "" : " | " + data)\n"
        for alert in alerts {
            let checks = alert.checks.filter { $0.subject != .source || alert.sample == nil }
            let size = alert.sample.map { ($0.isLowerBound ? "≥" : "") + $0.totals.allocatedBytes.asBytes + ", " } ?? ""
            text +=
                "\(alert.state.word) \(name(alert.source)): \(size)"
                + plain(checks.map(\.text).joined(separator: ", ")) + "\n"
        }
        return text
    }

    /// What could not be found out before any source was looked at.
    static func unknown(_ error: StorageError) -> String {
        let hint = error.hint.map { " (\($0))" } ?? ""
        return "UNKNOWN: \(plain(error.message + hint))\n"
    }

    static func unknownJSON(_ error: StorageError) -> JSONValue {
        [
            "state": .string(AlertState.unknown.word), "message": .string(error.message), "hint": .optional(error.hint),
            "sources": [],
        ]
    }

    /// The sources in the worst state, with what put them there.
    private static func headline(_ alerts: [SourceAlerts], _ state: AlertState) -> String {
        if alerts.isEmpty { return "there are no sources" }
        guard state != .good else {
            let names =
                alerts.count <= 3 ? alerts.map { name($0.source) }.joined(separator: ", ") : "\(alerts.count) sources"
            return alerts.count == 1
                ? "\(names), \(plain(alerts[0].checks.first?.text ?? "fine"))" : "\(names) are fine"
        }
        let worst = alerts.filter { $0.state == state }
        let told = worst.prefix(3).map { alert in
            let texts = alert.checks.filter { $0.state == state }.map(\.text)
            return "\(name(alert.source)): \(plain(texts.joined(separator: ", ")))"
        }
        let more = worst.count - told.count
        return told.joined(separator: "; ") + (more > 0 ? "; and \(more) more" : "")
    }

    /// The source's size first. Its thresholds are the sizes at which its file system would come to those of -w and -c, all
    /// else being the same; then one value for each check.
    private static func performance(_ alerts: [SourceAlerts]) -> String {
        alerts.flatMap { alert -> [String] in
            guard let sample = alert.sample else { return [] }
            let size = sample.totals.allocatedBytes
            let used = alert.checks.first { $0.subject == .usedPercent || $0.subject == .usedBytes }
            let limits = used.map { sizes($0, sample) } ?? AlertThreshold()
            let room = sample.space.map { String($0.usableBytes) } ?? ""
            var values = [value(label(alert.source), String(size) + "B", limits, "0;\(room)", whole)]
            for check in alert.checks {
                guard let number = check.value else { continue }
                let name = { (suffix: String) in label(alert.source, suffix) }
                switch check.subject {
                case .usedPercent:
                    values.append(value(name("_used"), decimal(number) + "%", check.threshold, "0;100", decimal))
                case .usedBytes:
                    values.append(value(name("_used"), whole(number) + "B", check.threshold, "0;\(room)", whole))
                case .daysLeft:
                    values.append(value(name("_days_left"), decimal(number), check.threshold, "0;", decimal))
                case .growthBytesPerDay:
                    values.append(value(name("_growth_per_day"), whole(number) + "B", check.threshold, ";", whole))
                case .backupAgeSeconds:
                    values.append(value(name("_backup_age"), whole(number) + "s", check.threshold, "0;", whole))
                case .source: break
                }
            }
            return values
        }.joined(separator: " ")
    }

    /// The thresholds of the file system as sizes of the source.
    private static func sizes(_ check: AlertCheck, _ sample: UsageSample) -> AlertThreshold {
        guard let room = sample.space else { return AlertThreshold() }
        let others = Double(room.usedBytes) - Double(sample.totals.allocatedBytes)
        let scale = check.subject == .usedPercent ? Double(room.usableBytes) / 100 : 1
        let convert = { (range: AlertRange) in
            range.map { end in end == 0 || end.isInfinite ? end : max(0, (end * scale - others).rounded()) }
        }
        return AlertThreshold(
            warning: check.threshold.warning.map(convert), critical: check.threshold.critical.map(convert))
    }

    private static func value(
        _ label: String, _ value: String, _ threshold: AlertThreshold, _ bounds: String, _ number: (Double) -> String
    ) -> String {
        let (warning, critical) = (threshold.warning?.text(number), threshold.critical?.text(number))
        return "\(label)=\(value);\(warning ?? "");\(critical ?? "");\(bounds)"
    }

    private static func whole(_ number: Double) -> String { String(Int64(max(-9e18, min(9e18, number.rounded())))) }

    private static func decimal(_ number: Double) -> String {
        let rounded = (number * 100).rounded() / 100
        return rounded == rounded.rounded() && rounded.magnitude < 1e15 ? String(Int64(rounded)) : String(rounded)
    }

    /// In single quotes, which are doubled inside; the equals sign has no place in a label.
    private static func label(_ source: SourceReference, _ suffix: String = "") -> String {
        let text = name(source).map { $0 == "=" ? "_" : String($0) }.joined().replacing("'", with: "''")
        return "'\(text)\(suffix)'"
    }

    private static func name(_ source: SourceReference) -> String {
        if case .volume(let name) = source { return name.rawValue }
        return plain(source.description)
    }

    private static func plain(_ text: String) -> String { text.printable().replacing("|", with: "¦") }

    static func json(_ alerts: [SourceAlerts]) -> JSONValue {
        let state = alerts.map(\.state).max() ?? .unknown
        return [
            "state": .string(state.word),
            "sources": .array(
                alerts.map { alert in
                    [
                        "source": .string(alert.source.description), "state": .string(alert.state.word),
                        "allocatedBytes": .optional(alert.sample?.totals.allocatedBytes),
                        "scannedAt": .optional(alert.sample?.scannedAt.description),
                        "checks": .array(alert.checks.map(json)),
                    ]
                }),
        ]
    }

    private static func json(_ check: AlertCheck) -> JSONValue {
        [
            "subject": .string(check.subject.rawValue), "state": .string(check.state.word),
            "value": check.value.map { .number($0) } ?? .null, "text": .string(check.text),
            "warning": .optional(check.threshold.warning?.text(decimal)),
            "critical": .optional(check.threshold.critical?.text(decimal)),
        ]
    }
}
