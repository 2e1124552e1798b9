/// What an image says of itself: the JSON document whose digest is the image's id (OCI image specification, "Image
/// Configuration").
///
/// The document stays as it came, bytes and unknown members included; the fields that Holdfast needs are read from it.
public struct ImageConfiguration: Hashable, Sendable {
    /// The document, byte for byte.
    public let document: [UInt8]
    public let json: JSONValue
    /// The digests of the layers' uncompressed tars, lowest first.
    public let diffIDs: [Digest]
    public let platform: Platform
    /// RFC 3339, as the document has it.
    public let created: String?

    /// - Throws: ``StorageError/Code/damaged`` if it is not the configuration of an image made of layers;
    ///   ``StorageError/Code/limitExceeded`` for more layers than can be mounted.
    public init(document: [UInt8], of object: String) throws(StorageError) {
        let json = try JSONValue(parsing: document, of: object)
        guard let rootfs = json["rootfs"], rootfs["type"]?.text == "layers" else {
            throw StorageError(.damaged, object: object, "\(object) has no rootfs of type 'layers'")
        }
        var diffIDs: [Digest] = []
        for element in rootfs["diff_ids"]?.elements ?? [] {
            guard let text = element.text, let digest = Digest(parsing: text) else {
                throw StorageError(.damaged, object: object, "\(object) has a diff_id that is not a sha256 digest")
            }
            diffIDs.append(digest)
        }
        guard diffIDs.count <= ImageManifest.layerLimit else {
            throw StorageError(
                .limitExceeded, object: object,
                "\(object) has \(diffIDs.count) layers, \(ImageManifest.layerLimit) is the most that overlayfs stacks",
                hint: "squash the image, or build it with fewer steps")
        }
        self.document = document
        self.json = json
        self.diffIDs = diffIDs
        platform = Platform(
            os: json["os"]?.text ?? "linux", architecture: json["architecture"]?.text ?? "unknown",
            variant: json["variant"]?.text)
        created = json["created"]?.text
    }

    private var settings: JSONValue? { json["config"] }

    public var user: String { settings?["User"]?.text ?? "" }
    public var environment: [String] { settings?["Env"]?.texts ?? [] }
    public var entrypoint: [String] { settings?["Entrypoint"]?.texts ?? [] }
    public var command: [String] { settings?["Cmd"]?.texts ?? [] }
    public var workingDirectory: String { settings?["WorkingDir"]?.text ?? "" }
    public var stopSignal: String? { settings?["StopSignal"]?.text }
    public var labels: [String: String] { (settings?["Labels"]?.members ?? [:]).compactMapValues(\.text) }
    /// The paths that the image declares as volumes, in byte order.
    public var volumes: [String] { (settings?["Volumes"]?.members ?? [:]).keys.sorted() }
    public var exposedPorts: [String] { (settings?["ExposedPorts"]?.members ?? [:]).keys.sorted() }
    public var history: [HistoryEntry] { (json["history"]?.elements ?? []).map(HistoryEntry.init) }

    /// One step of the image's making.
    public struct HistoryEntry: Hashable, Sendable {
        public let created: String?
        public let createdBy: String
        public let comment: String
        /// Whether the step made no layer.
        public let isEmptyLayer: Bool

        init(_ json: JSONValue) {
            created = json["created"]?.text
            createdBy = json["created_by"]?.text ?? ""
            comment = json["comment"]?.text ?? ""
            isEmptyLayer = json["empty_layer"] == .boolean(true)
        }
    }
}
