package import Archive
package import FileTree
internal import Glibc
package import StorageModel

/// Copies between the host and a container's root, as `docker cp` does.
///
/// Both sides are used by descriptor, every path is resolved inside its own root, and no link leads out of it. A copy is
/// built under a hidden name beside its place and moved there when it is complete: an interruption, a full disk or a
/// hostile stream leave the target as it was. Holes, hard links, devices and extended attributes are kept.
package struct ContainerCopy: Sendable {
    package struct Options: Sendable {
        /// Whether a link that is named as the source is followed (`--follow-link`).
        package var followsLink = false
        /// Whether owners are kept (`--archive`). Otherwise a copy in a container belongs to its root, a copy on the host to
        /// the caller.
        package var keepsOwners = false
        /// Whether the copy is on disk before success is reported.
        package var isDurable = true

        package init(followsLink: Bool = false, keepsOwners: Bool = false, isDurable: Bool = true) {
            self.followsLink = followsLink
            self.keepsOwners = keepsOwners
            self.isDurable = isDurable
        }
    }

    package struct Report: Sendable {
        package let entries: UInt64
        /// What could not be read, or has no place in the copy.
        package let skipped: [EntryNotice]
        /// What changed while it was read.
        package let changed: [EntryNotice]
    }

    private let options: Options
    private let checkpoint: Checkpoint

    package init(options: Options = Options(), checkpoint: Checkpoint) {
        self.options = options
        self.checkpoint = checkpoint
    }

    // MARK: Trees

    /// Copies a file or a directory.
    package func copy(_ origin: CopyEndpoint, to target: CopyEndpoint) throws(StorageError) -> Report {
        let source = try origin.source(followsLink: options.followsLink)
        let place = try target.place(for: source, from: origin.label)
        let area = try openArea(place, target)
        defer { area.discard() }
        checkpoint.progress.begin("copying", totalEntries: nil, totalBytes: nil)
        var copying = TreeCopy.Options()
        copying.owners = owners(from: origin, to: target)
        // As a process in the container sees it: with what is mounted in it.
        copying.walk.staysOnFileSystem = false
        copying.walk.excluded = [area.identity]
        let report = try stage(source, as: place.name, in: area, copying, target)
        try settle(area, place, target)
        return Report(entries: report.entries, skipped: report.skipped, changed: report.changed)
    }

    /// Copies under the name in the area; a directory's content without one.
    private func stage(
        _ source: CopySource, as name: [UInt8]?, in area: HiddenArea, _ copying: TreeCopy.Options,
        _ target: CopyEndpoint
    ) throws(StorageError) -> TreeCopy.Report {
        switch source {
        case .directory(let directory, _):
            let copy = try attempt(target) { () throws(FileError) in
                guard let name else { return SharedDescriptor(try area.content.reopenDirectory()) }
                try area.content.makeDirectory(name)
                return SharedDescriptor(try area.content.openDirectory(name))
            }
            return try TreeCopy.copy(
                directory.descriptor, to: copy.descriptor, ownership: Self.isPrivileged, options: copying,
                checkpoint: checkpoint)
        case .entry(let directory, let entry, let ownName):
            let report = try TreeCopy.copyEntry(
                entry, of: directory.descriptor, to: area.content, ownership: Self.isPrivileged, options: copying,
                checkpoint: checkpoint)
            // The one thing that was asked for: not to have it is no success with a warning.
            if let skipped = report.skipped.first(where: { $0.path.bytes == entry }), report.entries == 0 {
                throw StorageError(
                    .system, object: target.label,
                    "cannot copy '\(skipped.path.description.printable())': \(skipped.reason)")
            }
            let wanted = name ?? ownName
            if wanted != entry {
                try attempt(target) { () throws(FileError) in
                    try area.content.rename(entry, to: area.content, wanted, mode: .noReplace)
                }
            }
            return report
        }
    }

    // MARK: Streams

    /// The source as a tar stream, with the container's own owners: of a directory, its name and everything below it, or
    /// with `/.` behind the path its content below `./`; of anything else, the one entry. End the feed with `finish()`.
    package func archive(_ origin: CopyEndpoint) throws(StorageError) -> TreeTarFeed {
        var streaming = TreeTarFeed.Options()
        streaming.mapping = origin.mapping
        streaming.staysOnFileSystem = false
        switch try origin.source(followsLink: options.followsLink) {
        case .directory(let directory, let name):
            streaming.topName = name
            return TreeTarFeed(directory, options: streaming, checkpoint: checkpoint)
        case .entry(let directory, let entry, let name):
            streaming.topName = name
            streaming.only = entry
            return TreeTarFeed(directory, options: streaming, checkpoint: checkpoint)
        }
    }

    /// Unpacks a tar stream, compressed or not, into an existing directory. The stream's owners are those of the container.
    ///
    /// - Parameter name: of the stream, for messages: `-`.
    package func extract(
        _ stream: SharedDescriptor, called name: String, to target: CopyEndpoint
    ) throws(StorageError) -> Report {
        guard case .directory(let directory) = try target.target() else {
            throw StorageError(
                .conflict, object: target.label, "\(target.label) is not a directory",
                hint: "a stream is unpacked into a directory that exists")
        }
        let place = CopyPlace(directory: directory, name: nil)
        let area = try openArea(place, target)
        defer { area.discard() }
        var limits = ArchiveLimits()
        limits.totalBytes = try attempt(target) { () throws(FileError) in
            try directory.descriptor.availableBytes()
        }
        var policy = ExtractionPolicy(merges: false, isPrivileged: Self.isPrivileged)
        if let mapping = target.mapping { policy.owners = .outside(mapping) }
        let content = try attempt(target) { () throws(FileError) in
            SharedDescriptor(try area.content.reopenDirectory())
        }
        checkpoint.progress.begin("copying", totalEntries: nil, totalBytes: nil)
        let feed = try TarFeed(
            stream, name: name, threads: 1, limits: limits, interruption: checkpoint.interruption)
        defer { feed.finish() }
        var reader = TarReader(feed, limits: limits)
        let outcome = try TreeExtractor(root: content, policy: policy, threads: 1, checkpoint: checkpoint)
            .extract(&reader)
        guard outcome.isComplete else {
            throw StorageError(
                .truncated, object: name, "the tar stream has no end: more entries may be missing",
                hint: "the command that writes it failed; nothing was copied")
        }
        try settle(area, place, target)
        return Report(entries: outcome.entries, skipped: outcome.skipped, changed: [])
    }

    // MARK: Places

    private func openArea(_ place: CopyPlace, _ target: CopyEndpoint) throws(StorageError) -> HiddenArea {
        try attempt(target) { () throws(FileError) in try HiddenArea(in: place.directory.descriptor) }
    }

    /// Moves what was built to its place, unless a directory would take the place of something else or the other way round.
    private func settle(_ area: HiddenArea, _ place: CopyPlace, _ target: CopyEndpoint) throws(StorageError) {
        let conflict = try attempt(target) { () throws(FileError) in
            try TreeMerge.firstConflict(moving: area.content, into: place.directory.descriptor)
        }
        if let conflict {
            let shown = conflict.path.description.printable(limit: 300)
            let isDirectory = conflict.existing == .directory
            throw StorageError(
                .conflict, object: shown,
                isDirectory
                    ? "cannot overwrite directory '\(shown)' with something else"
                    : "cannot overwrite \(conflict.existing.word) '\(shown)' with a directory",
                hint: isDirectory
                    ? "remove it first" : "remove it first, or copy the directory's content with /. behind the path")
        }
        try TreeMerge.move(
            contentOf: area.content, into: place.directory.descriptor, ownership: Self.isPrivileged,
            checkpoint: checkpoint)
        if options.isDurable {
            try attempt(target) { () throws(FileError) in try place.directory.descriptor.syncFileSystem() }
        }
    }

    private func owners(from origin: CopyEndpoint, to target: CopyEndpoint) -> OwnerTranslation {
        if target.isContainer {
            if options.keepsOwners { return target.mapping.map { .outside($0) } ?? .same }
            let root = target.mapping?.outside(of: 0) ?? 0
            return .everythingTo(uid: root, gid: root)
        }
        if options.keepsOwners { return origin.mapping.map { .inside($0) } ?? .same }
        return .everythingTo(uid: geteuid(), gid: getegid())
    }

    /// Whether owners can be set and devices made.
    private static var isPrivileged: Bool { geteuid() == 0 }

    private func attempt<Result>(
        _ target: CopyEndpoint, _ body: () throws(FileError) -> Result
    ) throws(StorageError) -> Result {
        do throws(FileError) { return try body() } catch { throw target.failure(error, "copy to") }
    }
}
