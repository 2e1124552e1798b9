package import StorageModel

/// What would be mounted where in a container, in which order, and why.
///
/// A value made of values: of what flags ask for, of what the image declares and of what other containers have. Nothing is
/// looked up and nothing is made, so that a plan can be shown, checked and compared before anything happens.
///
/// Of several mounts at one destination the strongest counts, as with Docker:
///
/// 1. a `VOLUME` of the image, and `-v /path` without a source: only where nothing else is, not even a tmpfs;
/// 2. `--volumes-from`, of which a later one beats an earlier one;
/// 3. `-v` with a source, `--mount` and `--tmpfs`. Two of them at one destination are an error, unless they say the same.
///
/// The order is that of the depth, then that of the bytes: what lies inside of another mount comes after it, and the same
/// flags give the same plan always.
package struct MountPlan: Hashable, Sendable {
    package let mounts: [PlannedMount]
    /// What other containers have and this one does not get.
    package let omitted: [OmittedMount]

    /// The mounts, as a container has them.
    package var containerMounts: [ContainerMount] { mounts.map(\.mount) }

    /// - Parameters:
    ///   - request: what the flags ask for.
    ///   - imageVolumes: the paths that the image declares, as its configuration has them.
    ///   - inherited: the mounts of the containers of `request.volumesFrom`, in that order.
    /// - Throws: ``StorageModel/StorageError/Code/invalidInput`` if two flags want different things at one destination.
    package init(
        request: MountRequest, imageVolumes: [String] = [], inherited: [InheritedContainer] = []
    ) throws(StorageError) {
        var builder = MountPlanBuilder()
        builder.addImageVolumes(imageVolumes)
        for mount in request.mounts where mount.isWeak { builder.addWeak(mount) }
        for container in inherited { builder.inherit(from: container) }
        for mount in request.mounts where !mount.isWeak { try builder.add(mount) }
        mounts = builder.ordered()
        omitted = builder.omitted
    }

    /// The mounts that a container has already.
    package init(of container: [ContainerMount]) {
        var builder = MountPlanBuilder()
        for mount in container { builder.take(mount) }
        mounts = builder.ordered()
        omitted = []
    }
}

/// One mount of a plan.
package struct PlannedMount: Hashable, Sendable {
    package let mount: ContainerMount
    /// What would be at the destination without it, the strongest first.
    package let replaced: [MountOrigin]
    /// The innermost mount of the plan that the destination lies in.
    package let enclosing: ContainerPath?

    package var destination: ContainerPath { mount.spec.destination }

    /// Who asked for it, what it takes the place of, and what it must wait for.
    package var reason: String {
        var clauses = [mount.origin.words]
        if !replaced.isEmpty { clauses.append("in place of " + replaced.map(\.words).joined(separator: ", ")) }
        if let enclosing { clauses.append("after \(enclosing.rawValue.printable(limit: 200)), which it lies in") }
        return clauses.joined(separator: "; ")
    }
}

/// A mount of another container that is not taken over.
package struct OmittedMount: Hashable, Sendable {
    package let destination: ContainerPath
    package let origin: MountOrigin
    package let reason: String
}

/// A container whose mounts are taken over.
package struct InheritedContainer: Hashable, Sendable {
    package let name: String
    package let mounts: [ContainerMount]
    package let isReadOnly: Bool

    package init(name: String, mounts: [ContainerMount], isReadOnly: Bool) {
        self.name = name
        self.mounts = mounts
        self.isReadOnly = isReadOnly
    }
}

extension RequestedMount {
    /// Whether it counts only where nothing else is: `-v /path`, which Docker treats as a `VOLUME` of the image.
    var isWeak: Bool {
        guard case .volumeFlag = origin else { return false }
        return spec.isAnonymousVolume
    }
}
