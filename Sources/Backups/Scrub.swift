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

    /// Verifies those first that never were, then those whose last time is longest ago. What is found damaged waits for its next
    /// turn too, so that it does not use up every budget; until then the report names it.
    ///
    /// - Parameter body: called with each archive's report as it comes.
    /// - Throws: if the destination cannot be listed or its journal not be written; what is wrong with archives is in their reports.
    package func run(_ body: (VerifyReport) throws(StorageError) -> Void) throws(StorageError) -> ScrubReport {
        let start = ContinuousClock().now
        var journal = ScrubJournal(in: destination)
        let archives = try ArchiveDiscovery.archives(at: destination, keys: keys, checkpoint: checkpoint)
        let names = archives.map { relative($0.archive) }
        let present = Set(names)
        journal.notes = journal.notes.filter { present.contains($0.key) }
        let turn = zip(names, archives).sorted { left, right in
            let (first, second) = (journal.notes[left.0]?.lookedAt, journal.notes[right.0]?.lookedAt)
            return first == second ? left.0 < right.0 : (first ?? .earliest) < (second ?? .earliest)
        }
        let before = journal.notes
        var looked: Set<String> = []
        var report = ScrubReport(archives: UInt64(archives.count))
        for (name, summary) in turn {
            let elapsed = start.duration(to: ContinuousClock().now)
            guard !budget.isUsed(bytes: report.verifiedBytes, seconds: elapsed.seconds) else { break }
            let verified: VerifyReport
            switch try verify(summary.archive, before[name]?.verifiedAt) {
            case .verified(let found): verified = found
            case .unchecked(let archive):
                report.unchecked.append(archive)
                continue
            case .gone: continue
            }
            report.verified += 1
            report.verifiedBytes += verified.archiveBytes
            looked.insert(name)
            if verified.verdict == .intact {
                journal.notes[name] = ScrubJournal.Note(verifiedAt: .now)
            } else {
                report.damaged += 1
                journal.notes[name, default: ScrubJournal.Note()].damage =
                    ScrubJournal.Damage(foundAt: .now, verdict: verified.verdict)
            }
            // Noted at once: an interrupted scrub goes on where it was.
            try journal.write(to: destination)
            try body(verified)
        }
        report.neverVerified = UInt64(names.count { journal.notes[$0]?.verifiedAt == nil })
        report.oldest = names.compactMap { journal.notes[$0]?.verifiedAt }.min()
        report.knownDamaged = turn.compactMap { name, summary in
            guard !looked.contains(name), let damage = before[name]?.damage else { return nil }
            return DamagedArchive(archive: summary.archive, verdict: damage.verdict, foundAt: damage.foundAt)
        }
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
