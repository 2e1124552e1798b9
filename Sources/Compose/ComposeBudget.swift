internal import StorageModel

/// How many values all files of a project may come to: each service that extends another gets that one's values too.
final class ComposeBudget {
    private static let limitNodes = 1_000_000
    private var taken = 0

    func take(_ node: ComposeNode, at place: ComposePlace) throws(StorageError) {
        taken += node.nodeCount
        guard taken <= Self.limitNodes else {
            throw place.fault("the files have too many values together", code: .limitExceeded)
        }
    }
}

extension ComposeNode {
    fileprivate var nodeCount: Int {
        switch content {
        case .null, .text: 1
        case .list(let list): list.reduce(1) { $0 + $1.nodeCount }
        case .mapping(let entries): entries.reduce(1) { $0 + $1.value.nodeCount }
        }
    }
}
