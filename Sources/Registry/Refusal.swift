internal import StorageModel

extension IncomingResponse {
    private static var errorLimitBytes: Int { 64 << 10 }

    /// The error that an answer with an unexpected status means.
    ///
    /// - Parameters:
    ///   - doing: what was attempted, as in "cannot `doing`".
    ///   - object: the image or blob in question.
    func refusal(doing: String, object: String, registry: String) -> StorageError {
        let causes = ["'\(address.origin)' answered with status \(status)"] + reasons()
        switch status {
        case 401, 403:
            return StorageError(
                .permissionDenied, object: object, "cannot \(doing): '\(registry)' denies access",
                hint: "check the name, and log in: docker login \(registry)", causes: causes)
        case 404:
            return StorageError(
                .notFound, object: object, "cannot \(doing): '\(registry)' has no '\(object.printable())'",
                hint: "check the name and the tag", causes: causes)
        case 429:
            return StorageError(
                .system, object: object, "cannot \(doing): '\(registry)' is asked too often",
                hint: "try again later, or log in for a higher limit: docker login \(registry)", causes: causes)
        case 500...:
            return StorageError(
                .system, object: object, "cannot \(doing): '\(registry)' has a failure of its own",
                hint: "try again later", causes: causes)
        default:
            return StorageError(
                .system, object: object, "cannot \(doing): '\(registry)' refuses", causes: causes)
        }
    }

    /// What the body says (distribution specification, "Error Codes").
    private func reasons() -> [String] {
        // Both only lose a detail of an error that is reported anyway.
        guard let body = try? collect(limitBytes: Self.errorLimitBytes, what: "an error"),
            let json = try? JSONValue(parsing: body, of: "an error")
        else { return [] }
        return (json["errors"]?.elements ?? []).prefix(3).compactMap { element in
            let parts = [element["code"]?.text, element["message"]?.text].compactMap { $0 }
            return parts.isEmpty ? nil : parts.joined(separator: ": ").printable(limit: 200)
        }
    }
}
