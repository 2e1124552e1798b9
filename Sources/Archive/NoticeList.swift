internal import FileTree
package import StorageModel

/// What could not be read or made as it should be, gathered from all threads.
package final class NoticeList: Sendable {
    private struct State: Sendable {
        var changed: [EntryPath: String] = [:]
        var skipped: [EntryPath: String] = [:]
        var altered: [EntryPath: String] = [:]
        var reasons: [EntryNotice] = []
    }

    private let monitor = Monitor(State())
    private let keepsReasons: Bool

    /// - Parameter keepsReasons: whether it is kept for every entry why it was read.
    package init(keepsReasons: Bool = false) { self.keepsReasons = keepsReasons }

    package func addChanged(_ path: EntryPath, _ reason: String) {
        monitor.update { state in
            if state.changed[path] == nil { state.changed[path] = reason }
        }
    }

    package func addSkipped(_ path: EntryPath, _ reason: String) {
        monitor.update { state in
            if state.skipped[path] == nil { state.skipped[path] = reason }
        }
    }

    /// The content is another than the previous archive has, though nothing of the file's status says so.
    func addAltered(_ path: EntryPath, _ reason: String) {
        monitor.update { state in state.altered[path] = state.altered[path] ?? reason }
    }

    /// Why an entry is not taken from the previous archive.
    func addReason(_ path: EntryPath, _ reason: ChangeReason) {
        guard keepsReasons else { return }
        monitor.update { $0.reasons.append(EntryNotice(path: path, reason: reason.rawValue)) }
    }

    package var altered: [EntryNotice] { sorted(monitor.update { $0.altered }) }
    /// In the order of the walk.
    package var reasons: [EntryNotice] { monitor.update { $0.reasons } }
    package var changed: [EntryNotice] { sorted(monitor.update { $0.changed }) }
    package var skipped: [EntryNotice] { sorted(monitor.update { $0.skipped }) }

    private func sorted(_ list: [EntryPath: String]) -> [EntryNotice] {
        list.map { EntryNotice(path: $0.key, reason: $0.value) }.sorted { $0.path < $1.path }
    }
}

extension EntryNotice {
    /// Whether it tells of a socket, which has no content that could be missing.
    var isOfSocket: Bool { reason.hasPrefix("socket") }
}
