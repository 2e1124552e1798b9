internal import StorageModel

/// A value of a job file, with the place where it is written. All that is not a list or a mapping is text.
struct JobNode {
    enum Content {
        case nothing
        case text(String)
        case list([JobNode])
        case mapping([JobEntry])
    }

    let content: Content
    let place: JobPlace

    /// What it is, for messages; a text is not shown, because it may be a secret.
    var kind: String {
        switch content {
        case .nothing: "empty"
        case .text: "a text"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// A key of a mapping and its value.
struct JobEntry {
    let key: String
    let place: JobPlace
    let value: JobNode
}

/// Where something is written.
struct JobPlace: Hashable {
    /// Both from 1.
    let line, column: Int

    static let start = JobPlace(line: 1, column: 1)
}

/// Collects the mistakes of one file.
final class JobFaults {
    private let file: String
    private var found: [JobFileFault] = []

    /// So many are told; a file with more is none.
    private static let limit = 200

    init(file: String) { self.file = file }

    var count: Int { found.count }

    func add(_ place: JobPlace, _ reason: String) {
        guard found.count < Self.limit else { return }
        found.append(JobFileFault(file: file, line: place.line, column: place.column, reason: reason))
    }

    /// Adds an error's message and hint.
    func add(_ place: JobPlace, _ error: StorageError) {
        add(place, ([error.message] + (error.hint.map { [$0] } ?? [])).joined(separator: "; "))
    }

    /// What `body` returns, or `nil` with its error noted.
    func attempt<Value>(_ place: JobPlace, _ body: () throws(StorageError) -> Value) -> Value? {
        do throws(StorageError) { return try body() } catch {
            add(place, error)
            return nil
        }
    }

    /// In the order of the file, each once: what stands in several jobs by an alias is one mistake.
    var all: [JobFileFault] {
        var known: Set<JobFileFault> = []
        let each = found.filter { known.insert($0).inserted }.enumerated()
        return each.sorted {
            ($0.element.line, $0.element.column, $0.offset) < ($1.element.line, $1.element.column, $1.offset)
        }.map(\.element)
    }
}
