internal import FileTree
package import StorageModel

/// Removes the archives of a destination that a retention policy does not keep.
///
/// Only files count that lie where `backup create` puts them, are named as it names them and, unless they are encrypted, open
/// as whole archives: everything else is neither counted nor touched. An archive's time is the one in its name.
package struct Forgetting {
    private let request: ForgetRequest
    private let checkpoint: Checkpoint

    package init(_ request: ForgetRequest, checkpoint: Checkpoint) {
        self.request = request
        self.checkpoint = checkpoint
    }

    /// - Returns: what became of each source's archives.
    /// - Throws: ``StorageError/Code/invalidInput`` for an empty policy, ``StorageError/Code/notFound`` for a missing
    ///   destination or source. Nothing was removed then.
    package func run() throws(StorageError) -> [ForgetGroup] {
        try request.policy.requireRules()
        let stored = try StoredArchives(below: request.destination, of: request.sources)
        if let missing = stored.missing(of: request.sources).first {
            throw StorageError(
                .notFound, object: missing.description,
                "there is no archive of \(missing) below '\(request.destination.printable())'",
                hint: "holdfast backup ls DEST lists the archives of a destination")
        }
        var groups: [ForgetGroup] = []
        for group in stored.groups { groups.append(try forget(group)) }
        return groups
    }

    private func forget(_ group: StoredArchives.Group) throws(StorageError) -> ForgetGroup {
        var result = ForgetGroup(source: group.source)
        let archives = try open(group, &result)
        // The later of two archives of one second comes first, as the newer one.
        let items = archives.map { RetentionItem(time: ZonedTime($0.name.time), tags: $0.tags) }
        let decisions = RetentionSelection(request.policy, zone: request.zone).decide(items, now: request.now)
        var doomed: [StoredArchives.Archive] = []
        for decision in decisions {
            let archive = archives[decision.index]
            let row = ForgetGroup.Archive(
                path: archive.path, time: archive.name.time, sizeBytes: archive.sizeBytes, tags: archive.tags,
                reasons: decision.reasons)
            if decision.isKept {
                result.keep.append(row)
            } else {
                result.remove.append(row)
                doomed.append(archive)
            }
        }
        if result.keep.isEmpty && !doomed.isEmpty { return refuse(result, archives.count) }
        try remove(doomed, of: group, &result)
        return result
    }

    /// The group's archives, the newest first. What cannot be opened is left alone, and told of.
    private func open(
        _ group: StoredArchives.Group, _ result: inout ForgetGroup
    ) throws(StorageError) -> [StoredArchives.Archive] {
        var archives: [StoredArchives.Archive] = []
        for name in group.names.reversed() {
            try checkpoint.interruption.check()
            do throws(StorageError) {
                if let archive = try group.open(name) { archives.append(archive) }
            } catch {
                result.notices.append("left alone: \(error.message)")
            }
        }
        return archives
    }

    private func refuse(_ group: ForgetGroup, _ count: Int) -> ForgetGroup {
        var result = group
        result.remove = []
        result.refusal = StorageError(
            .conflict, object: group.source,
            "the policy keeps none of the \(count) archive(s) of \(group.source), so none was removed",
            hint: "add a rule that keeps something, for example --keep-last 1")
        result.keep = group.remove
        return result
    }

    /// The oldest first, so that what is left after a crash is what the policy keeps, and some more.
    private func remove(
        _ archives: [StoredArchives.Archive], of group: StoredArchives.Group, _ result: inout ForgetGroup
    ) throws(StorageError) {
        guard !request.isDryRun, !archives.isEmpty else {
            result.freedBytes = archives.reduce(0) { $0 + $1.sizeBytes }
            return
        }
        for archive in archives.reversed() {
            try checkpoint.interruption.check()
            do throws(FileError) {
                try group.folder.descriptor.remove(Array(archive.name.text.utf8))
                result.freedBytes += archive.sizeBytes
            } catch {
                // Another forget was faster.
                if error.errno == .noEntry { continue }
                fail(
                    StorageError(error, doing: "remove archive '\(archive.path.printable())'", object: archive.path),
                    &result)
            }
        }
        do throws(FileError) {
            try group.folder.descriptor.sync()
        } catch {
            fail(StorageError(error, doing: "sync '\(group.path.printable())'", object: group.path), &result)
        }
    }

    private func fail(_ error: StorageError, _ result: inout ForgetGroup) {
        result.hasFailures = true
        result.notices.append(error.message)
    }
}
