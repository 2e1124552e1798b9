internal import Archive
package import Encryption
internal import FileTree
package import StorageModel

/// Proves archives whole in turn, as far as a budget goes.
package struct Scrub {
    private let destination: String
    private let budget: ScrubBudget
    private let keys: DecryptionKeys
    private let checkpoint: Checkpoint

    package init(_ destination: String, _ budget: ScrubBudget, keys: DecryptionKeys, checkpoint: Checkpoint) {
        self.destination = HostPath.absolute(destination)
        self.budget = budget
        self.keys = keys
        self.checkpoint = checkpoint
    }

    /// Verifies those first that never were, then those whose last time is longest ago.
    ///
    /// - Parameter body: called with each archive's report as it comes.
    /// - Throws: if the destination cannot be listed or its journal not be written; what is wrong with archives is in their reports.
    package func run(_ body: (VerifyReport) throws(StorageError) -> Void) throws(StorageError) -> ScrubReport {
        let start = ContinuousClock().now
        var journal = ScrubJournal(in: destination)
        let archives = try ArchiveDiscovery.archives(at: destination, keys: keys, checkpoint: checkpoint)
        let names = archives.map { relative($0.archive) }
        journal.verifiedAt = journal.verifiedAt.filter { Set(names).contains($0.key) }
        let turn = zip(names, archives).sorted { left, right in
            let (first, second) = (journal.verifiedAt[left.0], journal.verifiedAt[right.0])
            return first == second ? left.0 < right.0 : (first ?? .earliest) < (second ?? .earliest)
        }
        var report = ScrubReport(archives: UInt64(archives.count))
        for (name, summary) in turn {
            let elapsed = start.duration(to: ContinuousClock().now)
            guard !budget.isUsed(bytes: report.verifiedBytes, seconds: elapsed.seconds) else { break }
            let verified: VerifyReport
            switch try verify(summary.archive, journal.verifiedAt[name]) {
            case .verified(let found): verified = found
            case .unchecked(let archive):
                report.unchecked.append(archive)
                continue
            case .gone: continue
            }
            report.verified += 1
            report.verifiedBytes += verified.archiveBytes
            if verified.verdict == .intact { journal.verifiedAt[name] = .now } else { report.damaged += 1 }
            // Noted at once: an interrupted scrub goes on where it was.
            try journal.write(to: destination)
            try body(verified)
        }
        report.neverVerified = UInt64(names.count { journal.verifiedAt[$0] == nil })
        report.oldest = names.compactMap { journal.verifiedAt[$0] }.min()
        return report
    }

    private enum Outcome {
        case verified(VerifyReport)
        case unchecked(UncheckedArchive)
        /// Somebody removed it meanwhile.
        case gone
    }

    /// One archive that cannot be opened, or read to its end, keeps no other from its turn.
    ///
    /// - Throws: only ``StorageError/interrupted``.
    private func verify(_ archive: String, _ last: Timestamp?) throws(StorageError) -> Outcome {
        do throws(StorageError) {
            return .verified(try Verification.run(.file(archive), keys: keys, checkpoint: checkpoint))
        } catch {
            if error.code == .interrupted { throw error }
            if error.code == .notFound { return .gone }
            if let verdict = Self.verdict(error) {
                return .verified(
                    VerifyReport(
                        archive: archive, verdict: verdict, entries: 0, frames: 0, archiveBytes: 0, validBytes: 0,
                        findings: [error.message], tableDigest: nil, seconds: 0))
            }
            return .unchecked(UncheckedArchive(archive: archive, reason: error.message, verifiedAt: last))
        }
    }

    /// What a failure says of the archive: `nil` if it says nothing. A disk that cannot read a file has lost it.
    private static func verdict(_ error: StorageError) -> VerifyReport.Verdict? {
        switch error.code {
        case .damaged, .limitExceeded: .damaged
        case .truncated: .truncated
        default: error.errno == .inputOutput ? .damaged : nil
        }
    }

    private func relative(_ path: String) -> String {
        path.hasPrefix(destination + "/") ? String(path.dropFirst(destination.utf8.count + 1)) : path
    }
}

extension Timestamp {
    fileprivate static let earliest = Timestamp(seconds: .min)
}
