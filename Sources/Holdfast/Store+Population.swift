internal import Layers
internal import StorageModel

extension Store {
    func populate(
        _ mount: VolumeMount, destination: ContainerPath, image: Image, imageName: String, stack: LayerStack,
        mapping: IdentityMapping?, isDurable: Bool, checkpoint: Checkpoint
    ) throws(StorageError) {}
}
