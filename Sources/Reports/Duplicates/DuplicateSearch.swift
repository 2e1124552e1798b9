package import FileTree
package import StorageModel

/// Finds files of the same content: first by size, then by a digest of their first and last 4 KiB, then by one of everything.
/// So most files are never read, and few in full.
///
/// Other names of an inode are not duplicates. Files that share all their blocks already (reflinks) are in the groups, and
/// count as one copy.
package struct DuplicateSearch {
    /// A scanned source.
    package struct Source {
        package let reference: SourceReference
        package let root: SharedDescriptor
        package let tree: UsageTree

        package init(reference: SourceReference, root: SharedDescriptor, tree: UsageTree) {
            self.reference = reference
            self.root = root
            self.tree = tree
        }
    }

    /// The SHA-256 of some bytes of a file; `nil` if the file is shorter.
    package typealias ContentDigest = (borrowing Descriptor, Range<UInt64>) throws(FileError) -> Digest?

    private struct Candidate {
        let source: Int
        let index: Int
    }

    private let sources: [Source]
    private let minimumBytes: UInt64
    private let digest: ContentDigest
    private let checkpoint: Checkpoint
    private var report = DuplicateReport()

    private static let edgeBytes: UInt64 = 4096
    private static let limitNotices = 100

    package static func run(
        _ sources: [Source], minimumBytes: UInt64, checkpoint: Checkpoint, digest: @escaping ContentDigest
    ) -> DuplicateReport {
        var search = DuplicateSearch(
            sources: sources, minimumBytes: max(1, minimumBytes), digest: digest, checkpoint: checkpoint)
        search.search()
        return search.report
    }

    private init(sources: [Source], minimumBytes: UInt64, digest: @escaping ContentDigest, checkpoint: Checkpoint) {
        self.sources = sources
        self.minimumBytes = minimumBytes
        self.digest = digest
        self.checkpoint = checkpoint
    }

    private mutating func search() {
        let sizes = candidatesBySize()
        let count = sizes.reduce(0) { $0 + $1.files.count }
        checkpoint.progress.begin("comparing files", totalEntries: UInt64(count), totalBytes: nil)
        for (size, files) in sizes {
            for alike in split(files, size, by: edges(size)) {
                if size <= 2 * Self.edgeBytes {
                    add(alike, size)
                } else {
                    for same in split(alike, size, by: [0..<size]) { add(same, size) }
                }
            }
            if checkpoint.interruption.isRequested {
                report.isPartial = true
                break
            }
        }
        report.groups.sort {
            ($1.reclaimableBytes, $0.files[0].path) < ($0.reclaimableBytes, $1.files[0].path)
        }
    }

    /// Files of which there are several of a size, the largest sizes first.
    private func candidatesBySize() -> [(size: UInt64, files: [Candidate])] {
        var found: [(size: UInt64, file: Candidate)] = []
        for (number, source) in sources.enumerated() {
            for index in 0..<source.tree.count {
                let entry = source.tree[index]
                guard entry.kind == .file, entry.apparentBytes >= minimumBytes,
                    entry.flags.isDisjoint(with: [.countedElsewhere, .unreadable, .otherFileSystem])
                else { continue }
                found.append((entry.apparentBytes, Candidate(source: number, index: index)))
            }
        }
        found.sort { ($1.size, $0.file.source, $0.file.index) < ($0.size, $1.file.source, $1.file.index) }
        var result: [(size: UInt64, files: [Candidate])] = []
        var start = 0
        while start < found.count {
            let end = found[start...].firstIndex { $0.size != found[start].size } ?? found.count
            if end - start > 1 { result.append((found[start].size, found[start..<end].map(\.file))) }
            start = end
        }
        return result
    }

    private func edges(_ size: UInt64) -> [Range<UInt64>] {
        if size <= 2 * Self.edgeBytes { return [0..<size] }
        return [0..<Self.edgeBytes, (size - Self.edgeBytes)..<size]
    }

    /// Groups of at least two files with the same bytes in the ranges.
    private mutating func split(_ files: [Candidate], _ size: UInt64, by ranges: [Range<UInt64>]) -> [[Candidate]] {
        var groups: [[Digest]: [Candidate]] = [:]
        for file in files {
            if checkpoint.interruption.isRequested { break }
            if let key = key(file, size, ranges) { groups[key, default: []].append(file) }
        }
        return groups.values.filter { $0.count > 1 }
    }

    private mutating func key(_ file: Candidate, _ size: UInt64, _ ranges: [Range<UInt64>]) -> [Digest]? {
        var key: [Digest] = []
        do throws(FileError) {
            let opened = try open(file)
            guard try opened.status().sizeBytes == size else { return skip(file, "it changed meanwhile") }
            for range in ranges {
                guard let digest = try digest(opened, range) else { return skip(file, "it changed meanwhile") }
                key.append(digest)
            }
            checkpoint.progress.advance(entries: 1, bytes: ranges.reduce(0) { $0 + UInt64($1.count) })
        } catch {
            if error.errno == .noEntry { return nil }
            return skip(file, error.errno.description)
        }
        return key
    }

    private mutating func skip(_ file: Candidate, _ reason: String) -> [Digest]? {
        if report.skipped.count < Self.limitNotices {
            report.skipped.append(EntryNotice(path: sources[file.source].tree.path(of: file.index), reason: reason))
        }
        return nil
    }

    private func open(_ file: Candidate) throws(FileError) -> Descriptor {
        let source = sources[file.source]
        let path = source.tree.path(of: file.index)
        return try source.root.descriptor.openDirectory(beneath: path.parent).openFile(path.name, for: .reading)
    }

    /// Reports files that are the same. What is freed: all copies but the largest, each set of shared blocks one copy.
    private mutating func add(_ files: [Candidate], _ size: UInt64) {
        var copies: [[UInt64]: UInt64] = [:]
        var alone: [UInt64] = []
        var digest: Digest?
        for file in files {
            let allocated = sources[file.source].tree[file.index].allocatedBytes
            var place: [UInt64]?
            do throws(FileError) {
                let opened = try open(file)
                place = ExtentMap.sharedPlace(of: opened)
                if digest == nil { digest = try self.digest(opened, 0..<size) }
            } catch {
                // Gone since it was read: it frees nothing.
                continue
            }
            if let place { copies[place] = allocated } else { alone.append(allocated) }
        }
        guard let digest else { return }
        let sizes = (Array(copies.values) + alone).sorted()
        let found = files.map { file in
            DuplicateReport.File(
                source: sources[file.source].reference, path: sources[file.source].tree.path(of: file.index))
        }
        let order = found.indices.sorted {
            (files[$0].source, found[$0].path) < (files[$1].source, found[$1].path)
        }
        report.groups.append(
            DuplicateReport.Group(
                digest: digest, sizeBytes: size, files: order.map { found[$0] },
                reclaimableBytes: sizes.dropLast().reduce(0, &+)))
    }
}
