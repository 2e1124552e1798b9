internal import StorageModel
internal import Synchronization

/// A directory `staging/<op>/` in which one operation builds what it will publish.
///
/// Its lease file is locked as long as the process lives. Whoever can take the lease knows that the builder is gone and
/// may sweep the area: nothing in staging is true until it was renamed away.
///
/// The staging directory itself is the gate between makers and sweepers: a maker holds it shared until its lease is
/// locked, a sweeper holds it exclusively while it looks for leases that nobody holds. So an area without a lease is
/// one whose maker died in between, never one that is just being made.
package final class StagingArea: Sendable {
    /// The operation's own directory; what is to be published is made in it.
    package let directory: Descriptor
    private let staging: Descriptor
    private let name: [UInt8]
    private let lease: Lease
    private let isDiscarded = Atomic<Bool>(false)

    static let leaseName = Array(".lease".utf8)

    /// Makes and locks a new area under `staging`. Waits for a sweeper that is looking, not for one that deletes.
    ///
    /// A crash at any step leaves an area that the next sweep removes.
    package static func make(in staging: borrowing Descriptor) throws(FileError) -> StagingArea {
        let gate = try Lease.take(try staging.reopenDirectory(), .shared, waits: true)
        let name = RandomName.make()
        try staging.makeDirectory(name, mode: 0o700)
        do throws(FileError) {
            let directory = try staging.openDirectory(name)
            guard let lease = try Lease.take(try directory.createFile(leaseName), .exclusive) else {
                throw FileError("flock", path: String(decoding: name, as: UTF8.self), errno: .again)
            }
            let area = StagingArea(directory, try staging.duplicate(), name, lease)
            gate?.release()
            return area
        } catch {
            // The first failure is the one to tell; what cannot be removed now is removed by a sweep.
            try? TreeRemoval.remove(name, in: staging)
            throw error
        }
    }

    private init(
        _ directory: consuming Descriptor, _ staging: consuming Descriptor, _ name: [UInt8], _ lease: consuming Lease
    ) {
        self.directory = directory
        self.staging = staging
        self.name = name
        self.lease = lease
    }

    /// An area that was not discarded is removed with its last reference; an error is left to the next sweep.
    deinit { try? discard() }

    /// Removes the area with everything that was not renamed away. The second call does nothing.
    ///
    /// The lease is held to the end, so that no sweeper works on the same tree.
    package func discard() throws(FileError) {
        if isDiscarded.exchange(true, ordering: .relaxed) { return }
        try Subvolume.removeArea(name, in: staging)
    }

    /// Removes the areas whose process is gone, and anything else that is not an area.
    ///
    /// - Parameter permits: asked before an area is removed; what it refuses is left to the next sweep.
    /// - Returns: how many were removed.
    /// - Throws: the first failure, after all others were tried.
    @discardableResult
    package static func sweep(
        _ staging: borrowing Descriptor, permits: (borrowing Descriptor) -> Bool = { _ in true }
    ) throws(FileError) -> Int {
        let abandoned = try takeAbandoned(in: staging)
        var firstFailure: FileError?
        for area in abandoned {
            do throws(FileError) {
                if try !area.isPermitted(in: staging, permits) { continue }
                try Subvolume.removeArea(area.name, in: staging)
            } catch {
                firstFailure = firstFailure ?? error
            }
        }
        if let firstFailure { throw firstFailure }
        return abandoned.count
    }

    /// Finds the areas that nobody holds and takes their leases.
    private static func takeAbandoned(in staging: borrowing Descriptor) throws(FileError) -> [AbandonedArea] {
        let gate = try Lease.take(try staging.reopenDirectory(), .exclusive, waits: true)
        var result: [AbandonedArea] = []
        for entry in try staging.entries() {
            do throws(FileError) {
                if let area = try AbandonedArea(taking: entry.name, in: staging) { result.append(area) }
            } catch {
                // Discarded by its owner just now.
                if error.errno != .noEntry { throw error }
            }
        }
        gate?.release()
        return result
    }
}

/// An area whose maker is gone, with its lease taken, so that two sweepers do not meet in it.
private final class AbandonedArea {
    let name: [UInt8]
    private let lease: Lease?

    /// - Returns: `nil` if somebody holds the lease.
    init?(taking name: [UInt8], in staging: borrowing Descriptor) throws(FileError) {
        self.name = name
        guard try staging.status(of: name).kind == .directory else {
            lease = nil
            return
        }
        let file: Descriptor
        do throws(FileError) {
            file = try staging.openDirectory(name).openFile(StagingArea.leaseName, for: .readingAndWriting)
        } catch  where error.errno == .noEntry {
            lease = nil
            return
        }
        guard let taken = try Lease.take(file, .exclusive) else { return nil }
        lease = consume taken
    }

    func isPermitted(
        in staging: borrowing Descriptor, _ permits: (borrowing Descriptor) -> Bool
    ) throws(FileError) -> Bool {
        // What has no lease is no area.
        if lease == nil { return true }
        do throws(FileError) {
            return permits(try staging.openDirectory(name))
        } catch  where error.errno == .noEntry {
            // Another sweep was faster.
            return true
        }
    }
}
