extension JobReport {
    /// The run in one line, safe for a terminal: `nightly: success, 3 of 3 sources, 1.2GiB in, 300MiB out (280MiB reused), 12.3 s`.
    public var summary: String {
        let done = sources.count { $0.error == nil }
        var parts = [
            isInterrupted ? "interrupted" : outcome.rawValue, "\(done) of \(sources.count) sources",
            "\(ByteCount(sourceBytes)) in", "\(ByteCount(archiveBytes)) out (\(ByteCount(reusedBytes)) reused)",
        ]
        if removedArchives > 0 { parts.append("\(removedArchives) old archives removed (\(ByteCount(freedBytes)))") }
        let copied = caughtUp.reduce(into: (count: 0, bytes: 0) as (count: UInt64, bytes: UInt64)) {
            $0.count += $1.copied
            $0.bytes += $1.copiedBytes
        }
        if copied.count > 0 { parts.append("\(copied.count) missing copies made (\(ByteCount(copied.bytes)))") }
        parts.append("\((seconds * 10).rounded() / 10) s")
        let reasons = failures
        if let first = reasons.first {
            parts.append(reasons.count > 1 ? "\(first) (and \(reasons.count - 1) more)" : first)
        }
        return "\(job): \(parts.joined(separator: ", "))".printable()
    }

    /// Everything that makes the run a failure, one sentence each.
    public var failures: [String] {
        errors
            + sources.flatMap { source in
                (source.error.map { ["\(source.source): \($0)"] } ?? [])
                    + source.copies.compactMap { copy in
                        copy.error.map { "\(source.source): copy to '\(copy.destination)': \($0)" }
                    }
            }
    }
}
