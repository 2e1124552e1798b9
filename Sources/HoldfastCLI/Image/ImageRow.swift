internal import StorageModel

/// Images as they are printed.
enum ImageRow {
    /// The keys are a promise to scripts.
    static func json(_ image: LoadedImage) -> JSONValue {
        [
            "id": .string(image.id.description), "names": names(image.names), "new": .boolean(image.isNew),
            "layers": .unsigned(UInt64(image.layers)), "newLayers": .unsigned(UInt64(image.newLayers)),
            "skipped": .array(
                image.notices.map { ["path": .string($0.path.description), "reason": .string($0.reason)] }),
        ]
    }

    /// The names one to a line, or the id of an image without one.
    static func lines(_ image: LoadedImage) -> String {
        let texts = image.names.isEmpty ? [image.id.description] : image.names.map(\.description)
        return texts.map { "\($0)\n" }.joined()
    }

    /// Warns of what could not be made as the layers say.
    static func mention(_ image: LoadedImage, _ console: Console) {
        for notice in image.notices {
            console.mention("\(image.names.first?.description ?? image.id.short): \(notice.path): \(notice.reason)")
        }
        if !image.notices.isEmpty { console.note(.warnings) }
    }

    /// The keys are a promise to scripts.
    static func json(_ summary: ImageSummary) -> JSONValue {
        [
            "id": .string(summary.image.id.description), "names": names(summary.image.tags),
            "repositoryDigests": names(summary.image.repositoryDigests),
            "createdAt": .optional(summary.createdAt), "loadedAt": .string(summary.image.loadedAt.description),
            "platform": .string(summary.platform.description), "allocatedBytes": .unsigned(summary.allocatedBytes),
            "containers": .array(summary.containers.map { .string($0.rawValue) }),
        ]
    }

    /// The keys are a promise to scripts.
    static func json(_ details: ImageDetails) -> JSONValue {
        let configuration = details.configuration
        return [
            "id": .string(details.image.id.description), "names": names(details.image.tags),
            "repositoryDigests": names(details.image.repositoryDigests),
            "createdAt": .optional(configuration.created), "loadedAt": .string(details.image.loadedAt.description),
            "platform": .string(configuration.platform.description),
            "allocatedBytes": .unsigned(details.layers.reduce(0) { $0 + $1.allocatedBytes }),
            "containers": .array(details.containers.map { .string($0.rawValue) }),
            "user": .string(configuration.user), "workingDirectory": .string(configuration.workingDirectory),
            "environment": texts(configuration.environment), "entrypoint": texts(configuration.entrypoint),
            "command": texts(configuration.command), "labels": .strings(configuration.labels),
            "volumes": texts(configuration.volumes), "exposedPorts": texts(configuration.exposedPorts),
            "stopSignal": .optional(configuration.stopSignal), "layers": .array(details.layers.map(json)),
        ]
    }

    private static func json(_ layer: Layer) -> JSONValue {
        [
            "chainId": .string(layer.chainID.description), "diffId": .string(layer.diffID.description),
            "allocatedBytes": .unsigned(layer.allocatedBytes), "apparentBytes": .unsigned(layer.apparentBytes),
            "tarBytes": .unsigned(layer.tarBytes), "entries": .unsigned(layer.entries),
            "createdAt": .string(layer.createdAt.description),
        ]
    }

    /// The keys are a promise to scripts.
    static func json(_ removal: ImageRemoval) -> JSONValue {
        [
            "untagged": names(removal.untagged), "images": .array(removal.images.map { .string($0.description) }),
            "layers": .array(removal.layers.map { .string($0.description) }),
            "reclaimedBytes": .unsigned(removal.reclaimedBytes),
        ]
    }

    /// As Docker prints it.
    static func text(_ removal: ImageRemoval) -> String {
        (removal.untagged.map { "Untagged: \($0)" } + removal.images.map { "Deleted: \($0)" }
            + removal.layers.map { "Deleted: \($0)" }).joined(separator: "\n")
    }

    static func table(_ summaries: [ImageSummary]) -> Table {
        var table = Table([
            Table.Column(heading: "NAME", isFlexible: true), Table.Column(heading: "IMAGE ID"),
            Table.Column(heading: "CREATED"), Table.Column(heading: "PLATFORM"),
            Table.Column(heading: "SIZE", isNumber: true),
        ])
        for summary in summaries {
            let tags = summary.image.tags.isEmpty ? ["<none>"] : summary.image.tags.map(\.description)
            for tag in tags {
                table.append([
                    tag, summary.image.id.short, summary.createdAt ?? "-", summary.platform.description,
                    summary.allocatedBytes.asBytes,
                ])
            }
        }
        return table
    }

    private static func names(_ references: [ImageReference]) -> JSONValue {
        .array(references.map { .string($0.description) })
    }

    private static func texts(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }
}
