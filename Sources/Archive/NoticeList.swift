internal import FileTree
package import StorageModel

/// What could not be read or made as it should be, gathered from all threads.
package final class NoticeList: Sendable {
    private struct State: Sendable {
        var changed: [EntryPath: String] = [:]
        var skipped: [EntryPath: String] = [:]
    }

    private let monitor = Monitor(State())

    package init() {}

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

    package var changed: [EntryNotice] { sorted(monitor.update { $0.changed }) }
    package var skipped: [EntryNotice] { sorted(monitor.update { $0.skipped }) }

    private func sorted(_ list: [EntryPath: String]) -> [EntryNotice] {
        list.map { EntryNotice(path: $0.key, reason: $0.value) }.sorted { $0.path < $1.path }
    }
}
