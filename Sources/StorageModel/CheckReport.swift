/// What a check of a store found.
public struct CheckReport: Hashable, Sendable {
    /// Something that is not as it should be.
    public struct Finding: Hashable, Sendable {
        public enum Kind: String, Sendable, Hashable {
            case layer
            case image
            case container
            case volume
            case leftover
        }

        public let kind: Kind
        /// A layer's or an image's short id, a container's or a volume's name, or a path.
        public let object: String
        /// What is wrong, one phrase each.
        public let reasons: [String]
        /// What was done about it; `nil` if nothing was.
        public var repair: String?

        public init(kind: Kind, object: String, reasons: [String], repair: String? = nil) {
            self.kind = kind
            self.object = object
            self.reasons = reasons
            self.repair = repair
        }
    }

    public var findings: [Finding] = []
    public var layers: UInt64 = 0
    public var images: UInt64 = 0
    public var containers: UInt64 = 0
    public var volumes: UInt64 = 0
    /// The images that were removed, or must be brought in once more, by name or short id.
    public var imagesToLoad: [String] = []

    public init() {}

    /// Whether nothing is wrong, or everything that was is repaired.
    public var isSound: Bool { findings.allSatisfy { $0.repair != nil } }
}
