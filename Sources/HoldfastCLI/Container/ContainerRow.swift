internal import StorageModel

/// Containers as they are printed.
enum ContainerRow {
    /// The keys are a promise to scripts.
    static func json(_ details: ContainerDetails) -> JSONValue {
        let container = details.container
        let settings = container.settings
        return [
            "id": .string(container.id.rawValue), "name": .string(container.name.rawValue),
            "image": .string(container.imageName), "imageId": .string(container.image.description),
            "createdAt": .string(container.createdAt.description), "user": .string(settings.user),
            "groups": texts(settings.groups), "workingDirectory": .string(settings.workingDirectory),
            "entrypoint": settings.entrypoint.map(texts) ?? .null, "command": texts(settings.command),
            "environment": texts(settings.environment), "readOnly": .boolean(settings.isReadOnly),
            "autoRemove": .boolean(settings.isAutoRemoved), "userns": .optional(settings.identityMapping),
            "mounts": .array(details.mounts.map(MountRow.json)), "mounted": .boolean(details.isMounted),
            "upperPath": .string(details.upperPath), "mergedPath": .string(details.mergedPath),
        ]
    }

    static func table(_ containers: [ContainerDetails]) -> Table {
        var table = Table([
            Table.Column(heading: "CONTAINER ID"), Table.Column(heading: "NAME"),
            Table.Column(heading: "IMAGE", isFlexible: true), Table.Column(heading: "COMMAND", isFlexible: true),
            Table.Column(heading: "CREATED"), Table.Column(heading: "STATE"),
        ])
        for details in containers {
            let container = details.container
            table.append([
                container.id.short, container.name.rawValue, container.imageName,
                container.settings.command.joined(separator: " "),
                Timestamp(seconds: container.createdAt.seconds).description, details.isMounted ? "mounted" : "created",
            ])
        }
        return table
    }

    private static func texts(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }
}
