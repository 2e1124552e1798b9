internal import StorageModel

// What is backed up, where to, and what is kept there.
extension JobReader {
    func sources(_ mapping: JobMapping) -> [JobSource] {
        mapping.elements("sources").compactMap { node in
            if case .text(let text) = node.content {
                return faults.attempt(node.place) { () throws(StorageError) in .named(try SourceReference(text)) }
            }
            return selection(node)
        }
    }

    private func selection(_ node: JobNode) -> JobSource? {
        guard let selection = JobMapping(node, "a source", keys: ["all", "filter", "engine"], faults) else {
            return nil
        }
        // Two optionals, one in the other: no key, or Holdfast itself.
        let engine = selection.value("engine", expected: "one of holdfast, docker, podman") { text -> VolumeEngine?? in
            if text == "holdfast" { return .some(VolumeEngine?.none) }
            return VolumeEngine(rawValue: text).map { .some($0) }
        }
        let isAll = selection.flag("all") ?? false
        let conditions = selection.texts("filter", expected: "a condition as label=app=shop")
        for condition in conditions {
            _ = faults.attempt(condition.node.place) { () throws(StorageError) in
                try VolumeFilter(parsing: [condition.text])
            }
        }
        guard isAll || !conditions.isEmpty else {
            if !selection.has("filter") {
                faults.add(selection.place, "a source selects nothing; a name, 'all: true' or a 'filter' is expected")
            }
            return nil
        }
        return .selected(conditions: conditions.map(\.text), of: engine ?? nil)
    }

    func destinations(_ mapping: JobMapping) -> [JobDestination] {
        let shared = mapping.node("retention").flatMap { retention($0) }
        var destinations: [JobDestination] = []
        for node in mapping.elements("to") {
            guard var destination = destination(node, mapping) else { continue }
            if destination.retention == nil { destination.retention = shared }
            if destinations.contains(where: { $0.path == destination.path }) {
                faults.add(node.place, "'to' names '\(destination.path.printable(limit: 80))' twice; once is expected")
            }
            destinations.append(destination)
        }
        return destinations
    }

    private func destination(_ node: JobNode, _ mapping: JobMapping) -> JobDestination? {
        if case .text = node.content { return mapping.path(node, "to").map { JobDestination(path: Self.trimmed($0)) } }
        let keys = ["path", "mounted", "marker", "retention"]
        guard let fields = JobMapping(node, "a destination", keys: keys, faults) else { return nil }
        guard let path = fields.path("path") else {
            if !fields.has("path") { faults.add(fields.place, "a destination has no 'path', which is expected") }
            return nil
        }
        var destination = JobDestination(path: Self.trimmed(path))
        destination.isMounted = fields.flag("mounted") ?? false
        destination.marker = fields.value("marker", expected: "the name of a file") { text in
            let isName = !text.isEmpty && text != "." && text != ".." && text.utf8.count <= 255
            return isName && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f && $0 != 0x2f } ? text : nil
        }
        if destination.isMounted, !fields.has("marker") { destination.marker = JobDestination.defaultMarker }
        destination.retention = fields.node("retention").flatMap { retention($0) }
        return destination
    }

    /// Without slashes at the end.
    private static func trimmed(_ path: String) -> String {
        var trimmed = path
        while trimmed.utf8.count > 1 && trimmed.hasSuffix("/") { trimmed.removeLast() }
        return trimmed
    }

    // MARK: Retention

    private func retention(_ node: JobNode) -> JobRetention? {
        let periods = RetentionPolicy.Period.allCases
        let keys =
            periods.map { "keep-\($0.rawValue)" } + ["keep-within"]
            + periods.dropFirst().map { "keep-within-\($0.rawValue)" } + ["keep-tag", "tz"]
        let before = faults.count
        guard let fields = JobMapping(node, "'retention'", keys: keys, faults) else { return nil }
        var policy = RetentionPolicy()
        let span = "a span as 1y2m3d4h"
        for period in periods {
            policy.counts[period] = fields.value(
                "keep-\(period.rawValue)", expected: "a whole number or unlimited", KeepCount.init(parsing:))
            guard period != .last else { continue }
            policy.withinPeriods[period] = fields.value(
                "keep-within-\(period.rawValue)", expected: span, RetentionSpan.init(parsing:))
        }
        policy.within = fields.value("keep-within", expected: span, RetentionSpan.init(parsing:)) ?? RetentionSpan()
        policy.tagLists = fields.texts("keep-tag", expected: "tags, parted by commas").map {
            RetentionPolicy.tagList(parsing: $0.text)
        }
        let zone = fields.node("tz").flatMap { zoneName($0, "tz", fields) }
        guard !policy.isEmpty else {
            if faults.count == before {
                faults.add(fields.place, "'retention' keeps nothing; a rule is expected, as in keep-daily: 7")
            }
            return nil
        }
        return JobRetention(policy: policy, zoneName: zone)
    }
}
