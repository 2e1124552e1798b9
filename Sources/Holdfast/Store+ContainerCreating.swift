internal import Containers
internal import Images
internal import Layers
public import StorageModel
internal import Volumes

extension Store {
    /// Makes a container: a writable layer on an image, and the volumes that it mounts. Nothing is mounted or started.
    ///
    /// What the image declares as volumes comes to what the request asks for. Volumes that are missing are made with what the
    /// image has at their place, and appear together with the container or not at all; empty ones that are there are filled
    /// before. Cost without either: a few milliseconds.
    ///
    /// - Throws: ``StorageError/Code/notFound`` if there is no such image, or no such source of a bind mount;
    ///   ``StorageError/Code/conflict`` if the name is taken, if two mounts have one destination, or if a volume differs from
    ///   what is asked for; ``StorageError/Code/interrupted``.
    public func createContainer(
        _ request: ContainerRequest, checkpoint: Checkpoint = Checkpoint()
    ) throws(StorageError) -> Container {
        let image = try images.image(request.image)
        let stack = try layers.stack(to: image.topLayer)
        if let name = request.name { try containers.refuseTaken(name) }
        let planned = try plannedMounts(request.mounts, of: image)
        guard !planned.isEmpty else { return try containers.create(request, on: image, stack: stack) }
        while true {
            // Each further round means that another process made one of the volumes meanwhile.
            let preparation = MountPreparation(self, image, stack, request, checkpoint)
            defer { preparation.discard() }
            let mounts = try preparation.prepare(planned)
            let container: Container
            do throws(StorageError) {
                container = try containers.create(request, on: image, stack: stack, mounts: mounts) {
                    (transaction) throws(StorageError) in try preparation.publish(in: transaction)
                }
            } catch  where preparation.wasOvertaken {
                continue
            }
            do throws(StorageError) {
                try preparation.fillDevices(mounts)
                return container
            } catch {
                // The failure is the one to tell.
                _ = try? remove(container, force: true, removesVolumes: true)
                preparation.takeBack()
                throw error
            }
        }
    }
}
