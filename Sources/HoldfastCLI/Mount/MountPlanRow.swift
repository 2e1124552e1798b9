internal import StorageModel

/// A plan of mounts as it is printed.
enum MountPlanRow {
    /// What `container inspect` says of a mount, and where it comes from. The keys are a promise to scripts.
    static func json(_ report: MountPlanReport) -> [JSONValue] {
        report.mounts.enumerated().map { index, entry in
            guard case .object(var members) = MountRow.json(entry.details) else { return .null }
            members["order"] = .integer(Int64(index + 1))
            members["origin"] = .string(entry.origin)
            members["reason"] = .string(entry.reason)
            members["state"] = .string(entry.state.rawValue)
            members["resolvedSource"] = .optional(entry.resolvedSource)
            members["populatedFrom"] = .optional(entry.populatedFrom?.rawValue)
            return .object(members)
        }
    }

    static func table(_ report: MountPlanReport) -> Table {
        var table = Table([
            Table.Column(heading: "#", isNumber: true), Table.Column(heading: "DESTINATION"),
            Table.Column(heading: "TYPE"), Table.Column(heading: "SOURCE"), Table.Column(heading: "MODE"),
            Table.Column(heading: "WHAT HAPPENS"), Table.Column(heading: "WHY", isFlexible: true),
        ])
        for (index, entry) in report.mounts.enumerated() {
            let spec = entry.details.mount.spec
            table.append([
                String(index + 1), spec.destination.rawValue, spec.kind, source(entry), mode(spec), events(entry),
                entry.reason,
            ])
        }
        return table
    }

    private static func source(_ entry: MountPlanEntry) -> String {
        if let name = entry.details.mount.spec.volumeName { return name.rawValue + subpath(entry) }
        if entry.details.mount.spec.isAnonymousVolume { return "(a new name)" }
        return entry.details.source.isEmpty ? "-" : entry.details.source + subpath(entry)
    }

    private static func subpath(_ entry: MountPlanEntry) -> String {
        let path: EntryPath =
            switch entry.details.mount.spec.content {
            case .volume(let volume): volume.subpath
            case .image(let image): image.subpath
            case .bind, .tmpfs: .root
            }
        return path.isRoot ? "" : " (\(path))"
    }

    private static func mode(_ spec: MountSpec) -> String {
        var words = [spec.isReadOnly ? "ro" : "rw"]
        if case .bind(let bind) = spec.content, bind.propagation != .rprivate {
            words.append(bind.propagation.rawValue)
        }
        return (words + MountRow.options(of: spec)).joined(separator: ",")
    }

    /// What is made, filled, or missing.
    private static func events(_ entry: MountPlanEntry) -> String {
        let isBind = entry.details.mount.spec.kind == "bind"
        var events: [String] = []
        switch entry.state {
        case .created: events.append(isBind ? "the directory is made" : "the volume is made")
        case .missing: events.append("fails: the source is missing")
        case .exists:
            if let resolved = entry.resolvedSource, resolved != entry.details.source {
                events.append("the source is \(resolved)")
            }
        }
        if let path = entry.populatedFrom { events.append("filled from \(path.rawValue) of the image") }
        return events.isEmpty ? "-" : events.joined(separator: ", ")
    }
}
