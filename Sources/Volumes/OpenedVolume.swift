internal import Catalog
package import FileTree
internal import Glibc
package import StorageModel

/// A volume that stays as it is, by lease, as long as this value lives; the lease goes with the process.
package final class OpenedVolume: Sendable {
    /// What a volume is opened for.
    package enum Purpose: Sendable {
        /// Others may read it too; nobody removes or replaces it.
        case reading
        /// Nobody else of Holdfast reads, removes or replaces it.
        case changing
    }

    package let volume: Volume
    /// The directory `_data`, as it was when the volume was opened. Of a volume with a device its data is elsewhere while that
    /// is not mounted: ``Volumes/withData(of:_:)``.
    package let data: Descriptor
    /// The directory `volumes/<name>`.
    let directory: Descriptor
    private let lease: Lease

    fileprivate init(_ volume: Volume, _ leased: consuming LeasedDirectory) {
        self.volume = volume
        directory = leased.home
        data = leased.data
        lease = leased.lease
    }

    /// Whether there is nothing in the volume. The empty `lost+found` of a fresh file system counts as nothing.
    package func isEmpty() throws(StorageError) -> Bool {
        try Self.isEmpty(data, of: volume.name)
    }

    static func isEmpty(_ data: borrowing Descriptor, of name: VolumeName) throws(StorageError) -> Bool {
        do throws(FileError) {
            return try Emptiness.holds(for: data)
        } catch {
            throw StorageError(error, doing: "list volume '\(name)'", object: name.rawValue)
        }
    }
}

/// A volume's directory with its lease held, before it is known whether the catalog has it.
private struct LeasedDirectory: ~Copyable {
    let home: Descriptor
    let data: Descriptor
    let lease: Lease
}

extension Volumes {
    /// Opens a volume and takes its lease, shared or exclusive, without waiting for long.
    ///
    /// A lease says only that no other Holdfast process works on the volume; containers that use it take none. What
    /// happened between looking the volume up and holding its lease is noticed: a volume that was removed is not found.
    ///
    /// A population that a process left half-way is completed first, or removed if it was not complete.
    ///
    /// - Parameter waiting: waits until others let go of the lease, or this is requested; `nil` does not wait.
    /// - Throws: ``StorageError/Code/inUse`` naming the process that holds the lease.
    package func open(
        _ name: VolumeName, for purpose: OpenedVolume.Purpose, waiting: Interruption? = nil
    ) throws(StorageError) -> OpenedVolume {
        while true {
            // Each further round means that another process removed the volume and made it anew, or was busy with it.
            switch try openSettled(name, for: purpose, isPatient: waiting != nil) {
            case .opened(let opened): return opened
            case .busy: try waiting?.check()
            case .unsettled: _ = try open(name, for: .changing, waiting: waiting)
            }
        }
    }

    /// Opens a volume for whoever unmounts its device, which an open descriptor would keep from it: ``OpenedVolume/data`` is
    /// the volume's directory then.
    func openWithoutData(_ name: VolumeName, for purpose: OpenedVolume.Purpose) throws(StorageError) -> OpenedVolume {
        while true {
            if let opened = try openOnce(name, for: purpose, isPatient: false, opensData: false) { return opened }
        }
    }

    private enum Opening {
        case opened(OpenedVolume)
        case busy
        /// A process died while it populated the volume: to be settled under the exclusive lease, which readers do not have.
        case unsettled
    }

    private func openSettled(
        _ name: VolumeName, for purpose: OpenedVolume.Purpose, isPatient: Bool
    ) throws(StorageError) -> Opening {
        guard let opened = try openOnce(name, for: purpose, isPatient: isPatient, opensData: true) else { return .busy }
        if purpose == .changing {
            try settlePopulation(in: opened.data, of: name)
        } else if try hasUnsettledPopulation(opened) {
            return .unsettled
        }
        return .opened(opened)
    }

    /// - Returns: `nil` if the volume was replaced before its lease was held, or if somebody else holds it and we are patient.
    private func openOnce(
        _ name: VolumeName, for purpose: OpenedVolume.Purpose, isPatient: Bool, opensData: Bool
    ) throws(StorageError) -> OpenedVolume? {
        let found = try volume(named: name)
        let leased: LeasedDirectory?
        do throws(FileError) {
            leased = try lease(name, purpose, opensData: opensData)
        } catch {
            switch error.errno {
            case .busy where isPatient: return nil
            case .busy: throw refusal(ofLeased: name)
            case .noEntry:
                if try lacksData(found) { throw Self.withoutData(name) }
                return nil
            default: throw StorageError(error, doing: "open volume '\(name)'", object: name.rawValue)
            }
        }
        guard let leased else { return nil }
        // The row again: whoever removes a volume holds its lease, so from here on both row and directory stay.
        return OpenedVolume(try volume(named: name), leased)
    }

    /// - Returns: `nil` if the directory is another one now.
    /// - Throws: `EBUSY` if the lease is held.
    private func lease(
        _ name: VolumeName, _ purpose: OpenedVolume.Purpose, opensData: Bool
    ) throws(FileError) -> LeasedDirectory? {
        let home = try directory.openDirectory(name.bytes)
        let lease = try takeLease(in: home, purpose == .reading ? .shared : .exclusive)
        guard try directory.status(of: name.bytes).identity == home.status().identity else { return nil }
        let data = opensData ? try home.openDirectory(Self.dataName) : try home.duplicate()
        return LeasedDirectory(home: home, data: data, lease: lease)
    }

    /// Tries for a tenth of a second: others may hold the lease for one look, and a child process that was just made holds
    /// it until its `execve(2)` closes the descriptors.
    private func takeLease(in home: borrowing Descriptor, _ kind: Lease.Kind) throws(FileError) -> Lease {
        for _ in 0..<20 {
            if let lease = try Lease.take(try openLeaseFile(in: home), kind) { return lease }
            usleep(5000)
        }
        throw FileError("flock", errno: .busy)
    }

    /// `flock(2)` needs no write access, so a store on a read-only file system can be read.
    private func openLeaseFile(in home: borrowing Descriptor) throws(FileError) -> Descriptor {
        do throws(FileError) {
            return try home.openFile(Self.leaseName, for: .reading)
        } catch  where error.errno == .noEntry {
            return try home.createFile(Self.leaseName, mode: 0o600, exclusive: false)
        }
    }

    private func refusal(ofLeased name: VolumeName) -> StorageError {
        let who = VolumeUse(at: "\(hostPath)/\(name)", mountID: nil).leaseHolder().map { " by \($0)" }
        return StorageError(
            .inUse, object: name.rawValue, "volume '\(name)' is in use\(who ?? " by another holdfast process")",
            hint: "a backup, restore or removal of it is running: wait until it ends, or stop it")
    }
}
