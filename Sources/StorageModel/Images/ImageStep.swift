/// How an image came to be made, for its history.
public struct ImageStep: Hashable, Sendable {
    public let created: Timestamp
    public let createdBy: String
    public let author: String
    public let comment: String

    public init(created: Timestamp, createdBy: String, author: String = "", comment: String = "") {
        self.created = created
        self.createdBy = createdBy
        self.author = author
        self.comment = comment
    }

    var json: JSONValue {
        var members: [String: JSONValue] = [
            "created": .string(created.description), "created_by": .string(createdBy),
        ]
        if !author.isEmpty { members["author"] = .string(author) }
        if !comment.isEmpty { members["comment"] = .string(comment) }
        return .object(members)
    }
}

extension ImageConfiguration {
    /// The document of an image with one more layer; members that nobody here knows stay as they are.
    public func adding(_ diffID: Digest, _ step: ImageStep, changes: [ConfigurationChange]) -> JSONValue {
        var members = json.members ?? [:]
        // What an engine noted of the container that it made the image in is not true of the new one.
        for key in ["container", "container_config", "id", "parent"] { members[key] = nil }
        return Self.document(
            members, diffIDs: diffIDs + [diffID], history: json["history"]?.elements ?? [], step, changes)
    }

    /// The document of an image of one layer.
    public static func new(
        _ diffID: Digest, _ step: ImageStep, platform: Platform, changes: [ConfigurationChange]
    ) -> JSONValue {
        var members: [String: JSONValue] = ["architecture": .string(platform.architecture), "os": .string(platform.os)]
        if let variant = platform.variant { members["variant"] = .string(variant) }
        return document(members, diffIDs: [diffID], history: [], step, changes)
    }

    private static func document(
        _ base: [String: JSONValue], diffIDs: [Digest], history: [JSONValue], _ step: ImageStep,
        _ changes: [ConfigurationChange]
    ) -> JSONValue {
        var members = base
        var settings = members["config"]?.members ?? [:]
        for change in changes { change.apply(to: &settings) }
        members["config"] = .object(settings)
        members["created"] = .string(step.created.description)
        if !step.author.isEmpty { members["author"] = .string(step.author) }
        members["history"] = .array(history + [step.json])
        members["rootfs"] = [
            "type": .string("layers"), "diff_ids": .array(diffIDs.map { .string($0.description) }),
        ]
        return .object(members)
    }
}
