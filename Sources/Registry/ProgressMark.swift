internal import FileTree
internal import StorageModel

/// Reports how far a transfer is, and what goes back and is done again only once.
final class ProgressMark: Sendable {
    private let progress: any ProgressSink
    private let reported = Monitor<UInt64>(0)

    init(_ progress: any ProgressSink) { self.progress = progress }

    /// So many bytes, from the start, are done.
    func reach(_ bytes: UInt64) {
        let more = reported.update { reported in
            defer { reported = max(reported, bytes) }
            return bytes > reported ? bytes - reported : 0
        }
        if more > 0 { progress.advance(entries: 0, bytes: more) }
    }
}
