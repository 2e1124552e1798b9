internal import Catalog
package import FileTree
package import StorageModel

extension Volumes {
    /// The root of a volume's data, for a container: what the volume's driver options say is mounted on its directory first,
    /// if it is not yet. Of a volume without a device it is the directory itself.
    ///
    /// The mount is at the volume's mountpoint, in this mount namespace, for everyone to see; it stays until
    /// ``detachDeviceIfUnused(_:)`` or a removal takes it away. Any number of processes may call this at once: one mounts.
    /// If anything fails, nothing is mounted.
    ///
    /// - Parameter opened: open for any purpose: its lease keeps the volume where it is.
    /// - Throws: the kernel's refusal, with the options and without passwords.
    package func attachDevice(of opened: OpenedVolume) throws(StorageError) -> Descriptor {
        let root = try attach(opened, makesMemory: true).root
        return try attempt("open volume '\(opened.volume.name)'", opened.volume.name) { () throws(FileError) in
            try root.descriptor.duplicate()
        }
    }

    /// Unmounts a volume's device, unless somebody uses that mount or it is not mounted. What is in a tmpfs is gone then.
    ///
    /// Bind mounts made of it, as in running containers, are not affected and keep its data.
    ///
    /// - Returns: whether it was unmounted.
    @discardableResult
    package func detachDeviceIfUnused(_ name: VolumeName) throws(StorageError) -> Bool {
        let opened = try openWithoutData(name, for: .reading)
        guard try device(of: opened.volume) != nil else { return false }
        return try attempt("unmount volume '\(name)'", name) { () throws(FileError) in try detach(opened, force: false)
        }
    }

    /// Calls `body` with the root of the volume's data, wherever that is. What had to be mounted for it is unmounted
    /// afterwards.
    ///
    /// - Throws: ``StorageError/Code/conflict`` for a tmpfs that is not mounted: it has no data, which is not the same as
    ///   being empty.
    package func withData<Result>(
        of opened: OpenedVolume, _ body: (SharedDescriptor) throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        var attachment: (root: SharedDescriptor, isNew: Bool)? = try attach(opened, makesMemory: false)
        let result = Swift.Result { () throws(StorageError) in
            guard let root = attachment?.root else { throw Self.withoutData(opened.volume.name) }
            return try body(root)
        }
        let isNew = attachment?.isNew == true
        // Closed, so that nothing keeps it mounted. Others may have begun to use it, and keep it then.
        attachment = nil
        if isNew { _ = try? detach(opened, force: false) }
        return try result.get()
    }

    /// Whether there is nothing in a volume's data, as ``OpenedVolume/isEmpty()`` has it; `data` is its root.
    package func isEmpty(_ data: borrowing Descriptor, of name: VolumeName) throws(StorageError) -> Bool {
        try OpenedVolume.isEmpty(data, of: name)
    }

    /// Whether the volume's data is there to be read: that of a device is while it is mounted.
    package func isAttached(_ opened: OpenedVolume) throws(StorageError) -> Bool {
        guard try device(of: opened.volume) != nil else { return true }
        return try attempt("look at volume '\(opened.volume.name)'", opened.volume.name) { () throws(FileError) in
            try opened.directory.status(of: Self.dataName).isMountRoot
        }
    }

    /// Whether the data of a volume with a device can be measured without waking anybody up: a directory of this host, or what
    /// is mounted already.
    package func isDeviceAtHand(_ volume: Volume) throws(StorageError) -> Bool {
        guard let device = try device(of: volume) else { return false }
        if device.isBind { return true }
        return try attempt("look at volume '\(volume.name)'", volume.name) { () throws(FileError) in
            try directory.openDirectory(volume.name.bytes).status(of: Self.dataName).isMountRoot
        }
    }

    /// - Throws: ``StorageError/Code/invalidInput`` for options that a newer version wrote.
    package func device(of volume: Volume) throws(StorageError) -> LocalDriverOptions.Device? {
        if volume.options.isEmpty { return nil }
        return try LocalDriverOptions(volume.options, object: volume.name.rawValue).device
    }
}

// MARK: Attaching and detaching

extension Volumes {
    /// - Parameter makesMemory: whether a tmpfs that is not mounted is made, empty.
    /// - Returns: the root of the volume's data, and whether it was mounted just now.
    private func attach(
        _ opened: OpenedVolume, makesMemory: Bool
    ) throws(StorageError) -> (root: SharedDescriptor, isNew: Bool) {
        let name = opened.volume.name
        guard let device = try device(of: opened.volume) else {
            let root = try attempt("open volume '\(name)'", name) { () throws(FileError) in
                SharedDescriptor(try opened.data.duplicate())
            }
            return (root, false)
        }
        // Mounting, and opening what is mounted, are one step for others: who has the root open keeps it mounted.
        let gate = try attempt("open volume '\(name)'", name) { () throws(FileError) in try takeGate(opened) }
        let isMounted = try attempt("open volume '\(name)'", name) { () throws(FileError) in
            try opened.directory.status(of: Self.dataName).isMountRoot
        }
        if !isMounted {
            guard makesMemory || !device.isMemory else { throw Self.withoutMemory(name, device) }
            try DeviceMount(device, opened.volume).mount(in: opened.directory)
        }
        let root = try attempt("open volume '\(name)'", name) { () throws(FileError) in
            SharedDescriptor(try opened.directory.openDirectory(Self.dataName))
        }
        gate.release()
        return (root, !isMounted)
    }

    /// - Parameter force: also if somebody uses it; who does keeps it.
    /// - Returns: `false` if it is in use, or not mounted.
    func detach(_ opened: OpenedVolume, force: Bool) throws(FileError) -> Bool {
        guard try opened.directory.status(of: Self.dataName).isMountRoot else { return false }
        let gate = try takeGate(opened)
        defer { gate.release() }
        do throws(FileError) {
            if force {
                try Unmounting.detach(Self.dataName, in: opened.directory)
            } else {
                try Unmounting.unmount(Self.dataName, in: opened.directory)
            }
            return true
        } catch  where error.errno == .busy || error.errno == .invalidArgument {
            // In use, or another process was faster.
            return false
        }
    }

    /// The gate is the volume's own directory: mounting and unmounting happen one at a time.
    private func takeGate(_ opened: OpenedVolume) throws(FileError) -> SharedLease {
        guard let lease = try Lease.take(try opened.directory.reopenDirectory(), .exclusive, waits: true) else {
            throw FileError("flock", errno: .busy)
        }
        return SharedLease(lease)
    }

    private static func withoutMemory(_ name: VolumeName, _ device: LocalDriverOptions.Device) -> StorageError {
        StorageError(
            .conflict, object: name.rawValue,
            "volume '\(name)' is a \(device.type), which is not mounted: it has no data now",
            hint: "it has data while a container uses it")
    }
}

/// A lease that can be given back from a `defer`.
private final class SharedLease {
    private var lease: Lease?

    init(_ lease: consuming Lease) { self.lease = consume lease }

    func release() { lease = nil }
}
