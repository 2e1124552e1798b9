internal import StorageModel

/// The verdict on mounts, as it is printed.
enum MountCheckRow {
    /// The keys are a promise to scripts.
    static func json(_ report: MountCheckReport) -> JSONValue {
        let subject = report.subject
        return [
            "verdict": .string(report.verdict.rawValue),
            "findings": .array(report.assessments.flatMap { assessment in findings(assessment) }),
            "user": [
                "uid": .unsigned(UInt64(subject.uid)), "gid": .unsigned(UInt64(subject.gid)),
                "groups": .array(subject.supplementaryGroups.map { .unsigned(UInt64($0)) }),
                "hostUid": hostID(subject.uid, subject), "hostGid": hostID(subject.gid, subject),
            ],
            "mounts": .array(
                report.assessments.map { assessment in
                    [
                        "type": .string(assessment.mount.kind),
                        "destination": .string(assessment.mount.destination.rawValue),
                        "source": .optional(assessment.sourcePath), "readOnly": .boolean(assessment.mount.isReadOnly),
                        "verdict": .string(assessment.verdict.rawValue), "findings": .array(findings(assessment)),
                    ]
                }),
        ]
    }

    private static func hostID(_ id: UInt32, _ subject: MountSubject) -> JSONValue {
        guard let mapping = subject.mapping else { return .unsigned(UInt64(id)) }
        return .optional(mapping.outside(of: id).map(UInt64.init))
    }

    private static func findings(_ assessment: MountAssessment) -> [JSONValue] {
        assessment.findings.map { finding in
            [
                "code": .string(finding.code.rawValue), "severity": .string(finding.severity.rawValue),
                "path": .string(finding.path), "message": .string(finding.message), "hint": .optional(finding.hint),
                "alternatives": .array(finding.alternatives.map { .string($0) }),
                "destination": .string(assessment.mount.destination.rawValue),
            ]
        }
    }

    /// One line for each mount, and below it what is to be said of it. Messages and hints are safe to print as they are.
    static func text(_ report: MountCheckReport) -> String {
        report.assessments.map { assessment in
            let mount = assessment.mount
            let source = assessment.sourcePath ?? mount.askedSource
            let name = source.map { " \($0.printable())" } ?? ""
            var lines = [
                "\(assessment.verdict.rawValue): \(mount.kind)\(name) at \(mount.destination.rawValue.printable())"
                    + (mount.isReadOnly ? ", read-only" : "")
            ]
            for finding in assessment.findings {
                lines.append("  \(finding.severity.rawValue) (\(finding.code.rawValue)): \(finding.message)")
                if let hint = finding.hint { lines.append("    hint: \(hint)") }
                lines += finding.alternatives.map { "    or: \($0)" }
            }
            return lines.joined(separator: "\n") + "\n"
        }.joined()
    }
}

extension MountSpec {
    /// What was asked for, where it has a name.
    fileprivate var askedSource: String? {
        switch content {
        case .volume(let mount): mount.name?.rawValue
        case .bind(let mount): mount.source
        case .image(let mount): mount.reference
        case .tmpfs: nil
        }
    }
}
