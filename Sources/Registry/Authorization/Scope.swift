/// What a token is for: `repository:NAME:pull,push` (distribution specification, "Token Scope Documentation").
struct Scope: Hashable, Sendable, Comparable, CustomStringConvertible {
    let description: String

    static func pull(_ repository: String) -> Scope { Scope(description: "repository:\(repository):pull") }

    static func push(_ repository: String) -> Scope { Scope(description: "repository:\(repository):pull,push") }

    static func < (left: Scope, right: Scope) -> Bool { left.description < right.description }
}
