/// What a volume was filled from when it was empty.
public struct VolumePopulation: Hashable, Sendable {
    /// The image as the user named it.
    public let image: String
    public let imageID: Digest
    /// The directory in the image.
    public let path: ContainerPath
    public let populatedAt: Timestamp

    public init(image: String, imageID: Digest, path: ContainerPath, populatedAt: Timestamp) {
        self.image = image
        self.imageID = imageID
        self.path = path
        self.populatedAt = populatedAt
    }
}
