internal import StorageModel

/// One copy of a tree, on several threads.
///
/// A directory, and each part of a large one, is a piece of work; nothing is held open between pieces, however deep the tree.
/// First everything is made but further names of files, then those, then directories get their metadata, the deepest first:
/// making an entry changes the times of its directory, and a directory may forbid its owner to write.
final class TreeCopier {
    private enum Work: Sendable {
        case enter(SourceDirectory, FileStatus?)
        case copy([SourceEntry], in: SourceDirectory)
        case finish([EntryCopier.MadeDirectory])
    }

    private let job: CopyJob
    private let pool: WorkerPool
    private let threads: Int
    /// What the threads did, each adding its part when it is through.
    private let done = Monitor(Done())

    private struct Done: Sendable {
        var report = TreeCopy.Report()
        var furtherNames: [EntryCopier.FurtherName] = []
        var directories: [EntryCopier.MadeDirectory] = []
        var runningThreads = 0
    }

    private static let batchEntries = 128

    init(_ job: CopyJob) {
        self.job = job
        threads = job.options.threads
        pool = WorkerPool(threads: threads)
    }

    func run() throws(StorageError) -> TreeCopy.Report {
        defer { pool.finish() }
        try perform([.enter(job.source.root, nil)])
        try addFurtherNames()
        try finishDirectories()
        var report = done.update { $0.report }
        report.skipped.sort { $0.path < $1.path }
        report.changed.sort { $0.path < $1.path }
        return report
    }

    private func addFurtherNames() throws(StorageError) {
        let names = done.update { done in
            defer { done.furtherNames = [] }
            return done.furtherNames.sorted { $0.path < $1.path }
        }
        if names.isEmpty { return }
        let copier = EntryCopier(job)
        for name in names {
            try job.checkpoint.interruption.check()
            try copier.addName(name)
        }
        done.update { $0.report.add(copier.report) }
    }

    private func finishDirectories() throws(StorageError) {
        let directories = done.update { $0.directories }
        let levels = Dictionary(grouping: directories) { $0.path.depth }.sorted { $0.key > $1.key }
        for (_, level) in levels {
            try perform(
                stride(from: 0, to: level.count, by: Self.batchEntries).map {
                    .finish(Array(level[$0..<min($0 + Self.batchEntries, level.count)]))
                })
        }
    }

    /// Does the work, and what it finds, on all threads.
    private func perform(_ work: [Work]) throws(StorageError) {
        let (job, done) = (job, done)
        let stack = WorkStack<Work>()
        stack.push(work)
        done.update { $0.runningThreads = threads }
        for _ in 0..<threads {
            pool.submit {
                let copier = EntryCopier(job)
                stack.work { (work, found) throws(StorageError) in
                    try Self.perform(work, copier, job.checkpoint.interruption, &found)
                }
                done.update {
                    $0.report.add(copier.report)
                    $0.furtherNames += copier.furtherNames
                    $0.directories += copier.directories
                    $0.runningThreads -= 1
                }
            }
        }
        done.wait { $0.runningThreads == 0 ? () : nil }
        if let failure = stack.failure { throw failure }
    }

    private static func perform(
        _ work: Work, _ copier: EntryCopier, _ interruption: Interruption, _ found: inout [Work]
    ) throws(StorageError) {
        try interruption.check()
        switch work {
        case .enter(let directory, let status):
            let entries = try copier.enter(directory, status)
            for start in stride(from: 0, to: entries.count, by: batchEntries).reversed() {
                let batch = Array(entries[start..<min(start + batchEntries, entries.count)])
                found.append(.copy(batch, in: directory))
            }
        case .copy(let entries, let directory):
            for (subdirectory, status) in try copier.copy(entries, in: directory) {
                found.append(.enter(subdirectory, status))
            }
        case .finish(let directories):
            for directory in directories { try copier.finish(directory) }
        }
    }
}
