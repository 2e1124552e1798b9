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
        let turn = journal.turn(of: archives.map { (relative($0.archive), $0.archive) })
        var report = ScrubReport(archives: UInt64(archives.count))
        /// Those that keep what is known of them.
        var untouched = Set(turn.map(\.name))
        for (name, archive) in turn {
            let elapsed = start.duration(to: ContinuousClock().now)
            guard !budget.isUsed(bytes: report.verifiedBytes, seconds: elapsed.seconds) else { break }
            switch try verify(archive, journal.notes[name]?.verifiedAt) {
            case .verified(let verified):
                untouched.remove(name)
                report.verified += 1
                report.verifiedBytes += verified.archiveBytes
                if verified.verdict != .intact { report.damaged += 1 }
                journal.note(verified.verdict, of: name)
                // Noted at once: an interrupted scrub goes on where it was.
                try journal.write(to: destination)
                try body(verified)
            case .unchecked(let archive): report.unchecked.append(archive)
            case .gone: untouched.remove(name)
            }
        }
        report.neverVerified = UInt64(turn.count { journal.notes[$0.name]?.verifiedAt == nil })
        report.oldest = turn.compactMap { journal.notes[$0.name]?.verifiedAt }.min()
        report.knownDamaged = turn.compactMap { name, archive in
            guard untouched.contains(name), let damage = journal.notes[name]?.damage else { return nil }
            return DamagedArchive(archive: archive, verdict: damage.verdict, foundAt: damage.foundAt)
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
