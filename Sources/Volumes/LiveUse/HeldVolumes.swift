package import FileTree
internal import StorageModel

/// Which of all volumes somebody uses, found out in one pass over the processes of the machine, where ``VolumeUse`` asks who
/// uses one of them. The same things count: bind mounts in any mount namespace, open data, and leases that are held.
package struct HeldVolumes {
    /// The names of the volumes that are used.
    package private(set) var names: Set<String> = []

    /// The absolute path of `volumes/`, without symbolic links, with the mount that it lies on.
    private let base: [UInt8]
    private let mountID: Int?
    /// Where `volumes/` lies in its file system, and which that is; `nil` if the kernel does not say.
    private var place: (device: String, root: [UInt8])?
    private var namespaces: Set<[UInt8]> = []

    package init(of volumes: Volumes, in table: borrowing ProcessTable) {
        base = Array(volumes.hostPath.utf8)
        mountID = table.mountID(ofOwnDescriptor: volumes.directory.rawValue)
    }

    /// Takes the mounts of this process; call it first.
    package mutating func noteOwnMounts(_ mounts: [MountRecord], namespace: [UInt8]?) {
        namespaces = [namespace ?? []]
        if let home = mounts.first(where: { $0.id == mountID }),
            let rest = AbsolutePath.remainder(of: base, beneath: home.mountpoint)
        {
            place = (home.device, AbsolutePath.joined(home.root, rest))
        }
        note(mounts)
        // What is mounted inside keeps a directory from being deleted, whatever it is.
        for mount in mounts { note(mount.mountpoint, beneath: base) { _ in true } }
    }

    /// Takes the mounts of another process, if it has a mount namespace that was not seen yet.
    package mutating func noteMounts(of process: Int32, in table: borrowing ProcessTable) {
        guard place != nil, let namespace = table.mountNamespace(of: process), namespaces.insert(namespace).inserted
        else { return }
        note(table.mounts(of: process))
    }

    /// Takes what a process has open, runs, or stands in.
    package mutating func note(_ file: OpenFile, of process: Int32, in table: borrowing ProcessTable) {
        let data = Volumes.dataName[...]
        var leases: [UInt8]?
        note(file.target, beneath: base) { entry in
            if entry == Volumes.leaseName[...] { leases = file.target }
            return entry == data
        }
        guard let leases, table.holdsLock(on: leases, process: process) else { return }
        note(leases, beneath: base) { _ in true }
    }

    private mutating func note(_ mounts: [MountRecord]) {
        guard let place else { return }
        for mount in mounts where mount.device == place.device {
            note(mount.root, beneath: place.root) { _ in true }
        }
    }

    /// - Parameter isUse: whether having that entry of a volume's directory is using it; empty for the directory itself.
    private mutating func note(_ path: [UInt8], beneath base: [UInt8], _ isUse: (ArraySlice<UInt8>) -> Bool) {
        guard let rest = AbsolutePath.remainder(of: path, beneath: base), !rest.isEmpty else { return }
        let slash = UInt8(ascii: "/")
        let name = rest.prefix { $0 != slash }
        let entry = rest[name.endIndex...].dropFirst().prefix { $0 != slash }
        if isUse(entry) { names.insert(String(decoding: name, as: UTF8.self)) }
    }
}
