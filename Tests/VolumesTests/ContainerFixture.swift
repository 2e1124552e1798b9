import Catalog
import Holdfast
import StorageModel
import TestSupport

extension StoreFixture {
    /// Makes a container whose record mounts volumes: at `/data0`, `/data1`, ….
    @discardableResult
    func makeContainer(_ name: String, in store: Store, mounting volumes: String...) throws -> Container {
        let reference = try ImageReference("empty:1")
        if try store.imageSummaries().isEmpty {
            let tar = directory("empty.tar")
            try Tool.run("tar", "-cf", tar, "-T", "/dev/null").check()
            _ = try store.importImage(from: .path(tar), as: reference, checkpoint: Checkpoint())
        }
        let made = try store.createContainer(ContainerRequest(image: "empty:1", name: ContainerName(name)))
        let mounts = try volumes.enumerated().map { index, volume in
            ContainerMount(
                spec: MountSpec(
                    destination: try ContainerPath("/data\(index)"),
                    content: .volume(VolumeMount(name: try VolumeName(volume)))),
                origin: .volumeFlag("\(volume):/data\(index)"))
        }
        let container = Container(
            id: made.id, name: made.name, image: made.image, imageName: made.imageName, createdAt: made.createdAt,
            settings: made.settings, mounts: mounts)
        try store.catalog.transaction { transaction throws(StorageError) in
            _ = try transaction.remove(made.id)
            try transaction.insert(container)
        }
        return container
    }
}
